using System.Runtime.CompilerServices;

namespace Fairlead.Doctor.Checks;

/// <summary>Files with secrets in them are for their owner alone, and belong to whom the data folder belongs to.</summary>
internal sealed class SecretFilesCheck : ICheck
{
    public string Name => "files";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        // The store beside the call log's days; what services keep there is theirs.
        var files = new[] { site.Data, Path.Combine(site.Data, "logs") }
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFiles)
            .Where(f => Path.GetFileName(f) is var n && (n == "keys" || n.Contains(".db", StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)
            .ToList();
        var wrong = 0;
        // The key made by the gateway is told by the check of the keys, whose work it stops.
        var open = files.Where(f => f != site.KeyFile && FileRights.IsOpen(f)).ToList();
        if (site.Settings.ConfigFile is { } config && File.Exists(config) && HoldsSecret(config))
            open.AddRange(new[] { config }.Where(f => FileRights.IsOpen(f)));
        foreach (var file in open)
        {
            wrong++;
            yield return new(
                Severity.Fault,
                Name,
                file,
                "can be read by other users, and there are secrets in it",
                $"chmod 600 {Site.Quote(file)}"
            );
        }
        if (
            files.Count > 0
            && await OwnersAsync([site.Data, .. files], cancellationToken) is [var owner, .. var owners]
        )
        {
            foreach (var (file, its) in files.Zip(owners).Where(pair => pair.Second != owner))
            {
                wrong++;
                yield return new(
                    Severity.Fault,
                    Name,
                    file,
                    $"belongs to {its}, the folder to {owner}: one of them cannot use it",
                    $"sudo chown {owner} {Site.Quote(file)}"
                );
            }
        }
        if (wrong == 0 && files.Count > 0)
            yield return new(Severity.Ok, Name, site.Data, $"{files.Count} files are their owner's alone");
    }

    private static bool HoldsSecret(string file)
    {
        var text = File.ReadAllText(file);
        return SecretSettings.Any(name => text.Contains(name, StringComparison.OrdinalIgnoreCase));
    }

    private static readonly string[] SecretSettings =
    [
        "\"JwtSecret\"",
        "\"AdminPassword\"",
        "\"DefaultKey\"",
        "password=",
    ];

    /// <summary>Names of the owners in order; empty where the system has no stat of the usual kind.</summary>
    private static async Task<string[]> OwnersAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var ran = await ShortRun.TryAsync("stat", ["-c", "%U", "--", .. paths], cancellationToken);
        var lines = ran?.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return ran?.Code == 0 && lines.Length == paths.Count ? lines : [];
    }
}
