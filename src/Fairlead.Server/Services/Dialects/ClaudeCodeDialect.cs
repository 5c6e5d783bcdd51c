using System.Text.Json;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary><c>.mcp.json</c> and <c>~/.claude.json</c>; its variables are ours.</summary>
internal sealed class ClaudeCodeDialect : Dialect
{
    private static readonly string[] Types = ["stdio", "http", "sse", "ws"];

    public override string Name => "claude-code";

    public override IReadOnlyList<string> Files => [".mcp.json", ".claude.json"];

    public override bool CanDisable => false;

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        AnyHas(services, "headersHelper", "oauth")
        || (
            services.Count > 0
            && services.All(s =>
                s.ValueKind == JsonValueKind.Object
                && s.TryGetProperty("type", out var type)
                && type.ValueKind == JsonValueKind.String
                && Types.Contains(type.GetString())
            )
        );

    public override bool Take(EntryFields entry, string key, JsonElement value)
    {
        if (key is not ("headersHelper" or "oauth"))
            return false;
        entry.Keep(key, value);
        entry.Unused(key);
        return true;
    }

    public override void Finish(EntryFields entry)
    {
        if (entry.Url is not null && entry.Type is null)
            entry.Problem("type", "is needed with a url: http or sse");
    }

    public override string? TypeOf(ServiceTransport transport) =>
        transport switch
        {
            ServiceTransport.Stdio => "stdio",
            ServiceTransport.Sse => "sse",
            _ => "http",
        };
}
