using System.Runtime.CompilerServices;
using Fairlead.Serve;
using Fairlead.Server.Storage;

namespace Fairlead.Doctor.Checks;

/// <summary>Settings nobody reads, and values a start would refuse.</summary>
internal sealed class ConfigurationCheck : ICheck
{
    public string Name => "configuration";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await Task.CompletedTask;
        var where = site.Settings.ConfigFile is { } file ? Path.GetFullPath(file) : "environment";
        const string mend = "change it in the file of --config or in the environment (docs/guide/configuration.md)";
        List<string> problems = site.SettingsProblem is { } problem ? [problem] : [.. site.Options.Validate()];
        if (AddressProblem(site.Settings.Urls) is { } address)
            problems.Add(address);
        foreach (var one in problems)
            yield return new(Severity.Fault, Name, where, one, mend);
        if (problems.Count == 0)
            yield return new(Severity.Ok, Name, where, "all settings are known and valid");
    }

    private static string? AddressProblem(string urls)
    {
        try
        {
            ListenAddresses.Parse(urls);
            return null;
        }
        catch (StoreException e) when (!urls.StartsWith("https:", StringComparison.OrdinalIgnoreCase))
        {
            return e.Message;
        }
        catch (StoreException)
        {
            // The address of --server, behind a proxy: nothing the gateway itself listens on.
            return null;
        }
    }
}
