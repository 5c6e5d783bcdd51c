using System.Collections.Concurrent;

namespace Fairlead.Bench;

/// <summary>What a run has measured so far; safe for many workers at once.</summary>
internal sealed class Tally(TimeProvider time)
{
    private readonly long start = time.GetTimestamp();
    private readonly ConcurrentQueue<double> times = new();
    private int failures;
    private string? firstFailure;

    /// <summary>Iterations that failed.</summary>
    public int Failures => failures;

    /// <summary>Why the first of them failed; null when none did.</summary>
    public string? FirstFailure => firstFailure;

    /// <summary>From the beginning to <see cref="Stop"/>.</summary>
    public TimeSpan Took { get; private set; }

    /// <summary>Measures one iteration. Its exception is a failure, unless the run itself is cancelled.</summary>
    public async ValueTask MeasureAsync(
        Func<CancellationToken, ValueTask> iteration,
        CancellationToken cancellationToken
    )
    {
        var since = time.GetTimestamp();
        try
        {
            await iteration(cancellationToken);
            times.Enqueue(time.GetElapsedTime(since).TotalMilliseconds);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            Interlocked.Increment(ref failures);
            Interlocked.CompareExchange(ref firstFailure, failure.Message, null);
        }
    }

    public void Stop() => Took = time.GetElapsedTime(start);

    /// <summary>Milliseconds of the iterations that went well, rising.</summary>
    public double[] Sorted() => [.. times.Order()];
}
