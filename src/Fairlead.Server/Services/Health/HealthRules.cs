using System.Globalization;

namespace Fairlead.Server.Services.Health;

/// <summary>What the recent outcomes of a service make of it (contracts.md §4.4): pure, so that every edge can be tested.</summary>
internal static class HealthRules
{
    /// <summary>The phase an available service should be in, and why.</summary>
    public static (ServicePhase Phase, string Why) Judge(WindowFacts facts, HealthOptions options)
    {
        if (facts.Count >= options.MinSamples)
        {
            if (facts.ErrorRate >= options.ErrorRate)
                return (ServicePhase.CircuitOpen, $"{facts.Errors} of the last {facts.Count} calls and probes failed");
            var p99 = options.SlowCallsOpenCircuit ? facts.P99 : facts.ProbeP99;
            if (p99 >= options.CircuitP99)
                return (ServicePhase.CircuitOpen, $"it takes up to {Seconds(p99)} to answer");
            if (facts.P95 >= options.DegradedP95)
                return (ServicePhase.Degraded, $"95 % of its answers take up to {Seconds(facts.P95)}");
        }
        return facts.Errors > 0
            ? (ServicePhase.Degraded, $"{facts.Errors} of the last {facts.Count} calls and probes failed")
            : (ServicePhase.Healthy, "running");
    }

    /// <summary>How long an open circuit waits before it is tried: doubling with each opening in a row, a tenth of jitter.</summary>
    public static TimeSpan CoolDown(int openings, HealthOptions options, double random)
    {
        var pause = options.FirstCoolDown * Math.Pow(2, Math.Min(openings - 1, 30));
        if (pause > options.LongestCoolDown)
            pause = options.LongestCoolDown;
        return pause * (1 + 0.1 * (2 * random - 1));
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
