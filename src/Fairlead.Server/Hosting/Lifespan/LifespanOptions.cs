namespace Fairlead.Server.Hosting.Lifespan;

/// <summary>What runs by the clock between start and stop; section <c>Lifespan</c>.</summary>
internal sealed record LifespanOptions
{
    /// <summary>Pause between two reports of the metrics in the log; default 60 s, 0 reports none (P-110).</summary>
    public TimeSpan MetricReport { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Pause between two looks for what a person must know; default 30 s, 0 looks never (P-110).</summary>
    public TimeSpan AlertCheck { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        Check(MetricReport, nameof(MetricReport));
        Check(AlertCheck, nameof(AlertCheck));
        return errors;

        void Check(TimeSpan pause, string field)
        {
            if (pause != TimeSpan.Zero && pause < TimeSpan.FromSeconds(1) || pause > TimeSpan.FromDays(1))
                errors.Add($"Lifespan:{field} is 0 or 1 s to 1 day, it is {pause}.");
        }
    }
}
