using System.Runtime.CompilerServices;

namespace Fairlead.Doctor.Checks;

/// <summary>Whether a gateway has the data folder, and whether it is the one that answers.</summary>
internal sealed class LockCheck : ICheck
{
    public string Name => "lock";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (!Directory.Exists(site.Data))
            yield break;
        var held = IsHeld(Path.Combine(site.Data, "lock"));
        var answers = (await site.GatewayAsync()).Presence == Presence.Gateway;
        var address = site.Server.GetLeftPart(UriPartial.Authority);
        yield return (held, answers) switch
        {
            (true, false) => new(
                Severity.Warning,
                Name,
                site.Data,
                $"a gateway has it, and none answers at {address}",
                "give its address: fairlead doctor --server URL"
            ),
            (false, true) => new(
                Severity.Warning,
                Name,
                site.Data,
                $"no gateway has it: the one at {address} uses another folder",
                "give its folder: fairlead doctor --data DIR"
            ),
            (true, true) => new(Severity.Ok, Name, site.Data, $"the gateway at {address} has it"),
            _ => new(Severity.Ok, Name, site.Data, "no gateway has it"),
        };
    }

    /// <summary>
    /// A shared lock, given back at once: a gateway's own is exclusive. Nothing is made or written.
    /// </summary>
    private static bool IsHeld(string file)
    {
        if (!File.Exists(file))
            return false;
        try
        {
            using var probe = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
