namespace Fairlead.Server.Tools.Recovery;

/// <summary>What becomes of failures of tools; section <c>Recovery</c> (R-32…R-42, C-09).</summary>
internal sealed record ToolRecoveryOptions
{
    /// <summary>
    /// Strategies a class of failures goes through, in order, by class: <c>Critical</c>, <c>Database</c>, <c>Network</c>,
    /// <c>Validation</c>, <c>Permission</c>, <c>Unknown</c>. What is not named here keeps its default (R-35).
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Chains { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Substitutes by exposed name, in the same group (R-37).</summary>
    public IReadOnlyDictionary<string, string> FallbackTools { get; init; } = new Dictionary<string, string>();

    /// <summary>Failures that are kept to look at; default 1,000.</summary>
    public int Failures { get; init; } = 1_000;

    /// <summary>Executions that may wait for a person; default 10,000. More are only alerted.</summary>
    public int ManualQueue { get; init; } = 10_000;

    /// <summary>Retries for each first attempt; default 0.2, at most 20 % more traffic.</summary>
    public double RetryShare { get; init; } = 0.2;

    /// <summary>Retries a minute that are free of <see cref="RetryShare"/>; default 10.</summary>
    public int RetryReserve { get; init; } = 10;

    /// <summary>Whether tools have breakers; default true (R-42).</summary>
    public bool Breakers { get; init; } = true;

    /// <summary>Failures of one tool that do not open its breaker yet; default 10: the eleventh opens it (C-09).</summary>
    public int BreakerFailures { get; init; } = 10;

    /// <summary>Failures of all tools among which they are counted; default 100 (R-42).</summary>
    public int BreakerMemory { get; init; } = 100;

    /// <summary>How long a failure counts; default 300 s (R-42).</summary>
    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long it stays open the first time; default 60 s, doubling each time the probes fail (C-09).</summary>
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest it stays open; default 600 s (C-09).</summary>
    public TimeSpan BreakerLongestPause { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Calls that are let through to see whether it is mended; default 3 (C-09).</summary>
    public int BreakerProbes { get; init; } = 3;

    /// <summary>Share of them that must succeed; default 0.6 (C-09).</summary>
    public double BreakerSuccess { get; init; } = 0.6;

    /// <summary>
    /// Whether results with <c>isError</c> count as failures; default false: they are how a tool tells a model that its
    /// arguments were no good, and one client's mistakes must not take a tool from all others.
    /// </summary>
    public bool BreakerCountsToolErrors { get; init; }

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        foreach (var name in Chains.Keys.Where(k => !ToolRecovery.DefaultChains.ContainsKey(k)))
            errors.Add($"Recovery:Chains:{name}: classes are {string.Join(", ", ToolRecovery.DefaultChains.Keys)}.");
        foreach (var (name, chain) in Chains.Where(c => c.Value.Count == 0))
            errors.Add($"Recovery:Chains:{name} names no strategy.");
        foreach (var (tool, substitute) in FallbackTools.Where(f => f.Key == f.Value))
            errors.Add($"Recovery:FallbackTools:{tool} is its own substitute {substitute}.");
        Check(Failures is >= 1 and <= 100_000, nameof(Failures), "1 to 100000", Failures);
        Check(ManualQueue is >= 0 and <= 1_000_000, nameof(ManualQueue), "0 to 1000000", ManualQueue);
        Check(RetryShare is >= 0 and <= 0.2, nameof(RetryShare), "0 to 0.2", RetryShare);
        Check(RetryReserve is >= 0 and <= 1_000, nameof(RetryReserve), "0 to 1000", RetryReserve);
        Check(BreakerFailures is >= 1 and <= 10_000, nameof(BreakerFailures), "1 to 10000", BreakerFailures);
        Check(BreakerMemory > BreakerFailures, nameof(BreakerMemory), "more than BreakerFailures", BreakerMemory);
        Check(BreakerWindow > TimeSpan.Zero, nameof(BreakerWindow), "more than 0", BreakerWindow);
        Check(BreakerPause > TimeSpan.Zero, nameof(BreakerPause), "more than 0", BreakerPause);
        Check(
            BreakerLongestPause >= BreakerPause,
            nameof(BreakerLongestPause),
            "at least BreakerPause",
            BreakerLongestPause
        );
        Check(BreakerProbes is >= 1 and <= 100, nameof(BreakerProbes), "1 to 100", BreakerProbes);
        Check(BreakerSuccess is > 0 and <= 1, nameof(BreakerSuccess), "above 0, up to 1", BreakerSuccess);
        return errors;

        void Check(bool good, string field, string allowed, object value)
        {
            if (!good)
                errors.Add($"Recovery:{field} is {allowed}, it is {value}.");
        }
    }
}
