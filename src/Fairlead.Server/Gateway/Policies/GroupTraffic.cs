using System.Collections.Concurrent;
using System.Globalization;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Gateway.Policies;

/// <summary>What of a group outlives a route table: its call limits and its open listeners.</summary>
internal sealed class GroupTraffic(GroupId group)
{
    private Named? allowance;
    private int running;

    public ConcurrentDictionary<Listener, byte> Listeners { get; } = new();

    /// <summary>Calls of this group running now.</summary>
    public int Running => Volatile.Read(ref running);

    /// <summary>
    /// What the group's allowance of calls is known by on all nodes. The rate is in it, so that another one begins anew and
    /// a node that hears of it knows it.
    /// </summary>
    public string AllowanceKey(int perMinute)
    {
        var known = allowance;
        if (known?.PerMinute != perMinute)
            allowance = known = new(
                perMinute,
                string.Create(CultureInfo.InvariantCulture, $"{group.Value}/{perMinute}")
            );
        return known.Key;
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

    private sealed record Named(int PerMinute, string Key);
}
