using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary><c>.vscode/mcp.json</c>: <c>servers</c>, and <c>inputs</c> that are asked for.</summary>
internal sealed partial class VsCodeDialect : Dialect
{
    public override string Name => "vscode";

    public override IReadOnlyList<string> Files => [".vscode/mcp.json"];

    public override string Root => "servers";

    public override bool CanDisable => false;

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        root.TryGetProperty(Root, out var servers) && servers.ValueKind == JsonValueKind.Object
        || (root.TryGetProperty("inputs", out var inputs) && inputs.ValueKind == JsonValueKind.Array);

    public override ServiceTransport OfUrl(string url) => ServiceTransport.Auto;

    // An http entry is tried over SSE too, unless it names one of both in full.
    public override bool Take(EntryFields entry, string key, JsonElement value)
    {
        switch (key)
        {
            case "type" when value.ValueKind == JsonValueKind.String && value.GetString() == "http":
                entry.Type = "auto";
                return true;
            case "envFile" or "sandboxEnabled" or "oauth":
                entry.Keep(key, value);
                entry.Unused(key);
                return true;
            default:
                return false;
        }
    }

    public override string Ours(string text) => EditorVariables.Ours(text);

    // A secret of ours is something that it has to ask for.
    public override string Theirs(string text) =>
        Secret().Replace(EditorVariables.Theirs(text), m => $"${{input:{m.Groups["name"].Value}}}");

    public override string? TypeOf(ServiceTransport transport) =>
        transport switch
        {
            ServiceTransport.Stdio => "stdio",
            ServiceTransport.Sse => "sse",
            _ => "http",
        };

    public override void WriteBeside(Utf8JsonWriter json, IReadOnlyList<ServiceDefinition> definitions)
    {
        var asked = definitions
            .SelectMany(d => d.Texts)
            .SelectMany(text => Secret().Matches(text))
            .Select(match => match.Groups["name"].Value)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        if (asked.Count == 0)
            return;
        json.WriteStartArray("inputs");
        foreach (var id in asked)
        {
            json.WriteStartObject();
            json.WriteString("type", "promptString");
            json.WriteString("id", id);
            json.WriteString("description", $"Secret {id}");
            json.WriteBoolean("password", true);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    [GeneratedRegex(@"\$\{secret:(?<name>[^}]*)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Secret();
}
