namespace Fairlead.Bench;

/// <summary>How much load, and for how long (P-97).</summary>
public sealed record LoadOptions
{
    /// <summary>Calls of one wave, made at once; 1 or more. Default 10.</summary>
    public int Users { get; init; } = 10;

    /// <summary>No wave begins later than this after the first. Default 60 s.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between the end of a wave and the next. Default 0.1 s.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(0.1);

    /// <exception cref="ArgumentOutOfRangeException">A number is too small; it names the option.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Users, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Duration, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(Pause, TimeSpan.Zero);
    }
}

/// <summary>What a load run saw (P-97).</summary>
/// <param name="Name">What was called.</param>
/// <param name="Users">Calls of one wave.</param>
/// <param name="Waves">Waves that were run.</param>
/// <param name="Total">Calls that were made.</param>
/// <param name="Succeeded">Calls that went well.</param>
/// <param name="Failed">Calls that failed.</param>
/// <param name="FirstFailure">Why the first of them failed; null when none did.</param>
/// <param name="DurationMs">From the first wave's beginning to the last one's end, in milliseconds.</param>
/// <param name="Throughput">Calls a second that went well.</param>
/// <param name="Times">How long they took; null when all failed.</param>
public sealed record LoadResult(
    string Name,
    int Users,
    int Waves,
    int Total,
    int Succeeded,
    int Failed,
    string? FirstFailure,
    double DurationMs,
    double Throughput,
    Times? Times
)
{
    /// <summary>Share of calls that went well, in percent; 0 when there were none.</summary>
    public double SuccessPercent => Total == 0 ? 0 : 100.0 * Succeeded / Total;

    /// <summary>Share of calls that failed, in percent; 0 when there were none.</summary>
    public double FailurePercent => Total == 0 ? 0 : 100.0 * Failed / Total;
}

/// <summary>Wave after wave of calls made at once, until the time is over (P-97).</summary>
public static class LoadTest
{
    /// <summary>Runs it.</summary>
    /// <param name="name">What is called, as the result names it.</param>
    /// <param name="call">One call; an exception is a failed call.</param>
    /// <param name="options">How much; null is 10 users for 60 s, 0.1 s between waves.</param>
    /// <param name="progress">Told after each wave how many calls were made.</param>
    /// <param name="time">The clock; null is the system's.</param>
    /// <param name="cancellationToken">Ends the run early: what was measured until then is the result.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is too small.</exception>
    public static async Task<LoadResult> RunAsync(
        string name,
        Func<CancellationToken, ValueTask> call,
        LoadOptions? options = null,
        IProgress<int>? progress = null,
        TimeProvider? time = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(call);
        options ??= new LoadOptions();
        options.Validate();
        time ??= TimeProvider.System;
        var tally = new Tally(time);
        var start = time.GetTimestamp();
        var waves = 0;
        try
        {
            while (time.GetElapsedTime(start) < options.Duration)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.WhenAll(Enumerable.Range(0, options.Users).Select(_ => CallAsync()));
                waves++;
                progress?.Report(waves * options.Users);
                await Task.Delay(options.Pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What has been measured is worth knowing.
        }
        tally.Stop();
        var sorted = tally.Sorted();
        return new LoadResult(
            name,
            options.Users,
            waves,
            sorted.Length + tally.Failures,
            sorted.Length,
            tally.Failures,
            tally.FirstFailure,
            tally.Took.TotalMilliseconds,
            BenchmarkResult.PerSecond(sorted.Length, tally.Took),
            Times.Of(sorted)
        );

        async Task CallAsync()
        {
            await Task.Yield();
            await tally.MeasureAsync(call, cancellationToken);
        }
    }
}
