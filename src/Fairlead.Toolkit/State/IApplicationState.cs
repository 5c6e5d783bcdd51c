using System.Text.Json.Serialization;
using Fairlead.Toolkit.Caching;

namespace Fairlead.Toolkit.State;

/// <summary>What this process knows of itself since its start (P-31). All of it may be used from any thread.</summary>
public interface IApplicationState
{
    /// <summary>When it started, UTC.</summary>
    DateTimeOffset StartTime { get; }

    /// <summary>Version of the application, <c>1.0.0</c> unless set.</summary>
    string Version { get; }

    /// <summary>The cache all tools share.</summary>
    IToolCache Cache { get; }

    /// <summary>Counts a request that ended.</summary>
    /// <param name="tool">The tool it called; null for none. Beyond 1000 names the rest count as <c>_other</c>.</param>
    /// <param name="success">Whether it succeeded.</param>
    void CountRequest(string? tool, bool success);

    /// <summary>Adds a connection.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>False where it is known already.</returns>
    bool Connect(string id);

    /// <summary>Removes a connection.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>False where it is not known.</returns>
    bool Disconnect(string id);

    /// <summary>The figures as they are now.</summary>
    /// <returns>A copy.</returns>
    ApplicationStatistics Statistics();
}

/// <summary>The figures of P-32; rates are percent, 0 to 100 with 2 decimals (C-40).</summary>
public sealed record ApplicationStatistics
{
    /// <summary>Version of the application.</summary>
    [JsonPropertyName("version")]
    public required string Version { get; init; }

    /// <summary>Seconds since the start.</summary>
    [JsonPropertyName("uptime_seconds")]
    public required double UptimeSeconds { get; init; }

    /// <summary>The same for people: <c>1d 02:03:04</c>.</summary>
    [JsonPropertyName("uptime_formatted")]
    public required string UptimeFormatted { get; init; }

    /// <summary>Requests that ended.</summary>
    [JsonPropertyName("total_requests")]
    public required long TotalRequests { get; init; }

    /// <summary>Of these, the failed ones.</summary>
    [JsonPropertyName("total_errors")]
    public required long TotalErrors { get; init; }

    /// <summary>Failed requests in percent; 0 without requests.</summary>
    [JsonPropertyName("error_rate")]
    public required double ErrorRate { get; init; }

    /// <summary>Connections that are open.</summary>
    [JsonPropertyName("active_connections")]
    public required int ActiveConnections { get; init; }

    /// <summary>Calls by tool.</summary>
    [JsonPropertyName("tool_calls")]
    public required IReadOnlyDictionary<string, long> ToolCalls { get; init; }

    /// <summary>Entries in this process's cache.</summary>
    [JsonPropertyName("cache_size")]
    public required int CacheSize { get; init; }
}
