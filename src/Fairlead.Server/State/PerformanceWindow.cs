using Fairlead.Toolkit.Measures;

namespace Fairlead.Server.State;

/// <summary>Times of the last 1000 requests and what the process uses (P-51).</summary>
internal sealed class PerformanceWindow(TimeProvider time)
{
    /// <summary>Requests whose times are kept.</summary>
    public const int Size = 1000;
    private readonly Lock gate = new();
    private readonly double[] times = new double[Size];
    private readonly long[] ended = new long[Size];
    private long count;
    private (long At, TimeSpan Used) processor = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);

    /// <summary>Notes a request that ended now. On the call path, so without a lock: a look may miss the newest.</summary>
    public void Add(double milliseconds)
    {
        var at = (int)((Interlocked.Increment(ref count) - 1) % Size);
        Volatile.Write(ref times[at], milliseconds);
        Volatile.Write(ref ended[at], time.GetTimestamp());
    }

    /// <summary>The figures as they are now; the processor's since they were last asked for.</summary>
    public PerformanceView View()
    {
        var all = Interlocked.Read(ref count);
        var sorted = times[..(int)Math.Min(all, Size)];
        var first = Volatile.Read(ref ended[all > Size ? (int)(all % Size) : 0]);
        Array.Sort(sorted);
        var span = sorted.Length == 0 ? 0 : time.GetElapsedTime(first).TotalSeconds;
        var (now, used) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);
        double busy;
        lock (gate)
        {
            var passed = time.GetElapsedTime(processor.At, now);
            busy = passed <= TimeSpan.Zero ? 0 : (used - processor.Used) / passed / Environment.ProcessorCount * 100;
            processor = (now, used);
        }
        return new(
            sorted.Length,
            Round(sorted.Length == 0 ? 0 : sorted.Average()),
            Round(At(sorted, 0.95)),
            Round(At(sorted, 0.99)),
            Round(span <= 0 ? 0 : sorted.Length / span),
            Round(Environment.WorkingSet / 1048576.0),
            Round(Math.Clamp(busy, 0, 100))
        );
    }

    private static double At(double[] sorted, double share) => sorted.Length == 0 ? 0 : Percentile.Of(sorted, share);

    private static double Round(double value) => Math.Round(value, 3);
}

/// <param name="Samples">Requests the times are of, at most 1000.</param>
/// <param name="AverageMs">Their mean.</param>
/// <param name="P95Ms">95th percentile, interpolated.</param>
/// <param name="P99Ms">99th percentile, interpolated.</param>
/// <param name="RequestsPerSecond">Since the first of them.</param>
/// <param name="MemoryMb">Resident memory, MiB.</param>
/// <param name="CpuPercent">Of all processors, since these figures were last asked for.</param>
internal sealed record PerformanceView(
    int Samples,
    double AverageMs,
    double P95Ms,
    double P99Ms,
    double RequestsPerSecond,
    double MemoryMb,
    double CpuPercent
);
