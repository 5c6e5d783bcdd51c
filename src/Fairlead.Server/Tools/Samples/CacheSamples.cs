using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Caching;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record CachedData(string key, bool cached, JsonElement? value = null);

internal sealed record StoredData(string key, bool stored, int ttl);

internal sealed record Counted(string subject, bool cached, IReadOnlyDictionary<string, int> counts);

/// <summary>The cache by hand: under a key of one's own, and in front of the database.</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "cache")]
internal sealed class CacheSamples(SampleDb db, IToolCache cache)
{
    /// <summary>Begin of keys that callers choose (P-11).</summary>
    public const string Own = "cache:";

    /// <summary>Begin of keys of counts.</summary>
    public const string Counts = "count:";
    private const int LongestKey = 200;
    private const int LongestValue = 64 * 1024;

    [McpServerTool(Name = "get_cached_data", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Tells what is cached under a key, and whether anything is.")]
    public async Task<CachedData> GetCachedDataAsync(
        [Description("The key."), StringLength(LongestKey, MinimumLength = 1)] string key,
        CancellationToken cancellationToken
    )
    {
        var found = await cache.GetAsync<JsonElement>(Own + key, cancellationToken);
        return new(key, found.IsCached, found.IsCached ? found.Value : null);
    }

    [McpServerTool(Name = "set_cached_data", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Caches a value under a key; what was there is replaced.")]
    public async Task<StoredData> SetCachedDataAsync(
        [Description("The key."), StringLength(LongestKey, MinimumLength = 1)] string key,
        [Description("Any JSON value of at most 64 KiB.")] JsonElement value,
        [Description("Its life in seconds, 1 to 86400."), Range(1, 86400)] int ttl = 3600,
        CancellationToken cancellationToken = default
    )
    {
        if (value.GetRawText().Length > LongestValue)
            throw Failure.Of("too_large", "A value has at most 64 KiB.");
        await cache.SetAsync(Own + key, value, new() { Ttl = TimeSpan.FromSeconds(ttl) }, cancellationToken);
        return new(key, true, ttl);
    }

    [McpServerTool(Name = "query_data", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Counts rows of the database by kind: from the cache where they are there, else by a query.")]
    public async Task<Counted> QueryDataAsync(
        [Description("users, conversations, projects or treatments.")]
        [AllowedValues("users", "conversations", "projects", "treatments")]
            string subject,
        CancellationToken cancellationToken
    )
    {
        var found = await cache.GetOrCreateAsync(
            Counts + subject,
            token => new ValueTask<Dictionary<string, int>>(CountAsync(db, subject, token)),
            cancellationToken: cancellationToken
        );
        return new(subject, found.IsCached, found.Value!);
    }

    [McpServerTool(Name = "cache_data", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Counts now and caches the counts, so that the next query_data need not.")]
    public async Task<StoredData> CacheDataAsync(
        [Description("users, conversations, projects or treatments.")]
        [AllowedValues("users", "conversations", "projects", "treatments")]
            string subject,
        [Description("Life in seconds, 1 to 86400."), Range(1, 86400)] int ttl = 3600,
        CancellationToken cancellationToken = default
    )
    {
        var counts = await CountAsync(db, subject, cancellationToken);
        await cache.SetAsync(Counts + subject, counts, new() { Ttl = TimeSpan.FromSeconds(ttl) }, cancellationToken);
        return new(subject, true, ttl);
    }

    /// <summary>How many rows of each kind there are.</summary>
    public static async Task<Dictionary<string, int>> CountAsync(
        SampleDb db,
        string subject,
        CancellationToken cancellationToken
    )
    {
        var kinds = await db.UseAsync(
            rows =>
                (
                    subject switch
                    {
                        "users" => rows.Users.Select(static u => u.Enabled ? "active" : "disabled"),
                        "conversations" => rows.Conversations.Select(static c => c.Status),
                        "projects" => rows.SampleProjects.Select(static p => p.Category),
                        _ => rows.SampleTreatments.Select(static t => t.State),
                    }
                )
                    .GroupBy(static kind => kind)
                    .Select(static g => new { g.Key, Count = g.Count() })
                    .ToListAsync(cancellationToken),
            cancellationToken
        );
        return kinds.ToDictionary(static k => k.Key, static k => k.Count);
    }
}
