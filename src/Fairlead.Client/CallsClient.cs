using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>The call log (requirement A-60).</summary>
public sealed class CallsClient
{
    private readonly RestConnection rest;

    private readonly RestFollower follower;

    internal CallsClient(RestConnection rest, RestFollower follower)
    {
        this.rest = rest;
        this.follower = follower;
    }

    /// <summary>Calls, the newest first, fetched a page at a time as they are asked for.</summary>
    /// <param name="filter">Which calls; null: all.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public async IAsyncEnumerable<CallRecord> ListAsync(
        CallFilter? filter = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var query = "limit=200" + Query(filter ?? new CallFilter());
        for (long? before = null; ; )
        {
            var page = await rest.GetAsync(
                before is { } id ? $"calls?{query}&before_id={id}" : $"calls?{query}",
                ClientJson.Default.EnvelopeCallPage,
                cancellationToken
            );
            foreach (var call in page.Calls)
                yield return call;
            if (page.NextBeforeId is null)
                yield break;
            before = page.NextBeforeId;
        }
    }

    /// <summary>
    /// Calls as they are logged, within about a second; a lost connection is made again and goes on where it was cut, with
    /// nothing lost or repeated.
    /// </summary>
    /// <param name="filter">Which calls; null: all. <see cref="CallFilter.To"/> is not looked at.</param>
    /// <param name="last">How many of the calls there are come first, 0 to 500.</param>
    /// <param name="interrupted">Told what broke the connection, and null when it is back.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="FairleadApiException">The gateway refused, also later: the access token expired.</exception>
    public async IAsyncEnumerable<CallRecord> FollowAsync(
        CallFilter? filter = null,
        int last = 0,
        IProgress<Exception?>? interrupted = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var query = Query((filter ?? new CallFilter()) with { To = null });
        await foreach (
            var json in follower.FollowAsync(
                $"calls/stream?last={last}{query}",
                id => $"calls/stream?after_id={id}{query}",
                interrupted,
                cancellationToken
            )
        )
            yield return JsonSerializer.Deserialize(json, ClientJson.Default.CallRecord)!;
    }

    private static string Query(CallFilter filter)
    {
        var query = new StringBuilder();
        Add("tool_name", filter.ToolName);
        Add("method", filter.Method);
        Add("group_id", filter.GroupId);
        Add("service_id", filter.ServiceId);
        Add("caller_app_id", filter.CallerAppId);
        Add("user_id", filter.UserId);
        Add("success", filter.Success is { } success ? (success ? "true" : "false") : null);
        Add("text", filter.Text);
        Add("from", filter.From?.ToString("o", CultureInfo.InvariantCulture));
        Add("to", filter.To?.ToString("o", CultureInfo.InvariantCulture));
        return query.ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
                query.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}

/// <summary>Which calls are wanted; null means any.</summary>
public sealed record CallFilter
{
    /// <summary>Exposed name of the tool or prompt, or the resource's URI.</summary>
    public string? ToolName { get; init; }

    /// <summary>MCP method, e.g. <c>tools/call</c>.</summary>
    public string? Method { get; init; }

    /// <summary>The group the call came through.</summary>
    public string? GroupId { get; init; }

    /// <summary>The service that was called.</summary>
    public string? ServiceId { get; init; }

    /// <summary>What the client calls itself.</summary>
    public string? CallerAppId { get; init; }

    /// <summary>The user the call was made for.</summary>
    public string? UserId { get; init; }

    /// <summary>Only successful calls, or only failed ones.</summary>
    public bool? Success { get; init; }

    /// <summary>Part of the method, name, caller, user, error or body, in any case.</summary>
    public string? Text { get; init; }

    /// <summary>Begun at or after this time.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Begun before this time.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>One logged call.</summary>
public sealed record CallRecord
{
    /// <summary>Grows with time.</summary>
    public required long Id { get; init; }

    /// <summary>When it began, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Leads to the gateway's log.</summary>
    public required string RequestId { get; init; }

    /// <summary>MCP method.</summary>
    public required string Method { get; init; }

    /// <summary>Exposed name of the tool or prompt, or the resource's URI; null for other methods.</summary>
    public string? ToolName { get; init; }

    /// <summary>The group it came through.</summary>
    public string? GroupId { get; init; }

    /// <summary>The service that was called; null for what the gateway answers itself.</summary>
    public string? ServiceId { get; init; }

    /// <summary>What the client calls itself.</summary>
    public string? CallerAppId { get; init; }

    /// <summary>The user it was made for.</summary>
    public string? UserId { get; init; }

    /// <summary>Whether it succeeded.</summary>
    public bool Success { get; init; }

    /// <summary>JSON-RPC error code; 0 when there was none.</summary>
    public int ErrorCode { get; init; }

    /// <summary>What went wrong; null when nothing did.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>How long it took, in milliseconds.</summary>
    public double DurationMs { get; init; }

    /// <summary>The request, masked and cut to 4 KiB; null where it is not kept.</summary>
    public string? RequestData { get; init; }

    /// <summary>The answer, masked and cut to 4 KiB; null where it is not kept.</summary>
    public string? ResponseData { get; init; }
}

internal sealed record CallPage(IReadOnlyList<CallRecord> Calls, long? NextBeforeId);
