namespace Fairlead.Server.Storage;

/// <summary>What one person is told, and how it reached him .</summary>
internal sealed class NotificationRow
{
    public const string Live = "live";
    public const string Push = "push";
    public const string Pending = "pending";
    public const string Sent = "sent";
    public const string Failed = "failed";
    public required string Id { get; set; }
    public string TenantId { get; set; } = "default";

    /// <summary>Who is told.</summary>
    public required string UserId { get; set; }
    public required string Type { get; set; }

    /// <summary>JSON, as it is sent.</summary>
    public required string Payload { get; set; }

    /// <summary>Names this notice to this person for ever.</summary>
    public required string EffectKey { get; set; }
    public required string Channel { get; set; }
    public required string State { get; set; }
    public int Attempts { get; set; }

    /// <summary>When it is tried next, in milliseconds since 1970.</summary>
    public long DueAt { get; set; }
    public string? Error { get; set; }
    public DateTimeOffset? ReadAt { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>Who is connected to a node; in milliseconds since 1970 when that was last so.</summary>
internal sealed class PresenceRow
{
    public required string Node { get; set; }
    public required string UserId { get; set; }
    public long SeenAt { get; set; }
}

/// <summary>What a customer says of a message.</summary>
internal sealed class FeedbackRow
{
    public required string MessageId { get; set; }
    public required string UserId { get; set; }
    public string TenantId { get; set; } = "default";

    /// <summary>1 to 5.</summary>
    public int Rating { get; set; }
    public string? Comment { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}
