using System.ComponentModel;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
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
    [property: FromQuery(Name = "before_id"), Description("Older than this row: next_before_id of the last page.")]
        long? BeforeId,
    [property: FromQuery(Name = "limit"), Description("Rows, 1 to 500; 50 unless given.")] int? Limit
);

/// <summary>
/// A page of the call log. It is continued by id and not by page number: new rows arrive at the front all the time.
/// </summary>
internal sealed record CallLogView(IReadOnlyList<CallLogEntry> Calls, long? NextBeforeId);

/// <summary>Reading the call log over REST .</summary>
internal static class CallLogEndpoints
{
    private const int DefaultLimit = 50;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes
            .MapRest("/calls", "calls")
            .MapGet("", ListAsync)
            .WithName("calls.list")
            .WithSummary("Logged calls, newest first; bodies are masked and cut.");

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
            BeforeId = wanted.BeforeId,
        };
        var page = await query.ReadAsync(filter, limit, cancellationToken);
        return RestResult.Ok(new CallLogView(page.Rows, page.Next));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<CallLogView>))]
[JsonSerializable(typeof(long?))]
internal sealed partial class CallLogJson : JsonSerializerContext;
