using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>Tools that run in the background, what became of them, and what waits for a person (R-18…R-40).</summary>
public sealed class ExecutionsClient
{
    private readonly RestConnection rest;

    internal ExecutionsClient(RestConnection rest) => this.rest = rest;

    /// <summary>Runs a tool in the background.</summary>
    /// <exception cref="FairleadApiException">
    /// <c>GROUP_NOT_FOUND</c> for a group that is not for this user; <c>RATE_LIMIT_EXCEEDED</c> when too many wait.
    /// </exception>
    public Task<ExecutionInfo> SubmitAsync(ExecutionDraft draft, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return rest.SendAsync(
            HttpMethod.Post,
            "executions",
            RestConnection.Json(draft, ClientJson.Default.ExecutionDraft),
            ClientJson.Default.EnvelopeExecutionInfo,
            cancellationToken
        );
    }

    /// <summary>Runs several, all or none; the answer has their order .</summary>
    public Task<IReadOnlyList<ExecutionInfo>> SubmitAsync(
        IReadOnlyList<ExecutionDraft> drafts,
        CancellationToken cancellationToken = default
    ) =>
        rest.SendAsync(
            HttpMethod.Post,
            "executions/batch",
            RestConnection.Json(new ExecutionBatch(drafts), ClientJson.Default.ExecutionBatch),
            ClientJson.Default.EnvelopeIReadOnlyListExecutionInfo,
            cancellationToken
        );

    /// <summary>Executions that wait or run, then those that ended not long ago, fetched a page at a time.</summary>
    /// <param name="status">One of <see cref="ExecutionStatus"/>; null for all.</param>
    /// <param name="toolName">Only of this tool.</param>
    /// <param name="correlationId">Only what belongs to this.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<ExecutionInfo> ListAsync(
        string? status = null,
        string? toolName = null,
        string? correlationId = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            "executions" + Query(("status", status), ("tool_name", toolName), ("correlation_id", correlationId)),
            ClientJson.Default.EnvelopeIReadOnlyListExecutionInfo,
            cancellationToken
        );

    /// <summary>An execution with its input and result.</summary>
    public Task<ExecutionInfo> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return rest.GetAsync(
            $"executions/{Uri.EscapeDataString(id)}",
            ClientJson.Default.EnvelopeExecutionInfo,
            cancellationToken
        );
    }

    /// <summary>Cancels an execution; false when it had ended already .</summary>
    public async Task<bool> CancelAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        var answer = await rest.SendAsync(
            HttpMethod.Post,
            $"executions/{Uri.EscapeDataString(id)}/cancel",
            null,
            ClientJson.Default.EnvelopeCancelledExecution,
            cancellationToken
        );
        return answer.Cancelled;
    }

    /// <summary>Failed executions that wait for a decision, the newest first, fetched a page at a time.</summary>
    /// <param name="state"><c>open</c>, <c>replayed</c>, <c>dismissed</c> or <c>all</c>.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<ManualExecution> ManualAsync(
        string state = "open",
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            $"executions/manual?state={Uri.EscapeDataString(state)}",
            ClientJson.Default.EnvelopeIReadOnlyListManualExecution,
            cancellationToken
        );

    /// <summary>Runs a failed execution again, once.</summary>
    /// <exception cref="FairleadApiException"><c>NOT_FOUND</c> when somebody decided on it before.</exception>
    public Task<ExecutionInfo> ReplayAsync(string manualId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(manualId);
        return rest.SendAsync(
            HttpMethod.Post,
            $"executions/manual/{Uri.EscapeDataString(manualId)}/replay",
            null,
            ClientJson.Default.EnvelopeExecutionInfo,
            cancellationToken
        );
    }

    /// <summary>Takes a failed execution out of the queue for good.</summary>
    /// <exception cref="FairleadApiException"><c>NOT_FOUND</c> when somebody decided on it before.</exception>
    public Task DismissAsync(string manualId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(manualId);
        return rest.SendAsync(
            HttpMethod.Post,
            $"executions/manual/{Uri.EscapeDataString(manualId)}/dismiss",
            null,
            ClientJson.Default.EnvelopeCancelledExecution,
            cancellationToken
        );
    }

    /// <summary>Failures of executions, the newest first, fetched a page at a time.</summary>
    /// <param name="toolName">Only of this tool.</param>
    /// <param name="severity">Only of this severity.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<FailureInfo> FailuresAsync(
        string? toolName = null,
        string? severity = null,
        CancellationToken cancellationToken = default
    ) =>
        rest.PagesAsync(
            "failures" + Query(("tool_name", toolName), ("severity", severity)),
            ClientJson.Default.EnvelopeIReadOnlyListFailureInfo,
            cancellationToken
        );

    private static string Query(params (string Name, string? Value)[] filters)
    {
        var given = filters
            .Where(f => f.Value is not null)
            .Select(f => $"{f.Name}={Uri.EscapeDataString(f.Value!)}")
            .ToList();
        return given.Count == 0 ? "" : $"?{string.Join('&', given)}";
    }
}

/// <summary>Breakers of tools that fail too often .</summary>
public sealed class BreakersClient
{
    private readonly RestConnection rest;

    internal BreakersClient(RestConnection rest) => this.rest = rest;

    /// <summary>Open breakers first, then tools that failed lately, fetched a page at a time.</summary>
    public IAsyncEnumerable<BreakerInfo> ListAsync(CancellationToken cancellationToken = default) =>
        rest.PagesAsync("breakers", ClientJson.Default.EnvelopeIReadOnlyListBreakerInfo, cancellationToken);

    /// <summary>Closes a breaker at once and forgets the tool's failures.</summary>
    public Task<BreakerInfo> ResetAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return rest.SendAsync(
            HttpMethod.Post,
            $"breakers/{Uri.EscapeDataString(id)}/reset",
            null,
            ClientJson.Default.EnvelopeBreakerInfo,
            cancellationToken
        );
    }
}
