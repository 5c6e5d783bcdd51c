namespace Fairlead.Client;

/// <summary>How a service does and did (requirements S-14, S-17, S-18, S-19).</summary>
public sealed record ServiceHealth
{
    /// <summary>The service.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="ServiceStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>The finer view, see <see cref="ServiceInfo.Health"/>.</summary>
    public required string Health { get; init; }

    /// <summary>Why it is in this state.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Since when, UTC.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Failed attempts in a row.</summary>
    public int Attempts { get; init; }

    /// <summary>When it will be tried again, UTC; null unless it waits for that.</summary>
    public DateTimeOffset? NextTry { get; init; }

    /// <summary>Share of the last calls and probes that failed, 0 to 1.</summary>
    public double ErrorRate { get; init; }

    /// <summary>95 of 100 of them were answered within this, in milliseconds.</summary>
    public double P95Ms { get; init; }

    /// <summary>99 of 100 of them were answered within this, in milliseconds.</summary>
    public double P99Ms { get; init; }

    /// <summary>How many calls and probes that is.</summary>
    public int SampleSize { get; init; }

    /// <summary>What the checks of the window say; null when there was none.</summary>
    public ServiceMetrics? Metrics { get; init; }

    /// <summary>The last looks at it, oldest first, at most 100.</summary>
    public IReadOnlyList<ServiceSample> Samples { get; init; } = [];
}

/// <summary>What the checks of a window say (requirement S-18).</summary>
/// <param name="TotalChecks">Checks in the window.</param>
/// <param name="HealthyChecks">Those that were answered.</param>
/// <param name="Availability">Percent of the checks that were answered, one decimal.</param>
/// <param name="AvgMs">Milliseconds on average; null when none was answered.</param>
/// <param name="MaxMs">The longest.</param>
/// <param name="MinMs">The shortest.</param>
/// <param name="Summary">The same in a line (S-19).</param>
public sealed record ServiceMetrics(
    int TotalChecks,
    int HealthyChecks,
    double Availability,
    double? AvgMs,
    double? MaxMs,
    double? MinMs,
    string Summary
);

/// <summary>One look at a service (requirement S-17).</summary>
/// <param name="Timestamp">UTC.</param>
/// <param name="Status">One of <see cref="ServiceStatus"/>.</param>
/// <param name="ResponseTime">Milliseconds; null when it was not asked or did not answer.</param>
/// <param name="Healthy">Whether it answers calls.</param>
/// <param name="Error">What was wrong.</param>
public sealed record ServiceSample(
    DateTimeOffset Timestamp,
    string Status,
    double? ResponseTime,
    bool Healthy,
    string? Error
);

/// <summary>Something that happened to a service (requirement S-14).</summary>
/// <param name="Id">Grows from event to event.</param>
/// <param name="At">UTC.</param>
/// <param name="Service">The service's name.</param>
/// <param name="ServiceId">The service's id.</param>
/// <param name="Level"><c>info</c>, <c>warning</c> or <c>alert</c>.</param>
/// <param name="From">Its status before, one of <see cref="ServiceStatus"/>.</param>
/// <param name="To">Its status after.</param>
/// <param name="Health">The finer view of its state after.</param>
/// <param name="Reason">Why.</param>
public sealed record ServiceEvent(
    long Id,
    DateTimeOffset At,
    string Service,
    string ServiceId,
    string Level,
    string From,
    string To,
    string Health,
    string Reason
);

/// <summary>What became of one service when several were started or stopped (requirements S-13, S-15).</summary>
/// <param name="Name">The service.</param>
/// <param name="Ok">Whether it is as it was asked to be.</param>
/// <param name="Status">One of <see cref="ServiceStatus"/>.</param>
/// <param name="Reason">Why; for one that was skipped, which service it waits for.</param>
public sealed record ServiceOutcome(string Name, bool Ok, string Status, string Reason);

internal sealed record SeveralRequest(IReadOnlyList<string>? Names, bool All, bool Force, double? Timeout);
