namespace Fairlead.Protocol;

/// <summary>JSON-RPC error codes we emit: those of the specification and our own, outside its reserved range (R28).</summary>
public static class McpErrorCode
{
    /// <summary>The body is not JSON.</summary>
    public const int ParseError = -32700;

    /// <summary>The body is JSON but not a request we accept.</summary>
    public const int InvalidRequest = -32600;

    /// <summary>No such method, or a capability that is not offered.</summary>
    public const int MethodNotFound = -32601;

    /// <summary>Bad parameters; on the wire also an unknown tool, prompt or resource.</summary>
    public const int InvalidParams = -32602;

    /// <summary>A fault of ours.</summary>
    public const int InternalError = -32603;

    /// <summary>Resource not found; only towards clients of 2025-11-25 and earlier.</summary>
    public const int LegacyResourceNotFound = -32002;

    /// <summary>A mirrored header is missing or differs from the body (2026-07-28).</summary>
    public const int HeaderMismatch = -32020;

    /// <summary>The request needs a client capability that was not declared (2026-07-28).</summary>
    public const int MissingClientCapability = -32021;

    /// <summary>The revision is not supported (2026-07-28).</summary>
    public const int UnsupportedVersion = -32022;

    /// <summary>The service is not running, or ended during the call.</summary>
    public const int UpstreamUnavailable = -31001;

    /// <summary>The call's deadline passed.</summary>
    public const int UpstreamTimeout = -31002;

    /// <summary>The service's breaker is open.</summary>
    public const int CircuitOpen = -31003;

    /// <summary>The service's answer exceeds the size limit.</summary>
    public const int UpstreamResponseTooLarge = -31004;

    /// <summary>The service answered with something that is not MCP.</summary>
    public const int UpstreamProtocolError = -31005;

    /// <summary>Too many calls for this key.</summary>
    public const int RateLimited = -31006;

    /// <summary>The tool's definition changed and awaits approval.</summary>
    public const int DefinitionChanged = -31007;

    /// <summary>An access rule refuses the call.</summary>
    public const int PolicyDenied = -31008;

    /// <summary>The gateway is draining or full.</summary>
    public const int Overloaded = -31009;
}
