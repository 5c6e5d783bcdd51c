namespace Fairlead.Server.Storage;

/// <summary>A run of an automation; all times are milliseconds since 1970.</summary>
internal sealed class RunRow
{
    /// <summary>It goes on when it is due.</summary>
    public const string Running = "running";
    public const string Done = "done";

    /// <summary>A step failed for good; a person may let it run again .</summary>
    public const string Dead = "dead";

    /// <summary>It was not to run .</summary>
    public const string Skipped = "skipped";

    public required string Id { get; set; }
    public string TenantId { get; set; } = "default";
    public required string Automation { get; set; }
    public required int Version { get; set; }

    /// <summary>Whom or what it is about.</summary>
    public required string Subject { get; set; }
    public string State { get; set; } = Running;

    /// <summary>JSON of what it was started with.</summary>
    public required string Input { get; set; }

    /// <summary>JSON of what its steps found out: texts by name.</summary>
    public string Data { get; set; } = "{}";

    /// <summary>Place of the next step.</summary>
    public int Step { get; set; }

    /// <summary>How often the next step was tried.</summary>
    public int Attempts { get; set; }
    public long DueAt { get; set; }
    public string? LeaseOwner { get; set; }
    public long LeaseUntil { get; set; }

    /// <summary>Grows with each lease; who holds an older one writes nothing any more.</summary>
    public long Fence { get; set; }
    public string? Error { get; set; }

    /// <summary>The trace of the request that started it .</summary>
    public string? TraceParent { get; set; }
    public long CreatedAt { get; set; }
    public long? FinishedAt { get; set; }
}

/// <summary>How a step of a run ended .</summary>
internal sealed class StepRow
{
    public const string Done = "done";
    public const string Failed = "failed";
    public const string Skipped = "skipped";
    public required string RunId { get; set; }
    public required int Position { get; set; }
    public required string Name { get; set; }
    public required string State { get; set; }
    public int Attempts { get; set; }
    public long DurationMs { get; set; }
    public string? Error { get; set; }
    public long EndedAt { get; set; }
}

/// <summary>A setting that is changed while the gateway runs .</summary>
internal sealed class SettingRow : OwnedRow
{
    public required string Name { get; set; }

    /// <summary>JSON.</summary>
    public required string Value { get; set; }
    public required string UpdatedBy { get; set; }
}
