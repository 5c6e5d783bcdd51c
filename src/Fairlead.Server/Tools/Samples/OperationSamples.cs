using System.ComponentModel;
using Fairlead.Server.State;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Caching;
using Fairlead.Toolkit.State;
using Microsoft.Extensions.Hosting;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record PerformanceMetrics(double avg, double p95, double p99, int total);

internal sealed record Cleared(bool success, IReadOnlyList<string> prefixes);

internal sealed record HealthMetrics(
    long requests_total,
    long errors_total,
    double error_rate,
    double avg_ms,
    double p95_ms,
    double p99_ms,
    int active_connections
);

internal sealed record Health(string status, string version, string environment, HealthMetrics metrics);

/// <summary>What the gateway knows of itself, as tools (P-33, P-52, P-112, A-42).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "operations")]
internal sealed class OperationSamples(
    ApplicationState application,
    PerformanceWindow window,
    IToolCache cache,
    SampleDb db,
    IHostEnvironment environment
)
{
    private static readonly string[] Prefixes =
    [
        SearchSamples.Key,
        ProductionSearch.Key,
        CacheSamples.Own,
        CacheSamples.Counts,
        WorkSamples.Key,
    ];

    [McpServerTool(Name = "get_stats", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Version, uptime, requests, errors, connections, calls by tool and cached entries of this node.")]
    public ApplicationStatistics GetStats() => application.Statistics();

    [McpServerTool(Name = "clear_cache", Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Empties the cache of what the sample tools keep in it; other tools' entries stay.")]
    public async Task<Cleared> ClearCacheAsync()
    {
        foreach (var prefix in Prefixes)
            await cache.RemovePrefixAsync(prefix);
        return new(true, Prefixes);
    }

    [McpServerTool(Name = "get_performance_metrics", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Times of the last 1000 requests in ms: mean, 95th and 99th percentile, and how many they are.")]
    public PerformanceMetrics GetPerformanceMetrics()
    {
        var now = window.View();
        return new(now.AverageMs, now.P95Ms, now.P99Ms, now.Samples);
    }

    [McpServerTool(Name = "get_call_metrics", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Calls in all and by tool, and in percent: errors by tool, successes of all.")]
    public CallMetrics GetCallMetrics() => application.CallMetrics();

    [McpServerTool(Name = "health_check", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Whether all works (healthy) or the database does not (degraded), with version and figures.")]
    public async Task<Health> HealthCheckAsync(CancellationToken cancellationToken)
    {
        var (all, times) = (application.Statistics(), window.View());
        return new(
            await db.IsThereAsync(cancellationToken) ? "healthy" : "degraded",
            all.Version,
            environment.EnvironmentName,
            new(
                all.TotalRequests,
                all.TotalErrors,
                all.ErrorRate,
                times.AverageMs,
                times.P95Ms,
                times.P99Ms,
                all.ActiveConnections
            )
        );
    }
}
