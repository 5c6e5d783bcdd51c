using System.Text.Json;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary><c>.cursor/mcp.json</c>: an address without a type is tried over Streamable HTTP, then over SSE.</summary>
internal sealed class CursorDialect : Dialect
{
    public override string Name => "cursor";

    public override IReadOnlyList<string> Files => [".cursor/mcp.json"];

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        root.TryGetProperty(Root, out var all)
        && (
            AnyHas(services, "envFile")
            || services.Any(s =>
                s.ValueKind == JsonValueKind.Object
                && s.TryGetProperty("auth", out var auth)
                && auth.ValueKind == JsonValueKind.Object
                && auth.TryGetProperty("CLIENT_ID", out _)
            )
            || EditorVariables.Any(all.GetRawText())
        );

    public override ServiceTransport OfUrl(string url) => ServiceTransport.Auto;

    public override bool Take(EntryFields entry, string key, JsonElement value)
    {
        if (key is not ("envFile" or "auth"))
            return false;
        entry.Keep(key, value);
        entry.Unused(key);
        return true;
    }

    public override string Ours(string text) => EditorVariables.Ours(text);

    public override string Theirs(string text) => EditorVariables.Theirs(text);

    public override string? TypeOf(ServiceTransport transport) =>
        transport switch
        {
            ServiceTransport.Stdio => "stdio",
            ServiceTransport.Sse => "sse",
            ServiceTransport.StreamableHttp => "http",
            _ => null,
        };
}
