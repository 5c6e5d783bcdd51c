namespace Fairlead.Server.Telemetry.Calls;

/// <summary>A row as it is read back .</summary>
internal sealed record CallLogEntry
{
    public required long Id { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string RequestId { get; init; }
    public required string Method { get; init; }
    public string? ToolName { get; init; }
    public string? GroupId { get; init; }
    public string? ServiceId { get; init; }
    public string? CallerAppId { get; init; }
    public string? UserId { get; init; }
    public required bool Success { get; init; }
    public int ErrorCode { get; init; }
    public string? ErrorMessage { get; init; }
    public required double DurationMs { get; init; }

    /// <summary>Masked JSON, cut to 4 KiB, or null.</summary>
    public string? RequestData { get; init; }
    public string? ResponseData { get; init; }
}

/// <summary>Which rows are wanted; null means any.</summary>
internal sealed record CallLogFilter
{
    public string? ToolName { get; init; }
    public string? Method { get; init; }
    public string? GroupId { get; init; }
    public string? ServiceId { get; init; }
    public string? CallerAppId { get; init; }
    public string? UserId { get; init; }
    public bool? Success { get; init; }

    /// <summary>Calls that began at or after this.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Calls that began before this.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Part of the method, name, caller, user, error or body, in any case.</summary>
    public string? Text { get; init; }

    /// <summary>Rows newer than the one with this id, the oldest first.</summary>
    public long? AfterId { get; init; }

    /// <summary>Rows older than the one with this id: the next page.</summary>
    public long? BeforeId { get; init; }
}
