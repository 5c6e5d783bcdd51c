using System.Runtime.CompilerServices;
using Fairlead.Cli;
using Fairlead.Server;

namespace Fairlead.Doctor.Checks;

/// <summary>What answers at the gateway's address, and how it feels.</summary>
internal sealed class GatewayCheck : ICheck
{
    public string Name => "gateway";
    public bool IsLocal => false;

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var answer = await site.GatewayAsync();
        var where = CliFailure.Show(site.Server);
        if (answer.Presence != Presence.Gateway)
        {
            yield return answer.Presence switch
            {
                Presence.Absent when !site.Server.IsLoopback => new(
                    Severity.Fault,
                    Name,
                    where,
                    "cannot be reached",
                    "start it there, or give another address: fairlead doctor --server URL"
                ),
                Presence.Absent => new(Severity.Ok, Name, where, "none runs; 'fairlead serve' starts it"),
                Presence.Silent => new(
                    Severity.Fault,
                    Name,
                    where,
                    "takes connections and does not answer",
                    $"see what it is: curl -m 5 {where}/health/live – and restart it"
                ),
                _ => new(
                    Severity.Fault,
                    Name,
                    where,
                    "what answers there is no Fairlead",
                    "give the gateway's address: fairlead doctor --server URL"
                ),
            };
            yield break;
        }
        if (answer.Version != ProductVersion.Text)
            yield return new(
                Severity.Warning,
                Name,
                where,
                $"runs version {answer.Version}, this program is {ProductVersion.Text}",
                "restart the gateway with the version you mean, or use its own program"
            );
        foreach (var (part, detail) in answer.Unwell)
            yield return new(Severity.Fault, Name, $"{where} {part}", detail, Mend(part, where));
        if (answer.Unwell.Count == 0)
            yield return new(Severity.Ok, Name, where, $"version {answer.Version} is healthy");
    }

    private static string Mend(string part, string server) =>
        part switch
        {
            "services" => $"see why: fairlead services list --server {server}",
            "call_log" => "make room on the disk and mend the rights of the data folder",
            _ => "mend what the other findings name; the gateway recovers by itself",
        };
}
