using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>The command that runs a package of a registry.</summary>
internal static partial class PackageCommand
{
    // By registry type: the program, and others that a package may ask for instead.
    private static readonly Dictionary<string, string[]> Runtimes = new(StringComparer.Ordinal)
    {
        ["npm"] = ["npx", "bunx"],
        ["pypi"] = ["uvx", "pipx"],
        ["nuget"] = ["dnx"],
        ["oci"] = ["docker", "podman"],
    };

    public static string? TypeOf(ServerFields fields, JsonElement package) =>
        fields.Text(package, "registryType") switch
        {
            "docker" => "oci",
            var type => type,
        };

    /// <summary>Whether it is a program that speaks over its standard streams, of a kind that can be run.</summary>
    public static bool CanStart(ServerFields fields, JsonElement package) =>
        TypeOf(fields, package) is { } type
        && (Runtimes.ContainsKey(type) || type == McpbPackage.Type)
        && (
            ServerFields.Get(package, "transport") is not { ValueKind: JsonValueKind.Object } transport
            || fields.Text(transport, "type") is null or "stdio"
        );

    public static ServiceDefinition? Build(ServerFields fields, JsonElement package, string path)
    {
        var type = TypeOf(fields, package);
        if (type is null || (!Runtimes.ContainsKey(type) && type != McpbPackage.Type))
        {
            fields.Problem($"{path}.registryType", "must be npm, pypi, nuget, oci or mcpb; others cannot be run");
            return null;
        }
        if (!CanStart(fields, package))
        {
            fields.Problem($"{path}.transport", "must be stdio: what listens by itself is registered by its address");
            return null;
        }
        var id = fields.Text(package, "identifier") ?? "";
        if (type == McpbPackage.Type)
            return McpbPackage.Of(fields, package, path, id);
        var version = fields.Text(package, "version");
        if (id.Length == 0 || id[0] == '-' || !Identifier().IsMatch(id))
            fields.Problem($"{path}.identifier", "is no name of a package");
        if (version == "latest" || (version is { } v && !Version().IsMatch(v)))
            fields.Problem($"{path}.version", "must be one version, not a range or \"latest\"");
        var runtime = Runtimes[type][0];
        if (fields.Text(package, "runtimeHint") is { } hint)
        {
            if (Runtimes[type].Contains(hint))
                runtime = hint;
            else
                fields.Problem($"{path}.runtimeHint", $"must be one of {string.Join(", ", Runtimes[type])}");
        }
        var env = fields.Named(package, "environmentVariables", path);
        List<string> before = [.. fields.Arguments(package, "runtimeArguments", path)];
        List<string> after = [.. fields.Arguments(package, "packageArguments", path)];
        return new ServiceDefinition
        {
            Transport = ServiceTransport.Stdio,
            Command = runtime,
            Args = [.. Args(type, id, version, env.Keys, before, after)],
            Env = env,
        };
    }

    private static IEnumerable<string> Args(
        string type,
        string id,
        string? version,
        IEnumerable<string> variables,
        List<string> before,
        List<string> after
    ) =>
        type switch
        {
            "npm" => [.. before.Contains("-y") ? [] : (string[])["-y"], .. before, At(id, "@", version), .. after],
            "pypi" => [.. before, At(id, "==", version), .. after],
            "nuget" => [.. before, At(id, "@", version), "--yes", .. after.Count > 0 ? (string[])["--"] : [], .. after],
            // The engine gets the values in its own environment and passes them on by name: not on a command line.
            _ =>
            [
                "run",
                "-i",
                "--rm",
                .. variables.SelectMany(name => (string[])["-e", name]),
                .. before,
                id[(id.LastIndexOf('/') + 1)..].Contains(':', StringComparison.Ordinal) ? id : At(id, ":", version),
                .. after,
            ],
        };

    private static string At(string id, string sign, string? version) =>
        version is null || id.Contains('@', StringComparison.Ordinal) && sign == ":" ? id : id + sign + version;

    [GeneratedRegex("^[A-Za-z0-9@._/:+-]{1,255}$", RegexOptions.NonBacktracking)]
    private static partial Regex Identifier();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9.+_!-]{0,254}$", RegexOptions.NonBacktracking)]
    private static partial Regex Version();
}
