using System.Collections.Concurrent;
using Fairlead.Server.Gateway.Sessions;

namespace Fairlead.Server.Gateway.Policies;

/// <summary>What of a group outlives a route table: its call limits and its open listeners.</summary>
internal sealed class GroupTraffic
{
    private long nextFree;
    private int running;

    public ConcurrentDictionary<Listener, byte> Listeners { get; } = new();

    /// <summary>Calls of this group running now.</summary>
    public int Running => Volatile.Read(ref running);

    /// <summary>
    /// Takes one call from the rate (generic cell rate algorithm: one compare-and-swap, a whole minute's calls may come
    /// at once). Zero when it may go, else how long to wait.
    /// </summary>
    public TimeSpan TakeRate(int perMinute, TimeProvider time)
    {
        if (perMinute <= 0)
            return TimeSpan.Zero;
        var interval = time.TimestampFrequency * 60 / perMinute;
        var burst = interval * (perMinute - 1);
        while (true)
        {
            var now = time.GetTimestamp();
            var seen = Volatile.Read(ref nextFree);
            var start = Math.Max(seen, now);
            if (start - now > burst)
                return TimeSpan.FromSeconds((double)(start - now - burst) / time.TimestampFrequency);
            if (Interlocked.CompareExchange(ref nextFree, start + interval, seen) == seen)
                return TimeSpan.Zero;
        }
    }

    /// <summary>Enters one of <paramref name="limit"/> concurrent calls; 0 has no limit.</summary>
    public bool TryEnter(int limit)
    {
        if (Interlocked.Increment(ref running) <= limit || limit <= 0)
            return true;
        Interlocked.Decrement(ref running);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref running);
}
