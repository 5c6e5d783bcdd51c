using System.Buffers;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Gateway.Replies;

/// <summary>Every way the gateway itself refuses or fails a call.</summary>
internal enum Condition
{
    Unauthorized,
    UnknownGroup,
    GroupDisabled,
    UserNeeded,
    RoleMissing,
    ToolUserNeeded,
    ToolRoleMissing,
    WrongOrigin,
    BodyTooLarge,
    WrongMediaType,
    NotAcceptable,
    SessionMissing,
    SessionGone,
    SessionsFull,
    IdInFlight,
    MethodNotFound,
    UnknownTool,
    UnknownPrompt,
    UnknownResource,
    InvalidParams,
    InvalidCursor,
    HeaderMismatch,
    CapabilityMissing,
    UnsupportedVersion,
    RateLimited,
    TooManyCalls,
    TooManyListeners,
    ServiceBusy,
    Draining,
    StoreDown,
    DefinitionChanged,
    ViewMisfit,
    NotConnected,
    CircuitOpen,
    Crashed,
    TimedOut,
    TooLarge,
    UpstreamProtocol,
    NotCarried,
    Internal,
}

/// <summary>One row of the table: HTTP status before dispatch (after it, 200), code, default text, whether a retry may help.</summary>
internal sealed record ErrorRow(int Status, int Code, string Reason, string Text, bool Retryable = false);

/// <summary>The one error table (design.md "Errors", security.md §2): condition → status, code, text, retryable.</summary>
internal static class ErrorTable
{
    public static ErrorRow Of(Condition condition) =>
        condition switch
        {
            Condition.Unauthorized => new(
                401,
                McpErrorCode.PolicyDenied,
                "unauthorized",
                "A valid group key is needed: Authorization: Bearer mcp_key_…"
            ),
            Condition.UnknownGroup => new(
                404,
                McpErrorCode.PolicyDenied,
                "unknown_group",
                "No such group for this key: leave its code out of the address, or send that group's key"
            ),
            Condition.GroupDisabled => new(
                403,
                McpErrorCode.PolicyDenied,
                "group_disabled",
                "The group is disabled: an administrator can enable it"
            ),
            Condition.UserNeeded => new(
                403,
                McpErrorCode.PolicyDenied,
                "user_needed",
                "This group is restricted: send a user token in X-User-Token"
            ),
            Condition.RoleMissing => new(
                403,
                McpErrorCode.PolicyDenied,
                "role_missing",
                "The user's roles or tier do not allow this group"
            ),
            Condition.ToolUserNeeded => new(
                200,
                McpErrorCode.PolicyDenied,
                "tool_user_needed",
                "This tool is restricted: send a user token in X-User-Token"
            ),
            Condition.ToolRoleMissing => new(
                200,
                McpErrorCode.PolicyDenied,
                "tool_role_missing",
                "The user's roles do not allow this tool"
            ),
            Condition.WrongOrigin => new(
                403,
                McpErrorCode.PolicyDenied,
                "wrong_origin",
                "Host or Origin is not allowed: name it in the setting Gateway:AllowedHosts (or AllowedOrigins)"
            ),
            Condition.BodyTooLarge => new(
                413,
                McpErrorCode.InvalidRequest,
                "body_too_large",
                "The request body is too large"
            ),
            Condition.WrongMediaType => new(
                415,
                McpErrorCode.InvalidRequest,
                "wrong_media_type",
                "Content-Type must be application/json"
            ),
            Condition.NotAcceptable => new(
                406,
                McpErrorCode.InvalidRequest,
                "not_acceptable",
                "Accept must list text/event-stream for this request"
            ),
            Condition.SessionMissing => new(
                400,
                McpErrorCode.InvalidRequest,
                "session_missing",
                "Mcp-Session-Id is needed; send initialize first"
            ),
            Condition.SessionGone => new(
                404,
                McpErrorCode.InvalidRequest,
                "session_gone",
                "The session does not exist or has ended; send initialize again"
            ),
            Condition.SessionsFull => new(
                503,
                McpErrorCode.Overloaded,
                "sessions_full",
                "All sessions are in use; try again later",
                true
            ),
            Condition.IdInFlight => new(
                400,
                McpErrorCode.InvalidRequest,
                "id_in_flight",
                "A request with this id is still running"
            ),
            Condition.MethodNotFound => new(404, McpErrorCode.MethodNotFound, "method_not_found", "Method not found"),
            Condition.UnknownTool => new(200, McpErrorCode.InvalidParams, "unknown_tool", "Unknown tool"),
            Condition.UnknownPrompt => new(200, McpErrorCode.InvalidParams, "unknown_prompt", "Unknown prompt"),
            Condition.UnknownResource => new(200, McpErrorCode.InvalidParams, "unknown_resource", "Resource not found"),
            Condition.InvalidParams => new(200, McpErrorCode.InvalidParams, "invalid_params", "Invalid params"),
            Condition.InvalidCursor => new(200, McpErrorCode.InvalidParams, "invalid_cursor", "Invalid cursor"),
            Condition.HeaderMismatch => new(400, McpErrorCode.HeaderMismatch, "header_mismatch", "Header mismatch"),
            Condition.CapabilityMissing => new(
                400,
                McpErrorCode.MissingClientCapability,
                "capability_missing",
                "The client does not declare a capability this needs"
            ),
            Condition.UnsupportedVersion => new(
                400,
                McpErrorCode.UnsupportedVersion,
                "unsupported_version",
                "Unsupported protocol version"
            ),
            Condition.RateLimited => new(429, McpErrorCode.RateLimited, "rate_limited", "Rate limit exceeded", true),
            Condition.TooManyCalls => new(
                429,
                McpErrorCode.RateLimited,
                "too_many_calls",
                "Too many calls at once for this key",
                true
            ),
            Condition.TooManyListeners => new(
                429,
                McpErrorCode.RateLimited,
                "too_many_listeners",
                "Too many open subscriptions for this key",
                true
            ),
            Condition.ServiceBusy => new(
                503,
                McpErrorCode.Overloaded,
                "service_busy",
                "The service has as many calls at once as it may have, and more wait",
                true
            ),
            Condition.Draining => new(503, McpErrorCode.Overloaded, "draining", "The gateway is stopping", true),
            Condition.StoreDown => new(
                503,
                McpErrorCode.Overloaded,
                "store_down",
                "The gateway's store has been unreachable for too long",
                true
            ),
            Condition.DefinitionChanged => new(
                200,
                McpErrorCode.DefinitionChanged,
                "definition_changed",
                "Its service has changed its definition: an administrator must approve it first"
            ),
            Condition.ViewMisfit => new(
                200,
                McpErrorCode.DefinitionChanged,
                "view_misfit",
                "Its definition no longer fits what the group's administrator set for it: an administrator must change that first"
            ),
            Condition.NotConnected => new(
                200,
                McpErrorCode.UpstreamUnavailable,
                "upstream_unavailable",
                "The service is not available",
                true
            ),
            Condition.CircuitOpen => new(
                200,
                McpErrorCode.CircuitOpen,
                "circuit_open",
                "The service fails too often and is given a pause",
                true
            ),
            Condition.Crashed => new(
                200,
                McpErrorCode.UpstreamUnavailable,
                "upstream_crashed",
                "The service ended during the call"
            ),
            Condition.TimedOut => new(
                200,
                McpErrorCode.UpstreamTimeout,
                "upstream_timeout",
                "The service did not answer in time"
            ),
            Condition.TooLarge => new(
                200,
                McpErrorCode.UpstreamResponseTooLarge,
                "upstream_response_too_large",
                "The service's answer is too large"
            ),
            Condition.UpstreamProtocol => new(
                200,
                McpErrorCode.UpstreamProtocolError,
                "upstream_protocol_error",
                "The service's answer is not valid MCP"
            ),
            Condition.NotCarried => new(
                200,
                McpErrorCode.UpstreamProtocolError,
                "not_carried",
                "The service needs something this client's revision cannot be asked yet"
            ),
            _ => new(500, McpErrorCode.InternalError, "internal_error", "Internal error"),
        };

    public static Condition Of(ChannelFailure failure) =>
        failure switch
        {
            ChannelFailure.NotConnected => Condition.NotConnected,
            ChannelFailure.Crashed => Condition.Crashed,
            ChannelFailure.TimedOut => Condition.TimedOut,
            ChannelFailure.TooLarge => Condition.TooLarge,
            ChannelFailure.Protocol => Condition.UpstreamProtocol,
            _ => Condition.Internal,
        };

    /// <summary>The answer for a condition; <paramref name="detail"/> replaces the row's text.</summary>
    public static Answer Answer(
        Condition condition,
        string? requestId = null,
        string? detail = null,
        string? server = null,
        string outcome = "none",
        int retryAfter = 0,
        Action<Utf8JsonWriter>? data = null
    )
    {
        var row = Of(condition);
        var buffer = new ArrayBufferWriter<byte>(256);
        using (
            var json = new Utf8JsonWriter(
                buffer,
                new JsonWriterOptions
                {
                    Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                }
            )
        )
        {
            json.WriteStartObject();
            json.WriteNumber("code"u8, row.Code);
            json.WriteString("message"u8, detail ?? row.Text);
            json.WriteStartObject("data"u8);
            if (data is null)
            {
                json.WriteString("reason"u8, row.Reason);
                if (server is not null)
                    json.WriteString("server"u8, server);
                json.WriteBoolean("retryable"u8, row.Retryable);
                json.WriteString("outcome"u8, outcome);
                if (requestId is not null)
                    json.WriteString("requestId"u8, requestId);
            }
            else
            {
                data(json);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return new Answer(true, buffer.WrittenMemory)
        {
            Status = row.Status,
            Code = row.Code,
            Message = detail ?? row.Text,
            RetryAfter = retryAfter,
        };
    }
}
