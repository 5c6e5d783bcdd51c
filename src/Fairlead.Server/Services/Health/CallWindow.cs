using Fairlead.Toolkit.Measures;

namespace Fairlead.Server.Services.Health;

/// <summary>What a window of outcomes says.</summary>
internal readonly record struct WindowFacts(int Count, int Errors, TimeSpan P95, TimeSpan P99, TimeSpan ProbeP99)
{
    public double ErrorRate => Count == 0 ? 0 : (double)Errors / Count;
}

/// <summary>
/// The last outcomes of one service: what real calls and probes tell of it. Written on the call path: two interlocked
/// operations and one store, no lock.
/// </summary>
internal sealed class CallWindow(TimeProvider time)
{
    /// <summary>Outcomes remembered of each kind (contracts.md §4.5).</summary>
    public const int Size = 20;
    private readonly long origin = time.GetTimestamp();
    private readonly long[] calls = new long[Size];
    private readonly long[] probes = new long[Size];
    private int lastCall;
    private int lastProbe;
    private int inFlight;
    private long lastUse = time.GetTimestamp();

    /// <summary>Raised when a call failed; handlers must not wait.</summary>
    public event Action? Failed;

    /// <summary>Calls being made now.</summary>
    public int InFlight => Volatile.Read(ref inFlight);

    /// <summary>How long it has not been used.</summary>
    public TimeSpan Idle => InFlight > 0 ? TimeSpan.Zero : time.GetElapsedTime(Volatile.Read(ref lastUse));

    /// <summary>A call begins; returns its start for <see cref="End"/>.</summary>
    public long Begin()
    {
        Interlocked.Increment(ref inFlight);
        return time.GetTimestamp();
    }

    /// <summary>A call is over.</summary>
    /// <param name="start">What <see cref="Begin"/> returned.</param>
    /// <param name="answered">Whether the service answered, be it with an error; null when nobody knows (cancelled).</param>
    public void End(long start, bool? answered)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref lastUse, now);
        Interlocked.Decrement(ref inFlight);
        if (answered is not { } good)
            return;
        Put(calls, ref lastCall, now, time.GetElapsedTime(start, now), good);
        if (!good)
            Failed?.Invoke();
    }

    /// <summary>A probe is over.</summary>
    public void Probed(TimeSpan took, bool answered) => Put(probes, ref lastProbe, time.GetTimestamp(), took, answered);

    /// <summary>Begins anew: a new life, or a circuit that closed.</summary>
    public void Clear()
    {
        Array.Clear(calls);
        Array.Clear(probes);
        Volatile.Write(ref lastUse, time.GetTimestamp());
    }

    /// <summary>What the outcomes not older than <paramref name="age"/> say.</summary>
    public WindowFacts Facts(TimeSpan age)
    {
        Span<long> all = stackalloc long[2 * Size];
        var oldest = Seconds(time.GetTimestamp()) - (long)age.TotalSeconds;
        var ofProbes = Take(probes, all, oldest);
        var probeP99 = OfShare(all[..ofProbes], 0.99);
        var count = ofProbes + Take(calls, all[ofProbes..], oldest);
        var errors = 0;
        foreach (var outcome in all[..count])
            errors += (int)(outcome & 1);
        return new WindowFacts(count, errors, OfShare(all[..count], 0.95), OfShare(all[..count], 0.99), probeP99);
    }

    // One word an outcome, so that no reader sees half of one: when (seconds, never 0), how long (ms), whether it failed.
    private void Put(long[] ring, ref int last, long now, TimeSpan took, bool good)
    {
        var ms = Math.Min((long)took.TotalMilliseconds, 0x7FFFFF);
        var place = (Interlocked.Increment(ref last) & int.MaxValue) % Size;
        Volatile.Write(ref ring[place], (Seconds(now) << 24) | (ms << 1) | (good ? 0L : 1L));
    }

    private long Seconds(long timestamp) => 1 + (long)time.GetElapsedTime(origin, timestamp).TotalSeconds;

    private static int Take(long[] ring, Span<long> into, long oldest)
    {
        var count = 0;
        for (var i = 0; i < ring.Length; i++)
        {
            var outcome = Volatile.Read(ref ring[i]);
            if (outcome != 0 && outcome >> 24 >= oldest)
                into[count++] = outcome & 0xFFFFFF;
        }
        return count;
    }

    private static TimeSpan OfShare(Span<long> outcomes, double share)
    {
        if (outcomes.IsEmpty)
            return TimeSpan.Zero;
        outcomes.Sort();
        Span<double> times = stackalloc double[outcomes.Length];
        for (var i = 0; i < times.Length; i++)
            times[i] = outcomes[i] >> 1;
        return TimeSpan.FromMilliseconds(Percentile.Of(times, share));
    }
}
