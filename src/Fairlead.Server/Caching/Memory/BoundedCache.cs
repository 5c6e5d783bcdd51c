using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Server.Caching.Memory;

/// <summary>
/// A cache in memory with a bound of entries and of bytes (P-115). A read takes no lock: it finds the entry in a
/// concurrent dictionary and notes its use in it. Writes take turns; the order of eviction is a heap of what was known
/// when an entry was queued, put right when it comes up. As use only ever moves an entry back, the victim is exact.
/// </summary>
internal class BoundedCache<T>
{
    // What an entry costs beside its key and value: dictionary node, entry, place in the heap.
    private const int Overhead = 160;
    private readonly ConcurrentDictionary<string, CacheEntry<T>> entries = new(StringComparer.Ordinal);
    private readonly PriorityQueue<CacheEntry<T>, (long, long)> order = new();
    private readonly Lock gate = new();
    private readonly EvictionPolicy policy;
    private readonly int capacity;
    private readonly long capacityBytes;
    private readonly TimeProvider time;
    private readonly long started;
    private readonly DateTimeOffset startedAt;
    private long clock;
    private long hits;
    private long misses;
    private long evictions;
    private int count;
    private long bytes;

    /// <param name="policy">Who goes first.</param>
    /// <param name="capacity">Most entries, at least 1.</param>
    /// <param name="capacityBytes">Most bytes of keys and values as told at <see cref="Set(string, T, TimeSpan?, long)"/>.</param>
    /// <param name="defaultTtl">Life of what is set without one; null never expires.</param>
    /// <param name="time">The clock.</param>
    public BoundedCache(
        EvictionPolicy policy,
        int capacity,
        long capacityBytes,
        TimeSpan? defaultTtl,
        TimeProvider? time = null
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityBytes, 1);
        this.policy = policy;
        this.capacity = capacity;
        this.capacityBytes = capacityBytes;
        this.time = time ?? TimeProvider.System;
        DefaultTtl = defaultTtl;
        started = this.time.GetTimestamp();
        startedAt = this.time.GetUtcNow();
    }

    /// <summary>Life of what is set without one; null never expires.</summary>
    public TimeSpan? DefaultTtl { get; }
    public int Count => Volatile.Read(ref count);
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Places in the order of eviction, also of entries that are gone.</summary>
    internal int Queued => order.Count;

    public CacheStatistics Statistics
    {
        get
        {
            var (h, m) = (Volatile.Read(ref hits), Volatile.Read(ref misses));
            return new(Count, h, m, CacheStatistics.Percent(h, h + m), h + m, Volatile.Read(ref evictions), Bytes);
        }
    }

    /// <summary>The value, and notes that it was used; false where there is none or it expired.</summary>
    public bool TryGet(string key, [MaybeNullWhen(false)] out T value)
    {
        if (entries.TryGetValue(key, out var entry))
        {
            var now = time.GetTimestamp();
            if (entry.Expires > now)
            {
                entry.Touch(now, ref clock);
                Interlocked.Increment(ref hits);
                value = entry.Value;
                return true;
            }
            lock (gate)
                Drop(entry);
        }
        Interlocked.Increment(ref misses);
        value = default;
        return false;
    }

    /// <summary>What is known of an entry, without using it; null where there is none.</summary>
    public CacheEntryInfo? Describe(string key) =>
        entries.TryGetValue(key, out var e) && e.Expires > time.GetTimestamp()
            ? new(key, At(e.Created), At(e.Accessed), e.AccessCount, e.Ttl)
            : null;

    /// <summary>Sets with the default life.</summary>
    public bool Set(string key, T value) => Set(key, value, DefaultTtl);

    /// <summary>Sets or overwrites; false where the value alone is over the bound of bytes, which is then not kept.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="value">What is kept.</param>
    /// <param name="ttl">Its life; null never expires, zero or less is not kept.</param>
    /// <param name="size">Bytes of the value.</param>
    public bool Set(string key, T value, TimeSpan? ttl, long size = 0)
    {
        var whole = size + Overhead + key.Length * sizeof(char);
        lock (gate)
        {
            if (entries.TryGetValue(key, out var old))
                Drop(old);
            if (whole > capacityBytes || ttl <= TimeSpan.Zero)
                return false;
            // Room first: the newcomer must not be its own victim.
            while ((count >= capacity || bytes + whole > capacityBytes) && Evict()) { }
            var now = time.GetTimestamp();
            var entry = new CacheEntry<T>(
                key,
                value,
                ttl,
                whole,
                now,
                Expiry(now, ttl),
                Interlocked.Increment(ref clock)
            );
            entries[key] = entry;
            count++;
            bytes += whole;
            order.Enqueue(entry, Rank(entry));
            return true;
        }
    }

    /// <summary>Removes one; false where there was none.</summary>
    public bool Remove(string key)
    {
        lock (gate)
            return entries.TryGetValue(key, out var entry) && Drop(entry);
    }

    /// <summary>Removes all whose key and value match, and tells how many.</summary>
    public int RemoveWhere(Func<string, T, bool> match)
    {
        var removed = 0;
        foreach (var (key, entry) in entries)
        {
            if (!match(key, entry.Value))
                continue;
            lock (gate)
                removed += Drop(entry) ? 1 : 0;
        }
        return removed;
    }

    /// <summary>Removes what has expired, and tells how many that were.</summary>
    public int CleanupExpired()
    {
        var now = time.GetTimestamp();
        var removed = 0;
        foreach (var (_, entry) in entries)
        {
            if (entry.Expires > now)
                continue;
            lock (gate)
                removed += Drop(entry) ? 1 : 0;
        }
        return removed;
    }

    /// <summary>Removes everything and begins to count anew.</summary>
    public void Clear()
    {
        lock (gate)
        {
            foreach (var (_, entry) in entries)
                entry.Removed = true;
            entries.Clear();
            order.Clear();
            (count, bytes) = (0, 0);
            (hits, misses, evictions) = (0, 0, 0);
        }
    }

    private (long, long) Rank(CacheEntry<T> e) =>
        policy switch
        {
            EvictionPolicy.Lfu => (e.AccessCount, e.Order),
            EvictionPolicy.Fifo => (e.Order, 0),
            EvictionPolicy.Ttl => (e.Expires, e.Order),
            _ => (e.Stamp, 0),
        };

    private bool Evict()
    {
        // Readers go on meanwhile: after this many that were used again, the next one goes whatever it did.
        var patience = order.Count;
        while (order.TryDequeue(out var entry, out var known))
        {
            if (entry.Removed)
                continue;
            var rank = Rank(entry);
            if (rank != known && patience-- > 0)
            {
                order.Enqueue(entry, rank);
                continue;
            }
            evictions++;
            return Drop(entry);
        }
        return false;
    }

    private bool Drop(CacheEntry<T> entry)
    {
        if (entry.Removed)
            return false;
        entry.Removed = true;
        entries.TryRemove(new KeyValuePair<string, CacheEntry<T>>(entry.Key, entry));
        count--;
        bytes -= entry.Size;
        // The heap cannot give up one from its middle; when most of it is gone it is made anew.
        if (order.Count > 2 * count + 64)
        {
            order.Clear();
            order.EnqueueRange(entries.Values.Select(e => (e, Rank(e))));
        }
        return true;
    }

    private long Expiry(long now, TimeSpan? ttl)
    {
        if (ttl is not { } life)
            return long.MaxValue;
        var ticks = life.TotalSeconds * time.TimestampFrequency;
        return ticks >= long.MaxValue - now ? long.MaxValue : now + Math.Max(1, (long)ticks);
    }

    private DateTimeOffset At(long stamp) => startedAt + time.GetElapsedTime(started, stamp);
}

/// <summary>Evicts what was not used for the longest time; 100 entries unless told (P-42).</summary>
internal sealed class LruCache<T>(int capacity = 100, TimeProvider? time = null)
    : BoundedCache<T>(EvictionPolicy.Lru, capacity, long.MaxValue, null, time);

/// <summary>Evicts what was used least often.</summary>
internal sealed class LfuCache<T>(int capacity = 100, TimeProvider? time = null)
    : BoundedCache<T>(EvictionPolicy.Lfu, capacity, long.MaxValue, null, time);

/// <summary>Evicts what came first.</summary>
internal sealed class FifoCache<T>(int capacity = 100, TimeProvider? time = null)
    : BoundedCache<T>(EvictionPolicy.Fifo, capacity, long.MaxValue, null, time);

/// <summary>Entries live 300 s unless told (P-40); when full, what expires first goes. Bounded like the others (P-115).</summary>
internal sealed class TtlCache<T>(TimeSpan? ttl = null, int capacity = 1000, TimeProvider? time = null)
    : BoundedCache<T>(EvictionPolicy.Ttl, capacity, long.MaxValue, ttl ?? TimeSpan.FromSeconds(300), time);
