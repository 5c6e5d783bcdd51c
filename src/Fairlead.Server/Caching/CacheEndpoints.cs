using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Caching;

/// <summary>What the cache did since the start of this node. Rates are percent, 0 to 100 with 2 decimals.</summary>
internal sealed record CacheStatsView
{
    [Description("Look-ups answered from memory.")]
    public required long L1Hits { get; init; }

    [Description("Look-ups answered from Redis.")]
    public required long L2Hits { get; init; }

    [Description("Look-ups nothing answered.")]
    public required long Misses { get; init; }
    public required long TotalRequests { get; init; }

    [Description("Percent of the look-ups answered from memory.")]
    public required double L1HitRate { get; init; }

    [Description("Percent of the look-ups answered from Redis.")]
    public required double L2HitRate { get; init; }

    [Description("Percent of the look-ups answered from memory or Redis.")]
    public required double OverallHitRate { get; init; }

    [Description("Entries in memory.")]
    public required int Size { get; init; }

    [Description("Bytes in memory.")]
    public required long Bytes { get; init; }

    [Description("Entries that gave way to others.")]
    public required long Evictions { get; init; }

    [Description("off, in_use, or away while it does not answer and is left alone.")]
    public required string Redis { get; init; }
}

/// <summary>What to remove; neither of them removes everything.</summary>
internal sealed record ClearCacheRequest
{
    [Description("Removes keys that begin so, for example user:.")]
    public string? Prefix { get; init; }

    [Description("Removes what was kept with this tag; not together with prefix.")]
    public string? Tag { get; init; }
}

/// <param name="Removed">Entries that went from this node's memory.</param>
internal sealed record ClearedCacheView(int Removed);

/// <summary>The cache for operators.</summary>
internal static class CacheEndpoints
{
    public static void Map(RouteGroupBuilder cache)
    {
        cache
            .MapGet("/stats", Stats)
            .WithName("cache.stats")
            .WithSummary("How often each level of this node's cache answered.");
        cache
            .MapPost("/clear", ClearAsync)
            .WithName("cache.clear")
            .WithSummary("Removes entries by prefix or tag, or all of them, on every node.");
    }

    private static RestResult<CacheStatsView> Stats(MultiLevelCache cache)
    {
        var (levels, memory) = (cache.Statistics, cache.Memory);
        return RestResult.Ok(
            new CacheStatsView
            {
                L1Hits = levels.L1Hits,
                L2Hits = levels.L2Hits,
                Misses = levels.Misses,
                TotalRequests = levels.TotalRequests,
                L1HitRate = levels.L1HitRate,
                L2HitRate = levels.L2HitRate,
                OverallHitRate = levels.OverallHitRate,
                Size = memory.Size,
                Bytes = memory.Bytes,
                Evictions = memory.Evictions,
                Redis = cache.RedisInUse switch
                {
                    null => "off",
                    true => "in_use",
                    false => "away",
                },
            }
        );
    }

    private static async Task<RestResult<ClearedCacheView>> ClearAsync(
        ClearCacheRequest request,
        HttpContext http,
        MultiLevelCache cache
    )
    {
        AuditNote.Of(http).Details = JsonSerializer.Serialize(request, CachingJson.Default.ClearCacheRequest);
        if (request is { Prefix: not null, Tag: not null })
            return RestResult.Fail("INVALID_PARAMETER", "Give a prefix or a tag, not both.", "tag");
        if (request.Prefix is "" || request.Tag is "")
            return RestResult.Fail(
                "INVALID_PARAMETER",
                "An empty text names nothing; leave it out to remove everything.",
                request.Prefix is "" ? "prefix" : "tag"
            );
        RemovalOf removal = request.Tag is { } tag
            ? new(RemovalKind.Tag, tag)
            : new(RemovalKind.Prefix, request.Prefix ?? "");
        var removed = cache.Forget(removal);
        await cache.RemoveAsync(removal);
        return RestResult.Ok(new ClearedCacheView(removed), "Cache cleared.");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<CacheStatsView>))]
[JsonSerializable(typeof(Envelope<ClearedCacheView>))]
[JsonSerializable(typeof(ClearCacheRequest))]
internal sealed partial class CachingJson : JsonSerializerContext;
