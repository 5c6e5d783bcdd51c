using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>
/// The <c>server.json</c> of a registry (contracts.md section 5.1), also with the names it had before 2025-09-16: one
/// of its packages becomes a command, or one of its remotes an address. Run without a shell.
/// </summary>
internal static partial class ServerJson
{
    public const string Format = "server-json";

    /// <summary>What <see cref="ImportChoices.Pick"/> says for an address.</summary>
    public const string Remote = "remote";

    private const int LongestName = 200;
    private const int LongestVersion = 255;

    public static bool Is(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object
        && (
            root.TryGetProperty("server", out var inner)
                ? inner.ValueKind == JsonValueKind.Object && Is(inner)
                : root.TryGetProperty("name", out var name)
                    && name.ValueKind == JsonValueKind.String
                    && name.GetString()!.Contains('/', StringComparison.Ordinal)
                    && (root.TryGetProperty("packages", out _) || root.TryGetProperty("remotes", out _))
        );

    /// <exception cref="FormatException">It is none.</exception>
    public static ImportDocument Read(JsonElement root, ImportChoices choices)
    {
        var server =
            root.ValueKind == JsonValueKind.Object && root.TryGetProperty("server", out var inner) ? inner : root;
        if (server.ValueKind != JsonValueKind.Object)
            throw new FormatException("The file must hold a JSON object");
        var fields = new ServerFields(choices.Values);
        var name = fields.Text(server, "name") ?? "";
        if (!FullName().IsMatch(name) || name.Length > LongestName)
            fields.Problem("name", "must be NAMESPACE/NAME of 3 to 200 letters, digits, '.', '_' or '-'");
        if (fields.Text(server, "version") is { Length: > LongestVersion })
            fields.Problem("version", $"must have at most {LongestVersion} characters");
        var definition =
            Pick(fields, server, choices.Pick) ?? new ServiceDefinition { Transport = ServiceTransport.Stdio };
        var shortName = ServiceRules.Sanitise(name[(name.LastIndexOf('/') + 1)..]);
        List<ServiceProblem> problems = [.. fields.Problems];
        if (problems.Count == 0 && definition.Command != McpbPackage.Command)
            problems.AddRange(ServiceRules.Check(shortName, definition));
        return new ImportDocument(Format, [new ImportEntry(shortName, definition, true, problems)], fields.Inputs);
    }

    private static ServiceDefinition? Pick(ServerFields fields, JsonElement server, string? pick)
    {
        List<(JsonElement Item, string Path)> packages = [.. fields.Items(server, "packages")];
        List<(JsonElement Item, string Path)> remotes = [.. fields.Items(server, "remotes")];
        if (pick != Remote)
        {
            var package = packages.FirstOrDefault(p =>
                pick is null ? PackageCommand.CanStart(fields, p.Item) : PackageCommand.TypeOf(fields, p.Item) == pick
            );
            if (package.Path is not null)
                return PackageCommand.Build(fields, package.Item, package.Path);
        }
        if (pick is null or Remote && remotes.Count > 0)
            return OfRemote(fields, remotes[0].Item, remotes[0].Path);
        // Nothing that can be started: say what is wrong with the first.
        if (pick is null && packages.Count > 0)
            return PackageCommand.Build(fields, packages[0].Item, packages[0].Path);
        fields.Problem(
            packages.Count + remotes.Count == 0 ? "packages" : "pick",
            pick is null ? "and remotes are both empty" : $"there is no {pick} in this file"
        );
        return null;
    }

    private static ServiceDefinition OfRemote(ServerFields fields, JsonElement remote, string path)
    {
        var type = fields.Text(remote, "type");
        if (type is not ("streamable-http" or "streamable" or "http" or "sse"))
            fields.Problem($"{path}.type", "must be streamable-http or sse");
        return new ServiceDefinition
        {
            Transport = type == "sse" ? ServiceTransport.Sse : ServiceTransport.StreamableHttp,
            Url = fields.Template(fields.Text(remote, "url") ?? "", remote, path),
            Headers = fields.Named(remote, "headers", path),
        };
    }

    [GeneratedRegex("^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", RegexOptions.NonBacktracking)]
    private static partial Regex FullName();
}
