namespace Fairlead.Server.Storage;

/// <summary>A conversation with a customer. It goes with its user.</summary>
internal sealed class ConversationRow : OwnedRow
{
    public const string Open = "open";
    public required string Id { get; set; }

    /// <summary>The customer.</summary>
    public required string UserId { get; set; }

    /// <summary>The consultant who claimed it; null as long as nobody did.</summary>
    public string? ConsultantId { get; set; }
    public required string Title { get; set; }
    public string Status { get; set; } = Open;

    /// <summary>Whether an agent may answer.</summary>
    public bool AiEnabled { get; set; } = true;
    public DateTimeOffset? ClaimedAt { get; set; }

    /// <summary>Names what made it for ever, so that it is made once; null where a person did.</summary>
    public string? EffectKey { get; set; }
}

/// <summary>Something that was said in a conversation; ids are in the order of time.</summary>
internal sealed class MessageRow
{
    public const string Customer = "customer";
    public const string Consultant = "consultant";
    public const string Assistant = "assistant";
    public required string Id { get; set; }
    public string TenantId { get; set; } = "default";
    public required string ConversationId { get; set; }

    /// <summary><c>customer</c>, <c>assistant</c>, <c>consultant</c> or <c>system</c>.</summary>
    public required string Role { get; set; }

    /// <summary>The user who said it; null for an agent and the system.</summary>
    public string? SenderId { get; set; }

    /// <summary>JSON of a <see cref="MessageContent"/>.</summary>
    public required string Content { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Names what said it for ever, so that it is said once; null where a person did.</summary>
    public string? EffectKey { get; set; }
}

/// <summary>A message's content as it lies in the store.</summary>
internal sealed record MessageContent(string Type, string Text)
{
    public int Schema { get; init; } = 1;
}
