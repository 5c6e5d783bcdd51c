using System.Text;
using System.Text.Json;
using Fairlead.Server.Services.Dialects;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>
/// Reads the texts in which services are written down (S-03, contracts.md §4.2, §5): a map under <c>mcpServers</c>,
/// <c>servers</c> or <c>mcp_servers</c> (any case), a single object, a list, or a map by name, in JSON with comments and
/// trailing commas or in TOML. What we do not use is kept in <see cref="ServiceDefinition.Extensions"/>.
/// </summary>
internal static class ImportReader
{
    /// <summary>Longest text, 4 MiB.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>Most services in one text.</summary>
    public const int MaxServices = 1000;

    private static readonly JsonDocumentOptions Options = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
    };

    private static readonly string[] Roots = ["mcpservers", "servers", "mcp_servers"];

    /// <summary>The services of a text, in any form that needs nothing but the text.</summary>
    public static IReadOnlyList<ImportEntry> Read(string text) => Read(text, new ImportChoices()).Entries;

    /// <exception cref="FormatException">The text is none of the forms; the message says which.</exception>
    public static ImportDocument Read(string text, ImportChoices choices)
    {
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
            throw new FormatException($"The file is larger than {MaxBytes} bytes");
        if (choices.Format is { } given && given != ServerJson.Format && DialectTable.Named(given) is null)
            throw new FormatException(
                $"There is no format {given}; there are: {string.Join(", ", DialectTable.All.Select(d => d.Name))}, {ServerJson.Format}"
            );
        using var document = Parse(text, choices);
        var root = document.RootElement;
        if (choices.Format == ServerJson.Format || (choices.Format is null && ServerJson.Is(root)))
            return ServerJson.Read(root, choices);
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("manifest_version", out _))
            throw new FormatException("This is the manifest of a bundle: import the bundle itself (.mcpb)");
        var found = Find(root);
        if (found.Count > MaxServices)
            throw new FormatException($"The file holds more than {MaxServices} services");
        List<JsonElement> items = [.. found.Select(f => f.Item)];
        var dialect =
            (choices.Format is { } name ? DialectTable.Named(name) : DialectTable.OfFile(choices.FileName))
            ?? DialectTable.OfContent(root, items);
        return new ImportDocument(
            dialect.Name,
            [.. found.Select(f => Entry(dialect, f.Name, f.Item))],
            InputList.Read(root)
        );
    }

    private static JsonDocument Parse(string text, ImportChoices choices)
    {
        var isToml =
            choices.Format is { } format ? DialectTable.Named(format)?.IsToml == true
            : choices.FileName is { } file ? file.EndsWith(".toml", StringComparison.OrdinalIgnoreCase)
            : Toml.LooksLike(text);
        try
        {
            return isToml ? JsonDocument.Parse(Toml.ToJson(text)) : JsonDocument.Parse(text, Options);
        }
        catch (JsonException e)
        {
            throw new FormatException($"The file is not valid JSON: {e.Message}", e);
        }
    }

    private static List<(string? Name, JsonElement Item)> Find(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Array)
            return [.. root.EnumerateArray().Select((item, i) => Named(item, $"[{i}]"))];
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException("The file must hold a JSON object or list");
        foreach (var member in root.EnumerateObject())
        {
            if (Roots.Contains(member.Name.ToLowerInvariant()) && member.Value.ValueKind == JsonValueKind.Object)
                return [.. member.Value.EnumerateObject().Select(s => ((string?)s.Name, s.Value))];
        }
        if (IsService(root))
            return [Named(root, "the object")];
        if (root.EnumerateObject().Any() && root.EnumerateObject().All(m => IsService(m.Value)))
            return [.. root.EnumerateObject().Select(s => ((string?)s.Name, s.Value))];
        throw new FormatException(
            "No services found: expected a map under \"mcpServers\", a service object, or a list of them"
        );
    }

    private static bool IsService(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object
        && value.EnumerateObject().Any(m => m.Name is "command" or "url" or "serverUrl" or "httpUrl");

    private static (string? Name, JsonElement Item) Named(JsonElement item, string where)
    {
        if (item.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{where} is not an object");
        return item.TryGetProperty("name", out var text) && text.ValueKind == JsonValueKind.String
            ? (text.GetString()!, item)
            : (null, item);
    }

    private static ImportEntry Entry(Dialect dialect, string? givenName, JsonElement item)
    {
        var name = ServiceRules.Sanitise(givenName ?? "");
        if (item.ValueKind != JsonValueKind.Object)
        {
            var none = new ServiceDefinition { Transport = ServiceTransport.Stdio };
            return new ImportEntry(name, none, true, [new("", "the service must be an object")]);
        }
        var fields = new EntryFields(dialect);
        if (string.IsNullOrEmpty(givenName))
            fields.Problem("name", "is needed");
        foreach (var member in item.EnumerateObject())
            fields.Take(member.Name, member.Value);
        dialect.Finish(fields);
        McpRemote.Unwrap(fields);
        var definition = fields.ToDefinition();
        List<ServiceProblem> problems = [.. fields.Problems];
        if (definition.Transport != ServiceTransport.Stdio && fields.Command is not null)
            problems.Add(new("command", "cannot be given together with url"));
        problems.AddRange(ServiceRules.Check(name, definition));
        return new ImportEntry(name, definition, fields.Enabled, problems) { Needs = fields.Needs };
    }
}
