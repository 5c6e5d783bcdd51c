using BenchmarkDotNet.Attributes;
using Fairlead.Server.Caching;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Caching.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Micro;

/// <summary>A look into a full cache of the default size, and a write that makes another entry go.</summary>
public class CacheLookup
{
    private const int Entries = 2000;
    private readonly BoundedCache<byte[]> memory = new(EvictionPolicy.Lru, Entries, long.MaxValue, null);
    private readonly MultiLevelCache levels = new(
        new CachingOptions { TtlDefault = 100_000 },
        TimeProvider.System,
        NullLogger<MultiLevelCache>.Instance
    );
    private readonly ToolResultCache results;
    private readonly string[] keys = [.. Enumerable.Range(0, Entries).Select(i => $"user:{i}")];
    private readonly CacheableCall call = new("tool", "{\"text\":\"hello\",\"times\":3}"u8.ToArray(), null, null);
    private int next;

    public CacheLookup() => results = new ToolResultCache(levels);

    [GlobalSetup]
    public async Task MakeAsync()
    {
        foreach (var key in keys)
        {
            memory.Set(key, [1]);
            await levels.SetAsync(key, new byte[1], CacheTerms.Default);
        }
        await ResultAsync();
    }

    [Benchmark]
    public bool Memory() => memory.TryGet(Key(), out _);

    [Benchmark]
    public async ValueTask<bool> LevelsAsync() => await levels.GetAsync(Key()) is not null;

    [Benchmark]
    public async ValueTask<bool> ResultAsync() =>
        (
            await results.GetOrRunAsync(
                call,
                static _ => new(new ToolOutcome(new byte[100], false)),
                CancellationToken.None
            )
        ).FromCache;

    [Benchmark]
    public bool WriteOverTheBound() => memory.Set($"new:{next++}", [1]);

    private string Key() => keys[(uint)(next += 7) % Entries];
}
