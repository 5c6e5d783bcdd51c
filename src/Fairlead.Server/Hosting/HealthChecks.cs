using System.Text.Json.Serialization;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Calls;

namespace Fairlead.Server.Hosting;

/// <summary>State of one part.</summary>
internal sealed record HealthCheckView(string Status, string? Detail)
{
    [JsonIgnore]
    public bool IsHealthy => Status == HealthChecks.Healthy;
}

/// <summary>Looks at the parts of the gateway, from memory alone (I-24).</summary>
internal sealed class HealthChecks(
    StoreWatcher store,
    ServiceSlots slots,
    CallLog log,
    MultiLevelCache cache,
    SharedLimits limits
)
{
    public const string Healthy = "healthy";
    public const string Degraded = "degraded";

    /// <summary>Whether the store can be reached.</summary>
    public HealthCheckView Database =>
        store.Health is { Reachable: true } ? new(Healthy, null) : new(Degraded, "the store cannot be reached");

    /// <summary>All parts by name; Redis only where there is one.</summary>
    /// <param name="named">Whether services are named: strangers learn only how many are down.</param>
    public IReadOnlyDictionary<string, HealthCheckView> Look(bool named)
    {
        var checks = new Dictionary<string, HealthCheckView>
        {
            ["database"] = Database,
            ["services"] = Services(named),
            ["call_log"] = CallLog,
        };
        if (cache.RedisInUse is { } used)
            checks["redis"] = Redis(used);
        return checks;
    }

    // What is not shared is cut into parts, so that all nodes together let through no more than one limit (security.md 5).
    private HealthCheckView Redis(bool isUsed) =>
        (isUsed, limits.Parts) switch
        {
            (true, 1) => new(Healthy, limits.Nodes > 1 ? $"{limits.Nodes} nodes keep the limits together" : null),
            (true, var parts) => new(
                Degraded,
                $"answers, but other nodes are not heard: each node lets through 1/{parts} of every limit"
            ),
            (false, 1) => new(Degraded, "cannot be reached; memory serves alone"),
            (false, var parts) => new(
                Degraded,
                $"cannot be reached; memory serves alone, and each node lets through 1/{parts} of every limit"
            ),
        };

    private HealthCheckView CallLog =>
        log.Health.LastError is null
            ? new(Healthy, log.Health.Dropped == 0 ? null : $"{log.Health.Dropped} rows dropped since the start")
            : new(Degraded, $"cannot be written; {log.Health.Dropped} rows dropped since the start");

    // A service an operator stopped is as intended, and so is a lazy one that nobody uses; one that should run and does
    // not makes the whole degraded.
    private HealthCheckView Services(bool named)
    {
        var wanted = store.Current.Services.Where(s => s.Enabled).ToList();
        var down = wanted
            .Where(s => slots.Get(s.Id).State is not ({ Status: ServiceStatus.Running } or { IsAsleep: true }))
            .Select(s => s.Name)
            .ToList();
        return down.Count == 0
            ? new(Healthy, $"{wanted.Count} running or asleep")
            : new(
                Degraded,
                named
                    ? $"not running: {string.Join(", ", down.Take(20))}"
                    : $"{down.Count} of {wanted.Count} not running"
            );
    }
}
