namespace Fairlead.Server.Telemetry;

/// <summary>One call as it leaves the data plane for the call log. Bodies are already masked, or null.</summary>
internal readonly record struct CallLogRow
{
    public required DateTimeOffset At { get; init; }
    public required Guid RequestId { get; init; }

    /// <summary>JSON-RPC method; <c>tools/call</c> rows carry <see cref="Name"/>.</summary>
    public required string Method { get; init; }

    /// <summary>Exposed tool or prompt name, or resource URI; null for other methods.</summary>
    public string? Name { get; init; }
    public string? GroupId { get; init; }

    /// <summary>Null for a native tool and for what the gateway answers itself.</summary>
    public string? ServiceId { get; init; }

    /// <summary>Self-reported client name, or the app id of an internal caller. At most 100 characters.</summary>
    public string? CallerAppId { get; init; }
    public string? UserId { get; init; }
    public required bool Success { get; init; }

    /// <summary>JSON-RPC code, or 0.</summary>
    public int ErrorCode { get; init; }
    public string? ErrorMessage { get; init; }
    public required long DurationMicroseconds { get; init; }
    public byte[]? RequestBody { get; init; }
    public byte[]? ResponseBody { get; init; }
}
