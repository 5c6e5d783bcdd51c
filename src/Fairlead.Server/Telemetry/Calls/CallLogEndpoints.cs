using System.ComponentModel;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Telemetry.Calls;

internal sealed record CallLogParameters(
    [property: FromQuery(Name = "tool_name"), Description("Exposed name of the tool or prompt, or the resource's URI.")]
        string? ToolName,
    [property: FromQuery(Name = "method"), Description("MCP method, for example tools/call.")] string? Method,
    [property: FromQuery(Name = "group_id"), Description("Group the call came through.")] string? GroupId,
    [property: FromQuery(Name = "service_id"), Description("Service that was called.")] string? ServiceId,
    [property: FromQuery(Name = "caller_app_id"), Description("What the client calls itself.")] string? CallerAppId,
    [property: FromQuery(Name = "user_id"), Description("User the call was made for.")] string? UserId,
    [property: FromQuery(Name = "success"), Description("Only successful calls, or only failed ones.")] bool? Success,
    [property: FromQuery(Name = "from"), Description("Begun at or after this time (RFC 3339).")] DateTimeOffset? From,
    [property: FromQuery(Name = "to"), Description("Begun before this time (RFC 3339).")] DateTimeOffset? To,
    [property:
        FromQuery(Name = "text"),
        Description("Part of the method, name, caller, user, error or body, in any case.")
    ]
        string? Text,
    [property: FromQuery(Name = "before_id"), Description("Older than this row: next_before_id of the last page.")]
        long? BeforeId,
    [property: FromQuery(Name = "limit"), Description("Rows, 1 to 500; 50 unless given.")] int? Limit
);

internal sealed record CallTailParameters(
    [property: FromQuery(Name = "tool_name"), Description("Exposed name of the tool or prompt, or the resource's URI.")]
        string? ToolName,
    [property: FromQuery(Name = "method"), Description("MCP method, for example tools/call.")] string? Method,
    [property: FromQuery(Name = "group_id"), Description("Group the call came through.")] string? GroupId,
    [property: FromQuery(Name = "service_id"), Description("Service that was called.")] string? ServiceId,
    [property: FromQuery(Name = "caller_app_id"), Description("What the client calls itself.")] string? CallerAppId,
    [property: FromQuery(Name = "user_id"), Description("User the call was made for.")] string? UserId,
    [property: FromQuery(Name = "success"), Description("Only successful calls, or only failed ones.")] bool? Success,
    [property: FromQuery(Name = "from"), Description("Begun at or after this time (RFC 3339).")] DateTimeOffset? From,
    [property:
        FromQuery(Name = "text"),
        Description("Part of the method, name, caller, user, error or body, in any case.")
    ]
        string? Text,
    [property: FromQuery(Name = "last"), Description("Rows before the first new one, 0 to 500; none unless given.")]
        int? Last,
    [property: FromQuery(Name = "after_id"), Description("Go on after this row: the id of the last event.")]
        long? AfterId
);

/// <summary>
/// A page of the call log. It is continued by id and not by page number: new rows arrive at the front all the time.
/// </summary>
internal sealed record CallLogView(IReadOnlyList<CallLogEntry> Calls, long? NextBeforeId);

/// <summary>Reading the call log over REST .</summary>
internal static class CallLogEndpoints
{
    private const int DefaultLimit = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var calls = routes.MapRest("/calls", "calls");
        calls
            .MapGet("", ListAsync)
            .WithName("calls.list")
            .WithSummary("Logged calls, newest first; bodies are masked and cut.");
        calls
            .MapGet("/stream", Follow)
            .Produces<CallLogEntry>(StatusCodes.Status200OK, RestStream.MediaType)
            .WithName("calls.stream")
            .WithSummary("Calls as they are logged, as server-sent events.")
            .WithDescription(
                "Each event is a call, its id the event's; an event named beat every 15 s says that the stream lives. Ends"
                    + " when the access token dies."
            );
    }

    private static IResult Follow(
        [AsParameters] CallTailParameters wanted,
        HttpContext http,
        CallLog log,
        CallLogQuery query,
        StorageOptions storage,
        TimeProvider time
    )
    {
        var last = wanted.Last ?? 0;
        if (last is < 0 or > CallLogQuery.MaxLimit)
            return (RestResult<CallLogEntry>)
                RestResult.Fail("INVALID_PARAMETER", $"last is 0 to {CallLogQuery.MaxLimit}.", "last");
        if (!RestStream.IsAskedFor(http))
            return (RestResult<CallLogEntry>)
                RestResult.Fail("INVALID_REQUEST", $"This is a stream: send Accept: {RestStream.MediaType}.");
        var filter = new CallLogFilter
        {
            ToolName = wanted.ToolName,
            Method = wanted.Method,
            GroupId = wanted.GroupId,
            ServiceId = wanted.ServiceId,
            CallerAppId = wanted.CallerAppId,
            UserId = wanted.UserId,
            Success = wanted.Success,
            From = wanted.From,
            Text = wanted.Text,
        };
        var tail = new CallTail(log, query, filter, last, wanted.AfterId, storage.Provider, time);
        http.Response.RegisterForDispose(tail);
        return new RestStream(tail.NextAsync);
    }

    private static async Task<RestResult<CallLogView>> ListAsync(
        [AsParameters] CallLogParameters wanted,
        CallLogQuery query,
        CancellationToken cancellationToken
    )
    {
        var limit = wanted.Limit ?? DefaultLimit;
        if (limit is < 1 or > CallLogQuery.MaxLimit)
            return RestResult.Fail("INVALID_PARAMETER", $"limit is 1 to {CallLogQuery.MaxLimit}.", "limit");
        var filter = new CallLogFilter
        {
            ToolName = wanted.ToolName,
            Method = wanted.Method,
            GroupId = wanted.GroupId,
            ServiceId = wanted.ServiceId,
            CallerAppId = wanted.CallerAppId,
            UserId = wanted.UserId,
            Success = wanted.Success,
            From = wanted.From,
            To = wanted.To,
            Text = wanted.Text,
            BeforeId = wanted.BeforeId,
        };
        var page = await query.ReadAsync(filter, limit, cancellationToken);
        return RestResult.Ok(new CallLogView(page.Rows, page.Next));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<CallLogView>))]
[JsonSerializable(typeof(Envelope<CallLogEntry>))]
[JsonSerializable(typeof(long?))]
internal sealed partial class CallLogJson : JsonSerializerContext;
