using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Fairlead.Server.Telemetry.Redact;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Caching;
using Fairlead.Toolkit.State;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record SearchResult(string query, IReadOnlyList<ProjectInfo> results, bool cached);

internal sealed record LocalHits(string query, IReadOnlyList<ProjectInfo> results);

internal sealed record DatedHits(string query, IReadOnlyList<ProjectInfo> results, string searched_at);

internal sealed record LoggedHits(
    IReadOnlyList<ProjectInfo> results,
    int result_count,
    double duration_ms,
    Guid request_id
);

internal sealed record WebHits(string query, string source, JsonElement results);

/// <summary>Searching, with each way of not searching twice (P-33, P-55, P-102).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "search")]
internal sealed partial class SearchSamples(
    SampleSearch search,
    IApplicationState application,
    HttpClient http,
    SamplesOptions options,
    ILogger<SearchSamples> logger
)
{
    /// <summary>Begin of this tool's keys in the application's cache (P-33).</summary>
    public const string Key = "search:";
    private const int LongestQuery = 1000;
    private const int MostHits = 20;

    [McpServerTool(Name = "search", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Searches what is offered; tells whether the result was cached. In other groups, search finds tools.")]
    public async Task<SearchResult> SearchAsync(
        [Description("Words, 1 to 1000 characters."), StringLength(LongestQuery, MinimumLength = 1)] string query,
        CancellationToken cancellationToken
    )
    {
        var found = await application.Cache.GetOrCreateAsync(
            Key + query,
            token => new ValueTask<IReadOnlyList<ProjectInfo>>(search.FindAsync(query, MostHits, token)),
            cancellationToken: cancellationToken
        );
        return new(query, found.Value!, found.IsCached);
    }

    [McpServerTool(Name = "local_search", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Searches what is offered, in the database.")]
    public async Task<LocalHits> LocalSearchAsync(
        [Description("Words, 1 to 1000 characters."), StringLength(LongestQuery, MinimumLength = 1)] string query,
        [Description("Most results, 1 to 20."), Range(1, MostHits)] int limit = 10,
        CancellationToken cancellationToken = default
    ) => new(query, await search.FindAsync(query, limit, cancellationToken));

    // The gateway keeps the whole result: the method does not run again, so searched_at stays.
    [Cached(120, ResultScope.Public)]
    [McpServerTool(Name = "cached_search", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Searches what is offered; the same query has the same result for two minutes.")]
    public async Task<DatedHits> CachedSearchAsync(
        CallContext context,
        [Description("Words, 1 to 1000 characters."), StringLength(LongestQuery, MinimumLength = 1)] string query
    ) =>
        new(
            query,
            await search.FindAsync(query, MostHits, context.CancellationToken),
            context.StartedAt.UtcDateTime.ToString("O")
        );

    [McpServerTool(Name = "web_search", ReadOnly = true, OpenWorld = true, UseStructuredContent = true)]
    [Description("Asks the search engine that the operator has set (Samples:WebSearchUrl).")]
    public async Task<WebHits> WebSearchAsync(
        [Description("Words, 1 to 1000 characters."), StringLength(LongestQuery, MinimumLength = 1)] string query,
        CancellationToken cancellationToken
    )
    {
        if (options.SearchAddress(query) is not { } url)
            throw Failure.Of("not_configured", "No search engine is set: set Samples:WebSearchUrl to its address.");
        var answer = await Fetching.GetAsync(http, url, cancellationToken);
        return answer is { status: >= 200 and <= 299, body.ValueKind: JsonValueKind.Object or JsonValueKind.Array }
            ? new(query, url.Host, answer.body)
            : throw Failure.Of("bad_answer", $"{url.Host} answers with status {answer.status} and no JSON.");
    }

    [McpServerTool(Name = "search_with_logging", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Searches what is offered and writes into the gateway's log what was asked and found.")]
    public async Task<LoggedHits> SearchWithLoggingAsync(
        CallContext context,
        [Description("Words, 1 to 1000 characters."), StringLength(LongestQuery, MinimumLength = 1)] string query
    )
    {
        var (user, asked) = (context.User?.Name ?? "anonymous", TextMask.Apply(query)!);
        LogStarted(user, context.Name, asked, context.RequestId);
        try
        {
            var found = await search.FindAsync(query, MostHits, context.CancellationToken);
            var time = Math.Round(context.Elapsed.TotalMilliseconds, 3);
            LogDone(user, context.Name, asked, found.Count, time, context.RequestId, "success");
            return new(found, found.Count, time, context.RequestId);
        }
        catch (Exception failure)
        {
            LogFailed(
                failure,
                user,
                context.Name,
                asked,
                context.Elapsed.TotalMilliseconds,
                context.RequestId,
                "error"
            );
            throw;
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "user:{User} tool:{Tool} query:{Query} request_id:{RequestId} begins"
    )]
    private partial void LogStarted(string user, string tool, string query, Guid requestId);

    // P-58
    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "user:{User} tool:{Tool} query:{Query} result_count:{ResultCount} duration_ms:{DurationMs} request_id:{RequestId} status:{Status}"
    )]
    private partial void LogDone(
        string user,
        string tool,
        string query,
        int resultCount,
        double durationMs,
        Guid requestId,
        string status
    );

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "user:{User} tool:{Tool} query:{Query} duration_ms:{DurationMs} request_id:{RequestId} status:{Status}"
    )]
    private partial void LogFailed(
        Exception failure,
        string user,
        string tool,
        string query,
        double durationMs,
        Guid requestId,
        string status
    );
}
