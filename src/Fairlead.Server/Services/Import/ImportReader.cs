using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>What an import does with a service of its file.</summary>
internal enum ImportAction
{
    /// <summary>Registers it.</summary>
    Add,

    /// <summary>Nothing: it is registered with this definition.</summary>
    Unchanged,

    /// <summary>Replaces the definition it is registered with.</summary>
    Update,

    /// <summary>It is registered with another definition, and none was to be replaced.</summary>
    Conflict,
}

/// <summary>One service found in a file: as it would be stored, or why it cannot be.</summary>
internal sealed record ImportEntry(
    string Name,
    ServiceDefinition Definition,
    bool Enabled,
    IReadOnlyList<ServiceProblem> Problems,
    ImportAction Action = ImportAction.Add
);

/// <summary>
/// Reads the JSON forms in which services are written down (S-03, contracts.md §4.2, §5): a map under
/// <c>mcpServers</c>, <c>servers</c> or <c>mcp_servers</c> (any case), a single object, a list, or a map by name;
/// comments and trailing commas are fine. What we do not use is kept in <see cref="ServiceDefinition.Extensions"/>.
/// </summary>
internal static class ImportReader
{
    private static readonly JsonDocumentOptions Options = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private static readonly string[] Roots = ["mcpservers", "servers", "mcp_servers"];

    /// <exception cref="FormatException">The text is no JSON, or none of the forms; the message says which.</exception>
    public static IReadOnlyList<ImportEntry> Read(string text)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, Options);
        }
        catch (JsonException e)
        {
            throw new FormatException($"The file is not valid JSON: {e.Message}", e);
        }
        using (document)
            return Entries(document.RootElement);
    }

    private static List<ImportEntry> Entries(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Array)
            return [.. root.EnumerateArray().Select((item, i) => Named(item, $"[{i}]"))];
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException("The file must hold a JSON object or list");
        foreach (var member in root.EnumerateObject())
        {
            if (Roots.Contains(member.Name.ToLowerInvariant()) && member.Value.ValueKind == JsonValueKind.Object)
                return [.. member.Value.EnumerateObject().Select(s => Entry(s.Name, s.Value))];
        }
        if (IsService(root))
            return [Named(root, "the object")];
        if (root.EnumerateObject().Any() && root.EnumerateObject().All(m => IsService(m.Value)))
            return [.. root.EnumerateObject().Select(s => Entry(s.Name, s.Value))];
        throw new FormatException(
            "No services found: expected a map under \"mcpServers\", a service object, or a list of them"
        );
    }

    private static bool IsService(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object
        && value.EnumerateObject().Any(m => m.Name is "command" or "url" or "serverUrl" or "httpUrl");

    private static ImportEntry Named(JsonElement item, string where)
    {
        if (item.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{where} is not an object");
        var name =
            item.TryGetProperty("name", out var text) && text.ValueKind == JsonValueKind.String
                ? text.GetString()!
                : "";
        var entry = Entry(name, item);
        return name.Length > 0 ? entry : entry with { Problems = [new("name", "is needed"), .. entry.Problems] };
    }

    private static ImportEntry Entry(string givenName, JsonElement item)
    {
        List<ServiceProblem> problems = [];
        var name = ServiceRules.Sanitise(givenName);
        if (item.ValueKind != JsonValueKind.Object)
        {
            var none = new ServiceDefinition { Transport = ServiceTransport.Stdio };
            return new ImportEntry(name, none, true, [new("", "the service must be an object")]);
        }
        var fields = new EntryFields(problems);
        foreach (var member in item.EnumerateObject())
            fields.Take(member.Name, member.Value);
        var definition = fields.ToDefinition();
        if (definition.Transport == ServiceTransport.StreamableHttp && fields.Command is not null)
            problems.Add(new("command", "cannot be given together with url"));
        problems.AddRange(ServiceRules.Check(name, definition));
        return new ImportEntry(name, definition, fields.Enabled, problems);
    }
}
