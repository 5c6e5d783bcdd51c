namespace Fairlead.Toolkit.Caching;

/// <summary>
/// The gateway's cache, for tools that keep what is dear to get: memory first, then Redis where the operator has one, then
/// your source (P-43). Cache heavy computations, external interfaces, hot reads and slow data; do not cache what is
/// live, private or asked once (P-36). Keys are shared by all tools: begin them with a word of your own
/// (<c>user:42</c>). Values are kept as JSON, so each reader has its own copy. Nothing here fails because Redis does.
/// </summary>
public interface IToolCache
{
    /// <summary>What is kept under a key.</summary>
    /// <typeparam name="T">Its type; must be readable from JSON.</typeparam>
    /// <param name="key">Its name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The value, or one that is not cached where there is none.</returns>
    ValueTask<CachedValue<T>> GetAsync<T>(string key, CancellationToken cancellationToken = default);

    /// <summary>Keeps a value; life 3600 s unless told (C-02 <c>ManualSet</c>).</summary>
    /// <typeparam name="T">Its type; must be writable as JSON.</typeparam>
    /// <param name="key">Its name.</param>
    /// <param name="value">The value.</param>
    /// <param name="keep">How it is kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask SetAsync<T>(string key, T value, CacheKeep? keep = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// What is kept under a key, else what the source brings, which is then kept. However many ask at once, the source is
    /// asked once; its exception goes to all of them and nothing is kept.
    /// </summary>
    /// <typeparam name="T">Its type; must be readable from and writable as JSON.</typeparam>
    /// <param name="key">Its name.</param>
    /// <param name="source">Brings the value; stops when nobody waits for it any more.</param>
    /// <param name="keep">How it is kept.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The value and whether it came from the cache.</returns>
    ValueTask<CachedValue<T>> GetOrCreateAsync<T>(
        string key,
        Func<CancellationToken, ValueTask<T>> source,
        CacheKeep? keep = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>Several at once: those that are not kept are brought by one call of the source (P-53).</summary>
    /// <typeparam name="T">Their type; must be readable from and writable as JSON.</typeparam>
    /// <param name="prefix">Begin of the keys: <c>user:</c> makes <c>user:42</c> of the id 42.</param>
    /// <param name="ids">Their ids; what comes twice is looked up once.</param>
    /// <param name="source">Brings those of the missing ids that there are.</param>
    /// <param name="keep">How they are kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was found, by id.</returns>
    ValueTask<IReadOnlyDictionary<string, T>> GetManyAsync<T>(
        string prefix,
        IReadOnlyCollection<string> ids,
        Func<IReadOnlyList<string>, CancellationToken, ValueTask<IReadOnlyDictionary<string, T>>> source,
        CacheKeep? keep = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>Removes a key, on every node.</summary>
    /// <param name="key">Its name.</param>
    ValueTask RemoveAsync(string key);

    /// <summary>Removes all keys that begin so, on every node (P-49).</summary>
    /// <param name="prefix">At least one character.</param>
    ValueTask RemovePrefixAsync(string prefix);

    /// <summary>Removes all that were kept with a tag, on every node.</summary>
    /// <param name="tag">The tag.</param>
    ValueTask RemoveTagAsync(string tag);

    /// <summary>Says which keys an event makes untrue (P-48). Repeated registrations add up.</summary>
    /// <param name="name">Name of the event, for example <c>user_updated</c>.</param>
    /// <param name="keys">Keys; <c>{id}</c> in them stands for the id of the event.</param>
    void OnEvent(string name, params string[] keys);

    /// <summary>Something happened: removes the keys registered for it, on every node.</summary>
    /// <param name="name">Name of the event; one without keys does nothing.</param>
    /// <param name="id">What it happened to.</param>
    ValueTask HappenedAsync(string name, string id);
}

/// <summary>A value and whether it came from the cache.</summary>
/// <typeparam name="T">Its type.</typeparam>
/// <param name="Value">The value; the type's default where there is none.</param>
/// <param name="IsCached">Whether it came from the cache.</param>
public readonly record struct CachedValue<T>(T? Value, bool IsCached);

/// <summary>How a value is kept.</summary>
public sealed record CacheKeep
{
    /// <summary>Its life; null takes the gateway's setting. Up to a tenth is taken off at random.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>By which it can be removed; none unless given.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Keeps it in this process only, never in Redis: for what is one user's own (P-36).</summary>
    public bool Local { get; init; }
}
