namespace Fairlead.Server.Tools.Executions;

/// <summary>The execution queue; section <c>Executions</c> (R-18…R-31).</summary>
internal sealed record ExecutionOptions
{
    /// <summary>Executions at once; default 10. Calls on the MCP path are not counted here.</summary>
    public int MaxConcurrent { get; init; } = 10;

    /// <summary>Executions at once that remain possible after a quiet time; default 2 (I-19).</summary>
    public int MinConcurrent { get; init; } = 2;

    /// <summary>Executions that may wait; default 10,000, above it a submission is refused.</summary>
    public int MaxQueued { get; init; } = 10_000;

    /// <summary>Executions in one batch; default 1,000.</summary>
    public int MaxBatch { get; init; } = 1_000;

    /// <summary>So long in the queue is worth one step of priority; default 10 s .</summary>
    public TimeSpan Ageing { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Tools of which only one execution runs at a time, by exposed or own name; default <c>file_writer</c>,
    /// <c>database_updater</c>, <c>config_modifier</c>, which a list given here replaces.
    /// </summary>
    public IReadOnlyList<string>? ExclusiveTools { get; init; }

    /// <summary>Those in force. No default of the property itself: the binder would add to it.</summary>
    internal IReadOnlyList<string> Exclusive =>
        ExclusiveTools ?? ["file_writer", "database_updater", "config_modifier"];

    /// <summary>
    /// Tools an administrator marks as safe to repeat, by exposed or own name; besides those whose annotations say so.
    /// Only such are tried again after a failure (design.md decision 8).
    /// </summary>
    public IReadOnlyList<string> IdempotentTools { get; init; } = [];

    /// <summary>How long a cancelled tool may take to end before it is given up; default 5 s.</summary>
    public TimeSpan CancelPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Ended executions that are kept; default 1,000 .</summary>
    public int History { get; init; } = 1_000;

    /// <summary>How long they are kept; default 1 h.</summary>
    public TimeSpan HistoryAge { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Bytes of results that are kept in all; default 64 MiB.</summary>
    public long HistoryBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Largest result that is kept, in bytes; default 1 MiB. Of a larger one only its size is.</summary>
    public int MaxResultBytes { get; init; } = 1024 * 1024;

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        Check(MaxConcurrent is >= 1 and <= 1_000, nameof(MaxConcurrent), "1 to 1000", MaxConcurrent);
        Check(
            MinConcurrent >= 1 && MinConcurrent <= MaxConcurrent,
            nameof(MinConcurrent),
            "1 to MaxConcurrent",
            MinConcurrent
        );
        Check(MaxQueued is >= 1 and <= 1_000_000, nameof(MaxQueued), "1 to 1000000", MaxQueued);
        Check(MaxBatch is >= 1 and <= 10_000, nameof(MaxBatch), "1 to 10000", MaxBatch);
        Check(
            Ageing >= TimeSpan.FromMilliseconds(1) && Ageing <= TimeSpan.FromHours(1),
            nameof(Ageing),
            "1 ms to 1 h",
            Ageing
        );
        Check(
            CancelPatience >= TimeSpan.Zero && CancelPatience <= TimeSpan.FromMinutes(1),
            nameof(CancelPatience),
            "0 to 1 min",
            CancelPatience
        );
        Check(History is >= 0 and <= 100_000, nameof(History), "0 to 100000", History);
        Check(
            HistoryAge > TimeSpan.Zero && HistoryAge <= TimeSpan.FromDays(7),
            nameof(HistoryAge),
            "up to 7 days",
            HistoryAge
        );
        Check(HistoryBytes is >= 0 and <= 4L * 1024 * 1024 * 1024, nameof(HistoryBytes), "0 to 4 GiB", HistoryBytes);
        Check(MaxResultBytes is >= 0 and <= 16 * 1024 * 1024, nameof(MaxResultBytes), "0 to 16 MiB", MaxResultBytes);
        return errors;

        void Check(bool good, string field, string allowed, object value)
        {
            if (!good)
                errors.Add($"Executions:{field} is {allowed}, it is {value}.");
        }
    }
}
