using Fairlead.Server.Caching.Memory;

namespace Fairlead.Server.Caching;

/// <summary>The cache's levels and lives; section <c>Cache</c>. Lives are whole seconds, as the figures of C-02 are.</summary>
internal sealed record CachingOptions
{
    /// <summary>Life of what only this process keeps; default 300 s (C-02, P-40).</summary>
    public int TtlDefault { get; init; } = 300;

    /// <summary>Longest life in memory of what Redis has, too; default 60 s (P-44).</summary>
    public int L1 { get; init; } = 60;

    /// <summary>Life in Redis; default 3600 s (P-44).</summary>
    public int L2 { get; init; } = 3600;

    /// <summary>Life of search results; default 120 s (I-06).</summary>
    public int VectorSearch { get; init; } = 120;

    /// <summary>Life of what is set by hand; default 3600 s (P-11).</summary>
    public int ManualSet { get; init; } = 3600;

    /// <summary>Entries in memory; default 2000 (C-01, I-02).</summary>
    public int MaxEntries { get; init; } = 2000;

    /// <summary>Bytes in memory; default 100 MiB (P-43).</summary>
    public long MaxBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>Largest value that is kept, in bytes; default 4 MiB.</summary>
    public int MaxValueBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Who goes first when the memory is full; default <see cref="EvictionPolicy.Lru"/>.</summary>
    public EvictionPolicy Policy { get; init; } = EvictionPolicy.Lru;

    /// <summary>Part of a life taken off at random, so that what was made together does not end together; default 0.1.</summary>
    public double Jitter { get; init; } = 0.1;

    /// <summary>How long after its end a value serves when its source fails; default 0 s: never.</summary>
    public int FailSafe { get; init; }

    /// <summary>
    /// What Redis may add to one call, in all; default 40 ms, which leaves 10 of the promised 50 to the scheduler.
    /// </summary>
    public TimeSpan L2Budget { get; init; } = TimeSpan.FromMilliseconds(40);

    /// <summary>Failures in a row after which Redis is left alone until it answers a probe; default 3.</summary>
    public int L2Failures { get; init; } = 3;

    /// <summary>How often Redis is probed while it is left alone; default 1 s.</summary>
    public TimeSpan L2Probe { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Part of look-ups that must be hits, else a warning is logged every minute; default 0.5, 0 never (P-73).</summary>
    public double LowHitRate { get; init; } = 0.5;

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        foreach (
            var (name, seconds) in (ReadOnlySpan<(string, int)>)
                [
                    (nameof(TtlDefault), TtlDefault),
                    (nameof(L1), L1),
                    (nameof(L2), L2),
                    (nameof(VectorSearch), VectorSearch),
                    (nameof(ManualSet), ManualSet),
                    (nameof(MaxEntries), MaxEntries),
                    (nameof(MaxValueBytes), MaxValueBytes),
                    (nameof(L2Failures), L2Failures),
                ]
        )
            if (seconds < 1)
                errors.Add($"Cache:{name} must be at least 1, it is {seconds}.");
        if (MaxBytes < MaxValueBytes)
            errors.Add($"Cache:MaxBytes must not be below MaxValueBytes ({MaxValueBytes}), it is {MaxBytes}.");
        if (Jitter is not (>= 0 and < 1))
            errors.Add($"Cache:Jitter must be 0 or more and below 1, it is {Jitter}.");
        if (FailSafe < 0)
            errors.Add($"Cache:FailSafe must not be negative, it is {FailSafe}.");
        if (L2Budget <= TimeSpan.Zero)
            errors.Add($"Cache:L2Budget must be above 0, it is {L2Budget}.");
        if (L2Probe <= TimeSpan.Zero)
            errors.Add($"Cache:L2Probe must be above 0, it is {L2Probe}.");
        if (LowHitRate is not (>= 0 and <= 1))
            errors.Add($"Cache:LowHitRate must be 0 to 1, it is {LowHitRate}.");
        return errors;
    }
}
