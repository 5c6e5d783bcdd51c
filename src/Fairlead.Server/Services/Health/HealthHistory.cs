namespace Fairlead.Server.Services.Health;

/// <summary>One look at a service (S-17).</summary>
/// <param name="At">When.</param>
/// <param name="Status">Its status then.</param>
/// <param name="ResponseMs">How long the probe took, in milliseconds; null where none was answered.</param>
/// <param name="Healthy">Whether it answered.</param>
/// <param name="Error">What was wrong; null when nothing was.</param>
internal sealed record HealthSample(
    DateTimeOffset At,
    ServiceStatus Status,
    double? ResponseMs,
    bool Healthy,
    string? Error
);

/// <summary>What the samples of a window say (S-18). Availability is in percent, times in milliseconds.</summary>
internal sealed record HealthMetrics(
    int TotalChecks,
    int HealthyChecks,
    double Availability,
    double? AvgMs,
    double? MaxMs,
    double? MinMs
);

/// <summary>The last samples of one service, oldest first.</summary>
internal sealed class HealthHistory(HealthOptions options, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Queue<HealthSample> samples = new();

    public IReadOnlyList<HealthSample> Samples
    {
        get
        {
            lock (gate)
                return [.. samples];
        }
    }

    public void Add(HealthSample sample)
    {
        lock (gate)
        {
            samples.Enqueue(sample);
            while (samples.Count > options.KeptSamples)
                samples.Dequeue();
        }
    }

    /// <summary>Metrics of the last <paramref name="window"/>; null when there is no sample in it.</summary>
    /// <param name="window">How far back.</param>
    /// <param name="known">The samples to look at, where they are shown beside it; null takes what there is now.</param>
    public HealthMetrics? Metrics(TimeSpan window, IReadOnlyList<HealthSample>? known = null)
    {
        var from = time.GetUtcNow() - window;
        var seen = (known ?? Samples).Where(s => s.At >= from).ToList();
        if (seen.Count == 0)
            return null;
        var healthy = seen.Count(s => s.Healthy);
        var times = seen.Select(s => s.ResponseMs).OfType<double>().ToList();
        return new HealthMetrics(
            seen.Count,
            healthy,
            100.0 * healthy / seen.Count,
            times.Count == 0 ? null : times.Average(),
            times.Count == 0 ? null : times.Max(),
            times.Count == 0 ? null : times.Min()
        );
    }
}
