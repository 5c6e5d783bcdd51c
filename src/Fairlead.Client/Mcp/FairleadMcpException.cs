using System.Net;
using System.Text.Json;

namespace Fairlead.Client;

/// <summary>An MCP request was refused or failed. A tool that ran and failed is no exception.</summary>
public sealed class FairleadMcpException : Exception
{
    internal FairleadMcpException(HttpStatusCode status, int? code, string message, JsonElement? data = null)
        : base(message)
    {
        Status = status;
        Code = code;
        Reason =
            data is { ValueKind: JsonValueKind.Object } d
            && d.TryGetProperty("reason", out var reason)
            && reason.ValueKind == JsonValueKind.String
                ? reason.GetString()
                : null;
    }

    /// <summary>The answer's HTTP status; 200 for failures after the call was dispatched.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>JSON-RPC error code (<see cref="Protocol.McpErrorCode"/>); null when the answer was no JSON-RPC.</summary>
    public int? Code { get; }

    /// <summary>The gateway's word for what happened, e.g. <c>unknown_tool</c>; null when the service answered so.</summary>
    public string? Reason { get; }
}
