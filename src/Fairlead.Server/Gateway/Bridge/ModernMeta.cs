using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>The per-request metadata of requests the gateway makes for itself to a modern service.</summary>
internal static class ModernMeta
{
    /// <summary>A <c>_meta</c> object without capabilities.</summary>
    public static readonly string Gateway =
        "{\"io.modelcontextprotocol/protocolVersion\":\""
        + Revisions.Newest.Wire()
        + "\",\"io.modelcontextprotocol/clientInfo\":{\"name\":\"Fairlead\",\"version\":\""
        + ProductVersion.Text
        + "\"},\"io.modelcontextprotocol/clientCapabilities\":{}}";
}
