namespace Fairlead.Server.Caching.Memory;

/// <summary>One value in a cache and what is known of its use (P-39).</summary>
internal sealed class CacheEntry<T>
{
    private long accessed;
    private long count;
    private long stamp;

    internal CacheEntry(string key, T value, TimeSpan? ttl, long size, long now, long expires, long stamp)
    {
        Key = key;
        Value = value;
        Ttl = ttl;
        Size = size;
        Created = now;
        Expires = expires;
        Order = stamp;
        accessed = now;
        this.stamp = stamp;
    }

    public string Key { get; }
    public T Value { get; }

    /// <summary>How long it lives from its creation; null never expires.</summary>
    public TimeSpan? Ttl { get; }

    /// <summary>Bytes it counts with.</summary>
    public long Size { get; }

    /// <summary>How often it was read.</summary>
    public long AccessCount => Volatile.Read(ref count);

    /// <summary>Monotonic: a jump of the wall clock neither kills nor revives an entry.</summary>
    internal long Created { get; }
    internal long Expires { get; }
    internal long Accessed => Volatile.Read(ref accessed);

    /// <summary>Which write it was.</summary>
    internal long Order { get; }

    /// <summary>Which write or read was its last.</summary>
    internal long Stamp => Volatile.Read(ref stamp);

    /// <summary>No longer in the cache; only touched under the cache's lock.</summary>
    internal bool Removed { get; set; }

    internal void Touch(long now, ref long clock)
    {
        Interlocked.Increment(ref count);
        Volatile.Write(ref accessed, now);
        // The newest needs no new stamp: a key that all read does not make them meet at the clock.
        if (Volatile.Read(ref clock) != Stamp)
            Volatile.Write(ref stamp, Interlocked.Increment(ref clock));
    }
}

/// <summary>What an entry tells of itself.</summary>
internal sealed record CacheEntryInfo(
    string Key,
    DateTimeOffset CreatedAt,
    DateTimeOffset AccessedAt,
    long AccessCount,
    TimeSpan? Ttl
);

/// <summary>What a cache in memory counted since it was made or cleared (P-41); the rate is percent with 2 decimals.</summary>
internal sealed record CacheStatistics(
    int Size,
    long Hits,
    long Misses,
    double HitRate,
    long TotalRequests,
    long Evictions,
    long Bytes
)
{
    /// <summary>Part of the whole in percent with 2 decimals; 0 of nothing (P-14, C-40).</summary>
    public static double Percent(long part, long whole) => whole == 0 ? 0 : Math.Round(100.0 * part / whole, 2);
}
