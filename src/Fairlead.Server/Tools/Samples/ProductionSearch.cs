using System.ComponentModel;
using System.Text.Json;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Telemetry.Redact;
using Fairlead.Server.Tools.Binding;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Caching;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

/// <summary>One shape for success and failure, as P-111 has it.</summary>
internal sealed record ProductionAnswer(
    bool success,
    Guid request_id,
    bool? cached = null,
    IReadOnlyList<ProjectInfo>? result = null,
    string? error = null
);

/// <summary>A tool with all that one in production has: who asks, bounds, cache, log, one shape of answers (P-111).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "search")]
internal sealed partial class ProductionSearch(
    SampleSearch search,
    IToolCache cache,
    ReadUserToken readUser,
    ILogger<ProductionSearch> logger
)
{
    /// <summary>Begin of its keys in the cache.</summary>
    public const string Key = "production_search:";
    private const int LongestQuery = 1000;
    private const int MostHits = 20;
    private static readonly CacheKeep Keep = new() { Ttl = TimeSpan.FromSeconds(300) };

    [McpServerTool(
        Name = "production_search",
        ReadOnly = true,
        OpenWorld = false,
        UseStructuredContent = true,
        OutputSchemaType = typeof(ProductionAnswer)
    )]
    [Description("Searches what is offered. Answers success, cached and result, or success false and error.")]
    public async Task<CallToolResult> SearchAsync(
        CallContext context,
        [Description("Words, 1 to 1000 characters.")] string query,
        [Description("A user's token; without one the caller is anonymous."), Sensitive] string? token = null
    )
    {
        var user = string.IsNullOrEmpty(token) ? context.User?.Name ?? "anonymous" : readUser(token)?.Name;
        if (user is null)
            return Failed("authentication failed: the token is not valid", "unknown", context);
        if (string.IsNullOrWhiteSpace(query) || query.Length > LongestQuery)
            return Failed($"query must have 1 to {LongestQuery} characters", user, context);
        try
        {
            var found = await cache.GetOrCreateAsync(
                Key + query,
                stop => new ValueTask<IReadOnlyList<ProjectInfo>>(search.FindAsync(query, MostHits, stop)),
                Keep,
                context.CancellationToken
            );
            LogDone(
                user,
                context.Name,
                TextMask.Apply(query)!,
                found.Value!.Count,
                found.IsCached,
                context.Elapsed.TotalMilliseconds,
                context.RequestId
            );
            return Answer(new(true, context.RequestId, found.IsCached, found.Value));
        }
        catch (ToolFailedException failure)
        {
            return Failed(failure.Message, user, context);
        }
    }

    private CallToolResult Failed(string error, string user, CallContext context)
    {
        LogFailed(user, context.Name, error, context.Elapsed.TotalMilliseconds, context.RequestId);
        return Answer(new(false, context.RequestId, error: error));
    }

    private static CallToolResult Answer(ProductionAnswer answer)
    {
        var json = JsonSerializer.SerializeToElement(answer, MethodSchemas.Json.GetTypeInfo(typeof(ProductionAnswer)));
        return new()
        {
            Content = [new TextContentBlock { Text = json.GetRawText() }],
            StructuredContent = json,
            IsError = answer.success ? null : true,
        };
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "user:{User} tool:{Tool} query:{Query} result_count:{ResultCount} cached:{Cached} duration_ms:{DurationMs} request_id:{RequestId} status:success"
    )]
    private partial void LogDone(
        string user,
        string tool,
        string query,
        int resultCount,
        bool cached,
        double durationMs,
        Guid requestId
    );

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "user:{User} tool:{Tool} error:{Error} duration_ms:{DurationMs} request_id:{RequestId} status:error"
    )]
    private partial void LogFailed(string user, string tool, string error, double durationMs, Guid requestId);
}
