using System.Text.Json;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary><c>cline_mcp_settings.json</c>: an address without a type is SSE; deadlines in seconds.</summary>
internal sealed class ClineDialect : Dialect
{
    private const int PerSecond = 1000;

    public override string Name => "cline";

    public override IReadOnlyList<string> Files => ["cline_mcp_settings.json"];

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        AnyHas(services, "autoApprove", "alwaysAllow", "transportType", "networkTimeout")
        || services.Any(s =>
            s.ValueKind == JsonValueKind.Object
            && s.TryGetProperty("type", out var type)
            && type.ValueEquals("streamableHttp")
        );

    public override ServiceTransport OfUrl(string url) => ServiceTransport.Sse;

    public override bool Take(EntryFields entry, string key, JsonElement value)
    {
        if (key != "networkTimeout")
            return false;
        entry.TakeTimeout(key, value, PerSecond);
        return true;
    }

    public override (string Key, int PerSecond)? Timeout => ("timeout", 1);

    public override string? TypeOf(ServiceTransport transport) =>
        transport switch
        {
            ServiceTransport.Stdio => "stdio",
            ServiceTransport.Sse => "sse",
            _ => "streamableHttp",
        };
}
