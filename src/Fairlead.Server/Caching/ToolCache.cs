using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fairlead.Server.Caching.Levels;
using Fairlead.Toolkit.Caching;
using ModelContextProtocol;

namespace Fairlead.Server.Caching;

/// <summary>The cache as tools see it: typed, over <see cref="MultiLevelCache"/>.</summary>
internal sealed class ToolCache : IToolCache
{
    /// <summary>Event of every change of a user; its keys are of P-50.</summary>
    public const string UserUpdated = "user_updated";
    private readonly ConcurrentDictionary<string, ImmutableHashSet<string>> events = new(StringComparer.Ordinal);
    private readonly MultiLevelCache cache;
    private readonly CachingOptions options;

    public ToolCache(MultiLevelCache cache, CachingOptions options)
    {
        this.cache = cache;
        this.options = options;
        OnEvent(UserUpdated, "user:{id}", "user_list");
    }

    public async ValueTask<CachedValue<T>> GetAsync<T>(string key, CancellationToken cancellationToken = default)
    {
        Check(key);
        return await cache.GetAsync(key) is { } found ? new(Read<T>(found.Value), true) : default;
    }

    public ValueTask SetAsync<T>(
        string key,
        T value,
        CacheKeep? keep = null,
        CancellationToken cancellationToken = default
    )
    {
        Check(key);
        var terms = Terms(keep);
        return cache.SetAsync(
            key,
            Write(value),
            terms with
            {
                Ttl = terms.Ttl ?? TimeSpan.FromSeconds(options.ManualSet),
            }
        );
    }

    public async ValueTask<CachedValue<T>> GetOrCreateAsync<T>(
        string key,
        Func<CancellationToken, ValueTask<T>> source,
        CacheKeep? keep = null,
        CancellationToken cancellationToken = default
    )
    {
        Check(key);
        var answer = await cache.GetOrCreateAsync(
            key,
            async token => new CacheSource(Write(await source(token))),
            Terms(keep),
            cancellationToken
        );
        return new(Read<T>(answer.Value), answer.IsCached);
    }

    public async ValueTask<IReadOnlyDictionary<string, T>> GetManyAsync<T>(
        string prefix,
        IReadOnlyCollection<string> ids,
        Func<IReadOnlyList<string>, CancellationToken, ValueTask<IReadOnlyDictionary<string, T>>> source,
        CacheKeep? keep = null,
        CancellationToken cancellationToken = default
    )
    {
        Check(prefix);
        string[] wanted = [.. ids.Distinct(StringComparer.Ordinal)];
        var found = await cache.GetManyAsync([.. wanted.Select(id => prefix + id)]);
        var all = new Dictionary<string, T>(wanted.Length, StringComparer.Ordinal);
        var missing = new List<string>();
        for (var i = 0; i < wanted.Length; i++)
        {
            if (found[i] is { } known)
                all[wanted[i]] = Read<T>(known.Value)!;
            else
                missing.Add(wanted[i]);
        }
        if (missing.Count == 0)
            return all;
        foreach (var (id, value) in await source(missing, cancellationToken))
        {
            all[id] = value;
            await cache.SetAsync(prefix + id, Write(value), Terms(keep));
        }
        return all;
    }

    public ValueTask RemoveAsync(string key) => cache.RemoveAsync(new(RemovalKind.Key, key));

    public ValueTask RemovePrefixAsync(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        return cache.RemoveAsync(new(RemovalKind.Prefix, prefix));
    }

    public ValueTask RemoveTagAsync(string tag) => cache.RemoveAsync(new(RemovalKind.Tag, tag));

    public void OnEvent(string name, params string[] keys) =>
        events.AddOrUpdate(name, static (_, added) => [.. added], static (_, known, added) => known.Union(added), keys);

    public async ValueTask HappenedAsync(string name, string id)
    {
        foreach (var template in events.GetValueOrDefault(name, []))
            await RemoveAsync(template.Replace("{id}", id, StringComparison.Ordinal));
    }

    private static void Check(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.StartsWith(ToolResultCache.Prefix, StringComparison.Ordinal))
            throw new ArgumentException($"Keys with {ToolResultCache.Prefix} are the gateway's own.", nameof(key));
    }

    private static CacheTerms Terms(CacheKeep? keep) =>
        keep is null ? CacheTerms.Default : new(keep.Ttl, keep.Local, keep.Tags);

    // Types are the author's: they are written as tool results are.
    private static byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Type<T>());

    private static T? Read<T>(ReadOnlyMemory<byte> json) => JsonSerializer.Deserialize(json.Span, Type<T>());

    private static JsonTypeInfo<T> Type<T>() => (JsonTypeInfo<T>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(T));
}
