using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Automation.Notices;

internal sealed record NoticeView(
    string Id,
    string Type,
    string Title,
    string Message,
    string? CustomerId,
    string? ConversationId,
    string? Action,
    string Channel,
    string State,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ReadAt
);

/// <summary>What the signed-in user was told.</summary>
internal static class NoticeEndpoints
{
    public static void Map(RouteGroupBuilder routes)
    {
        routes.MapGet("", ListAsync).WithName("notifications.list").WithSummary("What you were told, newest first.");
        routes.MapPost("/{id}/read", ReadAsync).WithName("notifications.read").WithSummary("Notes that you read it.");
    }

    private static async Task<RestResult<IReadOnlyList<NoticeView>>> ListAsync(
        [FromQuery(Name = "unread"), Description("True leaves out what you read.")] bool? unread,
        [AsParameters] PageQuery page,
        HttpContext http,
        NoticeStore store
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        var (rows, total) = await store.ListAsync(Me(http), unread ?? false, page.Skip, page.Size, http.RequestAborted);
        return RestResult.Page<NoticeView>([.. rows.Select(View)], page, total);
    }

    private static async Task<RestResult<NoticeView>> ReadAsync(string id, HttpContext http, NoticeStore store)
    {
        if (!await store.ReadAsync(Me(http), id, http.RequestAborted))
            return RestResult.Fail("NOT_FOUND", $"There is no notification {id}.");
        var row = await store.FindAsync(id, http.RequestAborted);
        return RestResult.Ok(View(row!), "Read.");
    }

    private static string Me(HttpContext http) => http.Features.GetRequiredFeature<UserIdentity>().Id.Value;

    private static NoticeView View(NotificationRow row)
    {
        var notice = JsonSerializer.Deserialize(row.Payload, NoticeJson.Default.NoticePayload)!;
        return new(
            row.Id,
            row.Type,
            notice.Title,
            notice.Message,
            notice.CustomerId,
            notice.ConversationId,
            notice.Action,
            row.Channel,
            row.State,
            row.CreatedAt,
            row.ReadAt
        );
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<NoticeView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<NoticeView>>))]
internal sealed partial class NoticeRestJson : JsonSerializerContext;
