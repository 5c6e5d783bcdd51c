using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Bundles;

/// <summary>
/// The <c>manifest.json</c> of an MCPB or DXT bundle, versions 0.1 to 0.4 (contracts.md section 5.2): what it starts and
/// what it asks for.
/// </summary>
internal sealed class BundleManifest(string files, string home, IReadOnlyDictionary<string, string> values)
{
    public const string Format = "mcpb";
    private const long MaxBytes = 1024 * 1024;
    private static readonly string[] Versions = ["0.1", "0.2", "0.3", "0.4"];
    private static readonly string[] Kinds = ["node", "python", "binary", "uv"];
    private readonly List<ServiceProblem> problems = [];

    /// <param name="files">Where its files are now.</param>
    /// <param name="home">The folder they will be in, as definitions write it.</param>
    /// <param name="values">Values for what it asks for.</param>
    /// <exception cref="BundleException">There is no manifest that can be read.</exception>
    public static ImportDocument Read(string files, string home, IReadOnlyDictionary<string, string> values)
    {
        var file = new FileInfo(Path.Combine(files, "manifest.json"));
        if (!file.Exists)
            throw new BundleException("manifest.json", "is not in the bundle");
        if (file.Length > MaxBytes)
            throw new BundleException("manifest.json", $"is larger than {MaxBytes} bytes");
        try
        {
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false };
            using var document = JsonDocument.Parse(File.ReadAllBytes(file.FullName), options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new BundleException("manifest.json", "is no object");
            return new BundleManifest(files, home, values).Read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new BundleException("manifest.json", $"is not valid JSON: {e.Message}", e);
        }
    }

    private ImportDocument Read(JsonElement root)
    {
        var version = Text(root, "manifest_version") ?? Text(root, "dxt_version");
        if (!Versions.Contains(version))
            Problem("manifest_version", $"must be one of {string.Join(", ", Versions)}");
        var name = Needed(root, "name", "name");
        Needed(root, "version", "version");
        Needed(root, "description", "description");
        if (Member(root, "author", JsonValueKind.Object) is { } author)
            Needed(author, "name", "author.name");
        else
            Problem("author", "is needed");
        CheckPlatform(root);
        var config = new BundleConfig(Member(root, "user_config", JsonValueKind.Object), values, Problem);
        var definition = Member(root, "server", JsonValueKind.Object) is { } server ? Start(server, config) : null;
        if (definition is null && problems.Count == 0)
            Problem("server", "is needed");
        var shortName = ServiceRules.Sanitise(name ?? "");
        definition ??= new ServiceDefinition { Transport = ServiceTransport.Stdio };
        if (problems.Count == 0)
            problems.AddRange(ServiceRules.Check(shortName, definition));
        return new ImportDocument(Format, [new ImportEntry(shortName, definition, true, problems)], config.Inputs);
    }

    private ServiceDefinition? Start(JsonElement server, BundleConfig config)
    {
        var kind = Needed(server, "type", "server.type");
        if (kind is not null && !Kinds.Contains(kind))
            Problem("server.type", $"must be one of {string.Join(", ", Kinds)}");
        var entry = Needed(server, "entry_point", "server.entry_point");
        if (entry is not null && !IsInside(entry))
            Problem("server.entry_point", "is no file of the bundle");
        if (problems.Count > 0)
            return null;
        if (Member(server, "mcp_config", JsonValueKind.Object) is not { } start)
        {
            if (kind != "uv")
                Problem("server.mcp_config", "is needed");
            return new ServiceDefinition
            {
                Transport = ServiceTransport.Stdio,
                Command = "uv",
                Args = ["run", "--directory", home, $"{home}/{entry}"],
            };
        }
        var own = Override(start);
        var command = Text(own, "command") ?? Text(start, "command");
        if (string.IsNullOrEmpty(command))
            Problem("server.mcp_config.command", "is needed");
        else if (kind == "binary" && !command.Contains("${", StringComparison.Ordinal) && IsInside(command))
            command = $"{BundleConfig.Folder}/{command}";
        return new ServiceDefinition
        {
            Transport = ServiceTransport.Stdio,
            Command = config.Expand(command ?? "", home),
            Args = [.. (Texts(own, "args") ?? Texts(start, "args") ?? []).SelectMany(a => config.ExpandAll(a, home))],
            Env = Map(start, "env")
                .SetItems(Map(own, "env"))
                .Select(e => KeyValuePair.Create(e.Key, string.Join(',', config.ExpandAll(e.Value, home))))
                .Where(e => e.Value.Length > 0)
                .ToImmutableSortedDictionary(),
        };
    }

    private void CheckPlatform(JsonElement root)
    {
        if (
            Member(root, "compatibility", JsonValueKind.Object) is { } compatibility
            && Member(compatibility, "platforms", JsonValueKind.Array) is { } platforms
            && !platforms.EnumerateArray().Any(p => p.ValueKind == JsonValueKind.String && p.ValueEquals(Platform))
        )
            Problem("compatibility.platforms", $"does not have {Platform}");
    }

    private static string Platform =>
        OperatingSystem.IsWindows() ? "win32"
        : OperatingSystem.IsMacOS() ? "darwin"
        : "linux";

    private static JsonElement Override(JsonElement start) =>
        Member(start, "platform_overrides", JsonValueKind.Object) is { } all
        && Member(all, Platform, JsonValueKind.Object) is { } own
            ? own
            : default;

    private bool IsInside(string path)
    {
        var root = Path.GetFullPath(files) + Path.DirectorySeparatorChar;
        var full = Path.GetFullPath(Path.Combine(root, path));
        return !path.Contains('\0', StringComparison.Ordinal)
            && full.StartsWith(root, StringComparison.Ordinal)
            && File.Exists(full);
    }

    private void Problem(string field, string message) => problems.Add(new($"manifest.{field}", message));

    private string? Needed(JsonElement of, string name, string field)
    {
        if (
            of.ValueKind == JsonValueKind.Object
            && of.TryGetProperty(name, out var value)
            && value.ValueKind != JsonValueKind.String
        )
        {
            Problem(field, "must be text");
            return null;
        }
        if (Text(of, name) is { Length: > 0 } text)
            return text;
        Problem(field, "is needed");
        return null;
    }

    private static JsonElement? Member(JsonElement of, string name, JsonValueKind kind) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == kind
            ? value
            : null;

    private static string? Text(JsonElement of, string name) => Member(of, name, JsonValueKind.String)?.GetString();

    private List<string>? Texts(JsonElement of, string name)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out var list))
            return null;
        if (
            list.ValueKind == JsonValueKind.Array
            && list.EnumerateArray().All(i => i.ValueKind == JsonValueKind.String)
        )
            return [.. list.EnumerateArray().Select(i => i.GetString()!)];
        Problem($"server.mcp_config.{name}", "must be a list of texts");
        return null;
    }

    private ImmutableDictionary<string, string> Map(JsonElement of, string name)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out var map))
            return ImmutableDictionary<string, string>.Empty;
        if (
            map.ValueKind == JsonValueKind.Object
            && map.EnumerateObject().All(m => m.Value.ValueKind == JsonValueKind.String)
        )
            return map.EnumerateObject().ToImmutableDictionary(m => m.Name, m => m.Value.GetString()!);
        Problem($"server.mcp_config.{name}", "must be an object of names and texts");
        return ImmutableDictionary<string, string>.Empty;
    }
}
