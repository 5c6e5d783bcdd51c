using System.Collections.Concurrent;
using System.Security.Cryptography;
using Fairlead.Server.Caching.Memory;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Caching.Levels;

/// <summary>
/// Memory → Redis where configured → source (P-43, I-02). What is found below fills the levels above. One look at the
/// source at a time for each key; a removal also outdates what is on its way from the source.
/// </summary>
internal sealed partial class MultiLevelCache(
    CachingOptions options,
    TimeProvider time,
    ILogger<MultiLevelCache> logger,
    RedisLevel? redis = null,
    ICacheBus? bus = null
)
{
    private static readonly IReadOnlyList<string> NoTags = [];
    private readonly BoundedCache<Kept> memory = new(options.Policy, options.MaxEntries, options.MaxBytes, null, time);
    private readonly ConcurrentDictionary<string, CacheFlight> flights = new(StringComparer.Ordinal);
    private long memoryHits;
    private long redisHits;
    private long misses;

    private sealed record Kept(ReadOnlyMemory<byte> Value, long FreshUntil, IReadOnlyList<string> Tags);

    /// <summary>The seven figures of P-46.</summary>
    public LevelStatistics Statistics =>
        LevelStatistics.Of(
            Interlocked.Read(ref memoryHits),
            Interlocked.Read(ref redisHits),
            Interlocked.Read(ref misses)
        );

    /// <summary>What the memory level counted.</summary>
    public CacheStatistics Memory => memory.Statistics;

    /// <summary>Whether there is a Redis level and, if so, whether it is used now; null where there is none.</summary>
    public bool? RedisInUse => redis is null ? null : !redis.IsAway;

    /// <summary>The value from memory or Redis; null where neither has it.</summary>
    public async ValueTask<CacheAnswer?> GetAsync(string key)
    {
        var answer = Fresh(key) ?? (redis is null ? null : (await FromRedisAsync([key]))[0]);
        Count(answer?.Level ?? CacheLevel.Source);
        return answer;
    }

    /// <summary>The same for several in one trip to Redis.</summary>
    public async ValueTask<CacheAnswer?[]> GetManyAsync(IReadOnlyList<string> keys)
    {
        var answers = new CacheAnswer?[keys.Count];
        var missing = new List<int>();
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = Fresh(keys[i]);
            if (answers[i] is null)
                missing.Add(i);
        }
        if (redis is not null && missing.Count > 0)
        {
            var found = await FromRedisAsync([.. missing.Select(i => keys[i])]);
            for (var i = 0; i < found.Length; i++)
                answers[missing[i]] = found[i];
        }
        foreach (var answer in answers)
            Count(answer?.Level ?? CacheLevel.Source);
        return answers;
    }

    /// <summary>The value from the first level that has it, at last from <paramref name="source"/>.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="source">Asked once, however many want it; its failure goes to all of them.</param>
    /// <param name="terms">How what it brings is kept.</param>
    /// <param name="cancellationToken">Gives up waiting; the source stops when nobody waits.</param>
    public async ValueTask<CacheAnswer> GetOrCreateAsync(
        string key,
        Func<CancellationToken, ValueTask<CacheSource>> source,
        CacheTerms terms,
        CancellationToken cancellationToken
    )
    {
        if (Fresh(key) is { } fresh)
        {
            Count(CacheLevel.Memory);
            return fresh;
        }
        CacheFlight flight;
        while (true)
        {
            var mine = new CacheFlight { Tags = terms.Tags ?? NoTags };
            flight = flights.GetOrAdd(key, mine);
            if (!flight.TryJoin())
            {
                flights.TryRemove(new(key, flight));
                continue;
            }
            if (ReferenceEquals(flight, mine))
                _ = mine.RunAsync(
                    token => LoadAsync(mine, key, source, terms, token),
                    () => flights.TryRemove(new(key, mine))
                );
            break;
        }
        var level = CacheLevel.Source;
        try
        {
            var answer = await flight.WaitAsync(cancellationToken);
            level = answer.Level;
            return answer;
        }
        finally
        {
            Count(level);
        }
    }

    /// <summary>Sets in memory and, unless local, in Redis (P-44).</summary>
    public async ValueTask SetAsync(string key, ReadOnlyMemory<byte> value, CacheTerms terms)
    {
        var begun = time.GetTimestamp();
        Outdate((k, _) => k == key);
        await KeepAsync(key, value, terms, options.L2Budget);
        // What other nodes have of it is old now.
        await TellAsync([new(RemovalKind.Key, key)], begun);
    }

    /// <summary>Removes from every level, here and on other nodes.</summary>
    public async ValueTask RemoveAsync(RemovalOf removal)
    {
        var begun = time.GetTimestamp();
        Forget(removal);
        IReadOnlyList<string> gone = redis is null ? [] : await redis.RemoveAsync(removal, options.L2Budget);
        if (removal.Kind is not RemovalKind.Tag)
        {
            await TellAsync([removal], begun);
            return;
        }
        // Other nodes may have them from Redis, which does not tell tags: so they are told the keys.
        foreach (var key in gone)
            Forget(new(RemovalKind.Key, key));
        RemovalOf[] all =
            gone.Count > 1000
                ? [new(RemovalKind.Prefix, "")]
                : [removal, .. gone.Select(k => new RemovalOf(RemovalKind.Key, k))];
        await TellAsync(all, begun);
    }

    /// <summary>Removes from this process only; returns how many entries went.</summary>
    public int Forget(RemovalOf removal)
    {
        Outdate((key, tags) => Matches(removal, key, tags));
        return removal.Kind is RemovalKind.Key
            ? memory.Remove(removal.Name)
                ? 1
                : 0
            : memory.RemoveWhere((key, kept) => Matches(removal, key, kept.Tags));
    }

    /// <summary>Removes what has expired, for good.</summary>
    public int CleanupExpired() => memory.CleanupExpired();

    private static bool Matches(RemovalOf removal, string key, IReadOnlyList<string> tags) =>
        removal.Kind switch
        {
            RemovalKind.Key => key == removal.Name,
            RemovalKind.Prefix => key.StartsWith(removal.Name, StringComparison.Ordinal),
            _ => tags.Contains(removal.Name),
        };

    private CacheAnswer? Fresh(string key) =>
        memory.TryGet(key, out var kept) && kept.FreshUntil > time.GetTimestamp()
            ? new CacheAnswer(kept.Value, CacheLevel.Memory)
            : null;

    private async Task<CacheAnswer> LoadAsync(
        CacheFlight flight,
        string key,
        Func<CancellationToken, ValueTask<CacheSource>> source,
        CacheTerms terms,
        CancellationToken cancellationToken
    )
    {
        // One that was faster has filled it between our look and our flight.
        if (Fresh(key) is { } fresh)
            return fresh;
        var budget = options.L2Budget;
        if (redis is not null && !terms.Local)
        {
            var begun = time.GetTimestamp();
            var found = await redis.GetAsync(key, budget);
            budget -= time.GetElapsedTime(begun);
            if (found is var (value, left))
            {
                if (!flight.IsOutdated)
                    Remember(key, value, L1(left), terms.Tags ?? NoTags);
                return new(value, CacheLevel.Redis);
            }
        }
        CacheSource brought;
        Kept? stale = null;
        try
        {
            brought = await source(cancellationToken);
        }
        catch (Exception failure)
            when (options.FailSafe > 0 && !cancellationToken.IsCancellationRequested && memory.TryGet(key, out stale))
        {
            LogStale(failure, key);
            return new(stale!.Value, CacheLevel.Stale);
        }
        if (brought.Keep && !flight.IsOutdated)
        {
            await KeepAsync(key, brought.Value, terms, budget);
            // Removed between the question and the keeping: what was kept goes again.
            if (flight.IsOutdated)
                await RemoveAsync(new(RemovalKind.Key, key));
        }
        return new(brought.Value, CacheLevel.Source);
    }

    private async ValueTask<CacheAnswer?[]> FromRedisAsync(string[] keys)
    {
        var found = await redis!.GetManyAsync(keys, options.L2Budget);
        var answers = new CacheAnswer?[keys.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            if (found[i] is not var (value, left))
                continue;
            Remember(keys[i], value, L1(left), NoTags);
            answers[i] = new(value, CacheLevel.Redis);
        }
        return answers;
    }

    private async ValueTask KeepAsync(string key, ReadOnlyMemory<byte> value, CacheTerms terms, TimeSpan budget)
    {
        if (value.Length > options.MaxValueBytes)
            return;
        var tags = terms.Tags ?? NoTags;
        if (redis is null || terms.Local)
        {
            Remember(key, value, Shorter(terms.Ttl ?? TimeSpan.FromSeconds(options.TtlDefault)), tags);
            return;
        }
        var life = Shorter(terms.Ttl ?? TimeSpan.FromSeconds(options.L2));
        Remember(key, value, L1(life), tags);
        await redis.SetAsync(key, value, life, tags, budget);
    }

    private void Remember(string key, ReadOnlyMemory<byte> value, TimeSpan ttl, IReadOnlyList<string> tags)
    {
        var fresh = time.GetTimestamp() + (long)(Math.Min(ttl.TotalSeconds, int.MaxValue) * time.TimestampFrequency);
        memory.Set(key, new Kept(value, fresh, tags), ttl + TimeSpan.FromSeconds(options.FailSafe), value.Length);
    }

    private TimeSpan L1(TimeSpan? left)
    {
        var most = Shorter(TimeSpan.FromSeconds(options.L1));
        return left is { } life && life < most ? life : most;
    }

    private TimeSpan Shorter(TimeSpan life) =>
        options.Jitter == 0
            ? life
            : life * (1 - options.Jitter * RandomNumberGenerator.GetInt32(1_000_000) / 1_000_000);

    private void Outdate(Func<string, IReadOnlyList<string>, bool> match)
    {
        foreach (var (key, flight) in flights)
        {
            if (!match(key, flight.Tags))
                continue;
            flight.IsOutdated = true;
            // Who asks from now on gets a look that begins after the change.
            flights.TryRemove(new(key, flight));
        }
    }

    // All of it within one budget; what is not told by then goes on without the caller.
    private async ValueTask TellAsync(IReadOnlyList<RemovalOf> removals, long begun)
    {
        if (bus is null)
            return;
        var told = bus.PublishAsync(removals);
        var left = options.L2Budget - time.GetElapsedTime(begun);
        if (left > TimeSpan.Zero)
            await Task.WhenAny(told, Task.Delay(left, time, CancellationToken.None));
    }

    private void Count(CacheLevel level)
    {
        if (level is CacheLevel.Memory)
            Interlocked.Increment(ref memoryHits);
        else if (level is CacheLevel.Redis)
            Interlocked.Increment(ref redisHits);
        else
            Interlocked.Increment(ref misses);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The source of {Key} failed; a value past its end serves")]
    private partial void LogStale(Exception failure, string key);
}

/// <summary>How often each level had it; rates are percent with 2 decimals (P-46, C-40).</summary>
internal sealed record LevelStatistics(
    long L1Hits,
    long L2Hits,
    long Misses,
    long TotalRequests,
    double L1HitRate,
    double L2HitRate,
    double OverallHitRate
)
{
    public static LevelStatistics Of(long l1, long l2, long misses)
    {
        var all = l1 + l2 + misses;
        return new(
            l1,
            l2,
            misses,
            all,
            CacheStatistics.Percent(l1, all),
            CacheStatistics.Percent(l2, all),
            CacheStatistics.Percent(l1 + l2, all)
        );
    }
}
