namespace Fairlead.Bench;

/// <summary>
/// Something that is measured: derive from it, or use <see cref="Of"/>. The clock is the monotonic one of the
/// <see cref="TimeProvider"/>, in ticks of <see cref="TimeProvider.TimestampFrequency"/> (I-18).
/// </summary>
public abstract class Benchmark
{
    /// <summary>What is measured, as results name it.</summary>
    public abstract string Name { get; }

    /// <summary>A benchmark of one delegate.</summary>
    public static Benchmark Of(string name, Func<CancellationToken, ValueTask> iteration)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(iteration);
        return new OfDelegate(name, iteration);
    }

    /// <summary>Once before the warm-up, not measured.</summary>
    protected virtual ValueTask SetUpAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>What is measured. An exception is a failed iteration: it counts, its time does not.</summary>
    protected abstract ValueTask IterateAsync(CancellationToken cancellationToken);

    /// <summary>Once at the end, also of a run that was cancelled.</summary>
    protected virtual ValueTask TearDownAsync() => ValueTask.CompletedTask;

    /// <summary>Warms up and measures.</summary>
    /// <param name="options">How much; null is 5 warm-ups and 100 iterations, one after the other.</param>
    /// <param name="progress">Told after each iteration how many of the measured ones are done.</param>
    /// <param name="time">The clock; null is the system's.</param>
    /// <param name="cancellationToken">Ends the run; <see cref="OperationCanceledException"/> is thrown.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is too small.</exception>
    public async Task<BenchmarkResult> RunAsync(
        BenchmarkOptions? options = null,
        IProgress<int>? progress = null,
        TimeProvider? time = null,
        CancellationToken cancellationToken = default
    )
    {
        options ??= new BenchmarkOptions();
        options.Validate();
        time ??= TimeProvider.System;
        try
        {
            await SetUpAsync(cancellationToken);
            await LoopAsync(new Tally(time), options.Warmup, options.Concurrency, null, cancellationToken);
            var at = time.GetUtcNow();
            var tally = new Tally(time);
            await LoopAsync(tally, options.Iterations, options.Concurrency, progress, cancellationToken);
            return BenchmarkResult.Of(Name, at, options, tally);
        }
        finally
        {
            await TearDownAsync();
        }
    }

    private async Task LoopAsync(
        Tally tally,
        int iterations,
        int concurrency,
        IProgress<int>? progress,
        CancellationToken cancellationToken
    )
    {
        var (begun, done) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(concurrency, iterations)).Select(_ => WorkAsync()));
        tally.Stop();

        async Task WorkAsync()
        {
            // What is measured may never wait: without this the first worker would do all the iterations alone.
            if (concurrency > 1)
                await Task.Yield();
            while (Interlocked.Increment(ref begun) <= iterations)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await tally.MeasureAsync(IterateAsync, cancellationToken);
                progress?.Report(Interlocked.Increment(ref done));
            }
        }
    }

    private sealed class OfDelegate(string name, Func<CancellationToken, ValueTask> iteration) : Benchmark
    {
        public override string Name => name;

        protected override ValueTask IterateAsync(CancellationToken cancellationToken) => iteration(cancellationToken);
    }
}
