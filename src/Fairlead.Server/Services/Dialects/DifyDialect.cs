using System.Text.Json;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Dialects;

/// <summary>The map of Dify's plugins, with or without <c>mcpServers</c> around it; SSE unless told otherwise.</summary>
internal sealed class DifyDialect : Dialect
{
    public override string Name => "dify";

    public override bool CanDisable => false;

    public override bool IsToldBy(JsonElement root, IReadOnlyList<JsonElement> services) =>
        AnyHas(services, "sse_read_timeout");

    public override ServiceTransport OfUrl(string url) => ServiceTransport.Sse;

    public override (string Key, int PerSecond)? Timeout => ("timeout", 1);

    public override string? TypeOf(ServiceTransport transport) =>
        transport == ServiceTransport.Sse ? "sse" : "streamable_http";
}
