using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Toolkit.State;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.State;

/// <summary>The six figures of P-14; the rate is percent with 2 decimals, 0 without look-ups.</summary>
internal sealed record ContextStatsView(
    double UptimeSeconds,
    long RequestCount,
    long ErrorCount,
    long CacheHits,
    long CacheMisses,
    double CacheHitRate
);

/// <summary>Of all runs of all nodes on this store (P-35).</summary>
internal sealed record LifetimeView(
    [property: Description("Requests of all runs, without those of this node's last minute.")]
        long TotalLifetimeRequests,
    [property: Description("When a node last stopped in order; null where none has yet.")] string? LastShutdown,
    [property: Description("Sessions that are kept now.")] int Sessions
);

/// <summary>State for operators.</summary>
internal static class StateEndpoints
{
    public static void Map(RouteGroupBuilder state)
    {
        state
            .MapGet("/stats", Stats)
            .WithName("state.stats")
            .WithSummary("Uptime, requests and cache look-ups of this node since its start.");
        state
            .MapGet("/application", Application)
            .WithName("state.application")
            .WithSummary("Requests, connections and calls by tool of this node since its start.");
        state
            .MapGet("/performance", Performance)
            .WithName("state.performance")
            .WithSummary("Times of this node's last 1000 requests, its memory and processor.");
        state
            .MapGet("/lifetime", LifetimeAsync)
            .WithName("state.lifetime")
            .WithSummary("Requests of all runs, and the last stop.");
    }

    private static RestResult<ContextStatsView> Stats(ApplicationState application, MultiLevelCache cache)
    {
        var (all, levels) = (application.Statistics(), cache.Statistics);
        return RestResult.Ok(
            new ContextStatsView(
                all.UptimeSeconds,
                all.TotalRequests,
                all.TotalErrors,
                levels.L1Hits + levels.L2Hits,
                levels.Misses,
                levels.OverallHitRate
            )
        );
    }

    private static RestResult<ApplicationStatistics> Application(ApplicationState application) =>
        RestResult.Ok(application.Statistics());

    private static RestResult<PerformanceView> Performance(PerformanceWindow window) => RestResult.Ok(window.View());

    private static async Task<RestResult<LifetimeView>> LifetimeAsync(
        PersistentState state,
        SessionStates sessions,
        CancellationToken cancellationToken
    ) =>
        RestResult.Ok(
            new LifetimeView(
                await state.GetAsync(StateUpkeep.LifetimeRequests, cancellationToken)
                    is { ValueKind: JsonValueKind.Number } number
                    ? number.GetInt64()
                    : 0,
                await state.GetAsync(StateUpkeep.LastShutdown, cancellationToken)
                    is { ValueKind: JsonValueKind.String } text
                    ? text.GetString()
                    : null,
                await sessions.CountAsync(cancellationToken)
            )
        );
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<ContextStatsView>))]
[JsonSerializable(typeof(Envelope<ApplicationStatistics>))]
[JsonSerializable(typeof(Envelope<PerformanceView>))]
[JsonSerializable(typeof(Envelope<LifetimeView>))]
internal sealed partial class StateRestJson : JsonSerializerContext;
