using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Caching.Memory;
using Fairlead.Toolkit.Caching;
using Fairlead.Toolkit.State;

namespace Fairlead.Server.State;

/// <summary>What this process knows of itself (P-14, P-31, P-32). Counting is interlocked, nothing waits.</summary>
internal sealed class ApplicationState(IToolCache cache, MultiLevelCache levels, TimeProvider time) : IApplicationState
{
    // Names come from clients, too: they must not decide how much memory is used (P-115).
    private const int MaxTools = 1000;
    private const string Other = "_other";
    private readonly ConcurrentDictionary<string, Counter> tools = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> connections = new(StringComparer.Ordinal);
    private readonly long started = time.GetTimestamp();
    private long requests;
    private long errors;
    private int known;

    private sealed class Counter
    {
        public long Value;
        public long Errors;
    }

    public DateTimeOffset StartTime { get; } = time.GetUtcNow();
    public string Version { get; init; } = "1.0.0";
    public IToolCache Cache => cache;

    /// <summary>Requests that ended since the start.</summary>
    public long Requests => Interlocked.Read(ref requests);

    public void CountRequest(string? tool, bool success)
    {
        Interlocked.Increment(ref requests);
        if (!success)
            Interlocked.Increment(ref errors);
        if (tool is null)
            return;
        var counter = Of(tool);
        Interlocked.Increment(ref counter.Value);
        if (!success)
            Interlocked.Increment(ref counter.Errors);
    }

    public bool Connect(string id) => connections.TryAdd(id, true);

    public bool Disconnect(string id) => connections.TryRemove(id, out _);

    public ApplicationStatistics Statistics()
    {
        var (all, failed, up) = (Requests, Interlocked.Read(ref errors), time.GetElapsedTime(started));
        return new()
        {
            Version = Version,
            UptimeSeconds = Math.Round(up.TotalSeconds, 3),
            UptimeFormatted = $"{(int)up.TotalDays}d {up:hh\\:mm\\:ss}",
            TotalRequests = all,
            TotalErrors = failed,
            ErrorRate = CacheStatistics.Percent(failed, all),
            ActiveConnections = connections.Count,
            ToolCalls = tools.ToDictionary(t => t.Key, t => Interlocked.Read(ref t.Value.Value)),
            CacheSize = levels.Memory.Size,
        };
    }

    /// <summary>Calls of tools and how they went .</summary>
    public CallMetrics CallMetrics()
    {
        var now = tools.ToDictionary(
            static t => t.Key,
            static t => (Calls: Interlocked.Read(ref t.Value.Value), Errors: Interlocked.Read(ref t.Value.Errors))
        );
        var (calls, errors) = (now.Values.Sum(static t => t.Calls), now.Values.Sum(static t => t.Errors));
        return new(
            calls,
            now.ToDictionary(static t => t.Key, static t => t.Value.Calls),
            now.ToDictionary(static t => t.Key, static t => CacheStatistics.Percent(t.Value.Errors, t.Value.Calls)),
            calls == 0 ? 100 : CacheStatistics.Percent(Math.Max(0, calls - errors), calls)
        );
    }

    private Counter Of(string tool)
    {
        if (tools.TryGetValue(tool, out var counter))
            return counter;
        if (Volatile.Read(ref known) >= MaxTools)
            tool = Other;
        else
            Interlocked.Increment(ref known);
        return tools.GetOrAdd(tool, static _ => new Counter());
    }
}

/// <summary>Calls of tools; rates are percent, 0 to 100 with 2 decimals (A-42, C-40).</summary>
internal sealed record CallMetrics(
    [property: JsonPropertyName("total_calls")] long TotalCalls,
    [property: JsonPropertyName("tool_calls")] IReadOnlyDictionary<string, long> ToolCalls,
    [property: JsonPropertyName("error_rates")] IReadOnlyDictionary<string, double> ErrorRates,
    [property: JsonPropertyName("success_rate")] double SuccessRate
);
