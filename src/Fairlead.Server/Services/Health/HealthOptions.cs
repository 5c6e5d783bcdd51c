namespace Fairlead.Server.Services.Health;

/// <summary>How services are watched (contracts.md §4.5, S-14, S-17, S-18).</summary>
internal sealed record HealthOptions
{
    /// <summary>Between two probes of a running service, and two samples of any; 10 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks at the window of recent calls; 5 s. A failed call is looked at when it fails.</summary>
    public TimeSpan ReadinessInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Unanswered probes in a row after which the service is ended and recovered; 2.</summary>
    public int FailureThreshold { get; init; } = 2;

    /// <summary>How long a probe of a service behind HTTP may take; 20 s.</summary>
    public TimeSpan HttpPingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a probe of a stdio service may take; 40 s. Unanswered for a readiness interval it is degraded.</summary>
    public TimeSpan StdioPingTimeout { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Fewest recent calls and probes from which anything is concluded but that there was an error; 5.</summary>
    public int MinSamples { get; init; } = 5;

    /// <summary>Share of recent calls and probes that fail at which the circuit opens; 0.3.</summary>
    public double ErrorRate { get; init; } = 0.3;

    /// <summary>95th percentile of response times from which a service is degraded; 2 s.</summary>
    public TimeSpan DegradedP95 { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>99th percentile of response times at which the circuit opens; 5 s.</summary>
    public TimeSpan CircuitP99 { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether slow calls, too, can open the circuit, not only slow probes; off: a tool may rightly take its time
    /// (docs/adr/0009).
    /// </summary>
    public bool SlowCallsOpenCircuit { get; init; }

    /// <summary>What is older tells nothing of now; 300 s. Also the window of the reported metrics.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>First cool-down of an open circuit; 1 s. Doubles with each opening that follows.</summary>
    public TimeSpan FirstCoolDown { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>60 s.</summary>
    public TimeSpan LongestCoolDown { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Probes that decide a half-open circuit; 3.</summary>
    public int HalfOpenProbes { get; init; } = 3;

    /// <summary>Share of them that must succeed; 0.6.</summary>
    public double HalfOpenSuccess { get; init; } = 0.6;

    /// <summary>Samples kept of each service; 100 (S-17).</summary>
    public int KeptSamples { get; init; } = 100;
}
