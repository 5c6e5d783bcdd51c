namespace Fairlead.Server.Telemetry.Calls;

/// <summary>Bounds of the call log; section <c>CallLog</c> (A-60).</summary>
internal sealed record CallLogOptions
{
    /// <summary>Rows that may wait for the writer; above it rows are dropped and counted. Default 65,536.</summary>
    public int Capacity { get; init; } = 65_536;

    /// <summary>
    /// Bytes of bodies that may wait for the writer; above it rows go on without theirs. Default 64 MiB.
    /// </summary>
    public long CapacityBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Longest a row waits before its commit begins; default 1 s. What a crash may cost.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Rows of one commit at most; default 2,000.</summary>
    public int CommitRows { get; init; } = 2_000;

    /// <summary>Days kept, today included; default 30.</summary>
    public int RetentionDays { get; init; } = 30;

    /// <summary>Rows kept, in whole days and never less than today's; default 5,000,000.</summary>
    public long RetentionRows { get; init; } = 5_000_000;

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (Capacity < 1)
            errors.Add($"CallLog:Capacity must be at least 1, it is {Capacity}.");
        if (CapacityBytes < 0)
            errors.Add($"CallLog:CapacityBytes must not be negative, it is {CapacityBytes}.");
        if (CommitInterval <= TimeSpan.Zero)
            errors.Add($"CallLog:CommitInterval must be above 0, it is {CommitInterval}.");
        if (CommitRows < 1 || CommitRows > Capacity)
            errors.Add($"CallLog:CommitRows must be 1 to Capacity ({Capacity}), it is {CommitRows}.");
        if (RetentionDays < 1)
            errors.Add($"CallLog:RetentionDays must be at least 1, it is {RetentionDays}.");
        if (RetentionRows < 1)
            errors.Add($"CallLog:RetentionRows must be at least 1, it is {RetentionRows}.");
        return errors;
    }
}
