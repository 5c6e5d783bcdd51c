using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Caching;
using Fairlead.Toolkit.State;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record ProcessedText(string result, int input_length, int word_count);

internal sealed record OperationStep(string step, double elapsed_seconds);

internal sealed record OperationResult(
    Guid request_id,
    IReadOnlyList<OperationStep> steps,
    string result,
    string saved_as
);

internal sealed record Primes(int limit, int count, int largest, double duration_ms);

/// <summary>A part whose source failed is null, and is written (P-54).</summary>
internal sealed record Aggregated(
    IReadOnlyList<string> failed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] IReadOnlyDictionary<string, int>? users,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] IReadOnlyDictionary<string, int>? projects,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ApplicationStatistics? application
);

/// <summary>Work of several steps, of others' machines, and of a while (P-21, P-22, P-54, P-55, P-91).</summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "operations")]
internal sealed partial class WorkSamples(
    SampleDb db,
    IToolCache cache,
    IApplicationState application,
    HttpClient http,
    ILogger<WorkSamples> logger
)
{
    /// <summary>Begin of the keys under which operations are saved.</summary>
    public const string Key = "operation:";
    private const string Steps = "steps";
    private static readonly CacheKeep Keep = new() { Ttl = TimeSpan.FromMinutes(5) };

    [McpServerTool(Name = "process_text", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Shortens a text, has the client's model translate it, or gives it back as it is.")]
    public static async Task<ProcessedText> ProcessTextAsync(
        CallContext context,
        [Description("The text, at most 20000 characters."), StringLength(20_000)] string text,
        [Description("summary, translate or passthrough.")]
        [AllowedValues("summary", "translate", "passthrough")]
            string mode = "summary",
        [Description("Language to translate into."), StringLength(40, MinimumLength = 2)] string language = "English"
    ) =>
        new(
            mode switch
            {
                "summary" => TextSummary.Of(text),
                "translate" => await context.SampleAsync(
                    text,
                    4000,
                    $"Translate the user's text into {language}. Answer with the translation only."
                ),
                _ => text,
            },
            text.Length,
            TextSummary.WordCount(text)
        );

    [McpServerTool(Name = "complex_operation", OpenWorld = false, UseStructuredContent = true)]
    [Description("Three steps, validate, process and save, that share the context of the call.")]
    public async Task<OperationResult> ComplexOperationAsync(
        CallContext context,
        [Description("What is worked on.")] string data
    )
    {
        context.Metadata[Steps] = new List<OperationStep>();
        Validate(data);
        var result = Process(data);
        var key = await SaveAsync(result);
        return new(context.RequestId, (List<OperationStep>)context.Metadata[Steps]!, result, key);
    }

    [Idempotent]
    [RateLimit(10, 60)]
    [Timeout(30)]
    [McpServerTool(Name = "expensive_operation", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Counts the primes up to a limit. Costly, so at most ten times a minute.")]
    public static Primes ExpensiveOperation(
        CallContext context,
        [Description("The limit, 2 to 20000000."), Range(2, 20_000_000)] int limit = 1_000_000
    )
    {
        var composite = new bool[limit + 1];
        var (count, largest) = (0, 0);
        for (var i = 2; i <= limit; i++)
        {
            if ((i & 0xfffff) == 0)
            {
                context.CancellationToken.ThrowIfCancellationRequested();
                context.Report(i, limit);
            }
            if (composite[i])
                continue;
            (count, largest) = (count + 1, i);
            for (long multiple = (long)i * i; multiple <= limit; multiple += i)
                composite[multiple] = true;
        }
        return new(limit, count, largest, Math.Round(context.Elapsed.TotalMilliseconds, 3));
    }

    [McpServerTool(Name = "fetch_external_api", ReadOnly = true, OpenWorld = true, UseStructuredContent = true)]
    [Description("Gets an address of the public internet. Redirects are shown, not followed.")]
    public Task<FetchedAnswer> FetchExternalApiAsync(
        [Description("http or https address."), StringLength(2000, MinimumLength = 1)] string url,
        CancellationToken cancellationToken
    ) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", UserInfo: "" }
            ? Fetching.GetAsync(http, address, cancellationToken)
            : throw Failure.Of("invalid_input", "url must be an http or https address without a password.");

    [McpServerTool(Name = "aggregate_data", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Asks several sources at once; a source that fails is null in the answer.")]
    public async Task<Aggregated> AggregateDataAsync(CancellationToken cancellationToken)
    {
        var failed = new List<string>();
        var parts = await Parts.GatherAsync(
            new Dictionary<string, Func<CancellationToken, Task<object>>>(StringComparer.Ordinal)
            {
                ["users"] = async token => await CacheSamples.CountAsync(db, "users", token),
                ["projects"] = async token => await CacheSamples.CountAsync(db, "projects", token),
                ["application"] = _ => Task.FromResult<object>(application.Statistics()),
            },
            (name, _) =>
            {
                lock (failed)
                    failed.Add(name);
            },
            cancellationToken
        );
        return new(
            [.. failed.Order(StringComparer.Ordinal)],
            (Dictionary<string, int>?)parts["users"],
            (Dictionary<string, int>?)parts["projects"],
            (ApplicationStatistics?)parts["application"]
        );
    }

    // The steps take no context: it flows to them.
    private void Validate(string data)
    {
        if (string.IsNullOrWhiteSpace(data))
            throw Failure.Of("validation_failed", "data is empty.");
        Done("validate");
    }

    private string Process(string data)
    {
        var result = TextSummary.Of(data.Trim());
        Done("process");
        return result;
    }

    private async Task<string> SaveAsync(string result)
    {
        var context = CallContext.Current!;
        var key = Key + context.RequestId;
        await cache.SetAsync(key, result, Keep, context.CancellationToken);
        Done("save");
        return key;
    }

    private void Done(string step)
    {
        var context = CallContext.Current!;
        ((List<OperationStep>)context.Metadata[Steps]!).Add(new(step, Math.Round(context.Elapsed.TotalSeconds, 3)));
        LogStep(step, context.RequestId);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "step {Step} of {RequestId} done")]
    private partial void LogStep(string step, Guid requestId);
}
