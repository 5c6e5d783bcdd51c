using System.Text.Json;

namespace Fairlead.Server.Services.Trust;

/// <summary>What is worth knowing of what is started: a package without a version runs whatever was published last.</summary>
internal static class LaunchScan
{
    /// <param name="launch">Canonical form of a launch.</param>
    public static IReadOnlyList<TextFinding> Of(ReadOnlyMemory<byte> launch)
    {
        using var document = JsonDocument.Parse(launch);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("command", out var command))
            return [];
        var program = Path.GetFileNameWithoutExtension(command.GetString()!);
        var args = root.GetProperty("args").EnumerateArray().Select(a => a.GetString()!).ToList();
        var package = program switch
        {
            "npx" or "bunx" => args.Find(a => !a.StartsWith('-')) is { } name && !HasVersion(name, '@') ? name : null,
            "uvx" => args.Find(a => !a.StartsWith('-')) is { } name && !HasVersion(name, '@') && !HasVersion(name, '=')
                ? name
                : null,
            "docker" => Image(args) is { } image && !image.Contains('@', StringComparison.Ordinal) ? image : null,
            _ => null,
        };
        return package is null
            ? []
            : [new TextFinding(FindingKind.UnpinnedPackage, "args", $"{package} is started without a version")];
    }

    // "latest" is no version; a scope begins with the same sign.
    private static bool HasVersion(string name, char sign)
    {
        var at = name.LastIndexOf(sign);
        return at > 0 && name[(at + 1)..] is { Length: > 0 } version && version != "latest" && version != "*";
    }

    // The first word after "run" that is no option: docker's options with a value are written with = or are known.
    private static string? Image(List<string> args)
    {
        string[] withValue =
        [
            "-e",
            "--env",
            "-v",
            "--volume",
            "--mount",
            "--name",
            "--network",
            "-p",
            "-u",
            "-w",
            "--env-file",
        ];
        for (var i = args.IndexOf("run") + 1; i > 0 && i < args.Count; i++)
        {
            if (withValue.Contains(args[i]))
                i++;
            else if (!args[i].StartsWith('-'))
                return args[i];
        }
        return null;
    }
}
