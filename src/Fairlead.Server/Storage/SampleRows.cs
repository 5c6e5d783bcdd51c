namespace Fairlead.Server.Storage;

/// <summary>Something the sample tools offer to customers; prices are whole yuan.</summary>
internal sealed class SampleProjectRow
{
    public required string Id { get; set; }
    public string TenantId { get; set; } = "default";
    public required string Name { get; set; }
    public required string Category { get; set; }
    public required string Description { get; set; }
    public int Price { get; set; }
    public int DurationMinutes { get; set; }
    public int RecoveryDays { get; set; }
}

/// <summary>A planned or finished treatment of a customer.</summary>
internal sealed class SampleTreatmentRow : OwnedRow
{
    public const string Planned = "planned";
    public const string Done = "done";
    public const string Cancelled = "cancelled";
    public required string Id { get; set; }
    public required string UserId { get; set; }
    public required string ProjectId { get; set; }
    public int Position { get; set; }
    public required string State { get; set; }
    public int Price { get; set; }

    /// <summary>ISO date.</summary>
    public required string Day { get; set; }
}

/// <summary>What a customer likes.</summary>
internal sealed class SamplePreferenceRow : OwnedRow
{
    public required string UserId { get; set; }
    public required string Name { get; set; }
    public required string Value { get; set; }
}

/// <summary>A value nobody reads in the database.</summary>
internal sealed class SampleSensitiveRow : OwnedRow
{
    public required string Id { get; set; }
    public required string UserId { get; set; }
    public required string Name { get; set; }

    /// <summary>Sealed.</summary>
    public required string Value { get; set; }
}
