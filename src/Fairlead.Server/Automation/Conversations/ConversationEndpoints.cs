using System.ComponentModel;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Automation.Conversations;

internal sealed record ConversationView(
    string Id,
    string UserId,
    string? ConsultantId,
    string Title,
    string Status,
    bool AiEnabled,
    DateTimeOffset? ClaimedAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<MessageView>? Messages
);

internal sealed record MessageView(
    string Id,
    string Role,
    string? SenderId,
    string Type,
    string Text,
    DateTimeOffset CreatedAt
);

internal sealed record BeginConversation
{
    [Description("What it is about, 1 to 200 characters.")]
    public string? Title { get; init; }
}

internal sealed record SendMessage
{
    [Description("What is said, 1 to 4000 characters.")]
    public string? Text { get; init; }
}

internal sealed record AiControl
{
    [Description("Whether an agent may answer.")]
    public bool? Enabled { get; init; }
}

internal sealed record RateMessage
{
    [Description("1 (bad) to 5 (good).")]
    public int? Rating { get; init; }

    [Description("Why, at most 1000 characters.")]
    public string? Comment { get; init; }
}

/// <summary>
/// Conversations over REST: customers have their own, consultants and administrators all. What is somebody else's is not
/// there.
/// </summary>
internal static class ConversationEndpoints
{
    private const int LongestTitle = 200;
    private const int LongestText = 4000;
    private const int LongestComment = 1000;

    public static void Map(RouteGroupBuilder routes)
    {
        routes
            .MapGet("", ListAsync)
            .WithName("chat.conversations.list")
            .WithSummary("Conversations, the last written in first, each with its latest messages.");
        routes
            .MapPost("", BeginAsync)
            .Creates()
            .WithName("chat.conversations.begin")
            .WithSummary("Begins a conversation of the signed-in user.");
        routes.MapGet("/{id}", GetAsync).WithName("chat.conversations.get").WithSummary("One conversation.");
        routes
            .MapGet("/{id}/messages", MessagesAsync)
            .WithName("chat.messages.list")
            .WithSummary("Messages of a conversation, oldest first.");
        routes
            .MapPost("/{id}/messages", SayAsync)
            .Creates()
            .WithName("chat.messages.send")
            .WithSummary("Says something; those who take part get it live.");
        routes
            .MapPost("/{id}/claim", ClaimAsync)
            .WithName("chat.conversations.claim")
            .WithSummary("Gives the conversation to the signed-in consultant; of several one gets it, the others 409.");
        routes
            .MapPut("/{id}/ai", SetAiAsync)
            .WithName("chat.conversations.ai")
            .WithSummary("Lets an agent answer, or not; for consultants.");
        routes
            .MapPost("/{id}/messages/{messageId}/feedback", RateAsync)
            .WithName("chat.messages.feedback")
            .WithSummary("What the customer thinks of a message, 1 to 5.");
    }

    private static async Task<RestResult<IReadOnlyList<ConversationView>>> ListAsync(
        [AsParameters] PageQuery page,
        HttpContext http,
        ConversationStore store,
        ConversationOptions options
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        var user = Me(http);
        var whose = IsStaff(user) ? null : user.Id.Value;
        var (rows, total) = await store.ListAsync(
            whose,
            options.LatestMessages,
            page.Skip,
            page.Size,
            http.RequestAborted
        );
        return RestResult.Page<ConversationView>([.. rows.Select(static r => View(r.Row, r.Latest))], page, total);
    }

    private static async Task<RestResult<ConversationView>> BeginAsync(
        BeginConversation request,
        HttpContext http,
        ConversationStore store
    )
    {
        if (Text("title", request.Title, LongestTitle) is { } wrong)
            return wrong;
        var made = await store.BeginAsync(Me(http).Id.Value, request.Title!, http.RequestAborted);
        AuditNote.Of(http).Resource = $"conversation {made.Id}";
        return RestResult.Ok(View(made, null), "Conversation begun.");
    }

    private static async Task<RestResult<ConversationView>> GetAsync(
        string id,
        HttpContext http,
        ConversationStore store
    ) => await FindAsync(id, http, store) is { } row ? RestResult.Ok(View(row, null)) : None(id);

    private static async Task<RestResult<IReadOnlyList<MessageView>>> MessagesAsync(
        string id,
        [AsParameters] PageQuery page,
        HttpContext http,
        ConversationStore store
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        if (await FindAsync(id, http, store) is null)
            return None(id);
        var (rows, total) = await store.MessagesAsync(id, page.Skip, page.Size, http.RequestAborted);
        return RestResult.Page<MessageView>([.. rows.Select(View)], page, total);
    }

    private static async Task<RestResult<MessageView>> SayAsync(
        string id,
        SendMessage request,
        HttpContext http,
        ConversationStore store
    )
    {
        if (Text("text", request.Text, LongestText) is { } wrong)
            return wrong;
        var user = Me(http);
        if (await FindAsync(id, http, store) is not { } row)
            return None(id);
        AuditNote.Of(http).Resource = $"conversation {id}";
        var role = row.UserId == user.Id.Value ? MessageRow.Customer : MessageRow.Consultant;
        if (role == MessageRow.Consultant && row.ConsultantId is { } other && other != user.Id.Value && !user.IsAdmin)
            return RestResult.Fail("CONFLICT", $"Consultant {other} has this conversation.");
        var said = await store.SayAsync(
            new NewMessage(id, role, user.Id.Value, "text", request.Text!),
            http.RequestAborted
        );
        return said is null ? None(id) : RestResult.Ok(View(said), "Said.");
    }

    private static async Task<RestResult<ConversationView>> ClaimAsync(
        string id,
        HttpContext http,
        ConversationStore store
    )
    {
        var user = Me(http);
        if (!IsStaff(user))
            return await FindAsync(id, http, store) is null
                ? None(id)
                : RestResult.Fail("AUTHORIZATION_FAILED", "Consultants claim conversations.");
        AuditNote.Of(http).Resource = $"conversation {id}";
        var claim = await store.ClaimAsync(id, user.Id.Value, http.RequestAborted);
        return claim.Conversation is null ? None(id)
            : claim.IsWon ? RestResult.Ok(View(claim.Conversation, null), "The conversation is yours.")
            : RestResult.Fail("CONFLICT", $"Consultant {claim.Conversation.ConsultantId} has claimed it.") with
            {
                Details = new()
                {
                    ["consultant_id"] = claim.Conversation.ConsultantId!,
                    ["claimed_at"] = claim.Conversation.ClaimedAt!.Value.UtcDateTime.ToString("O"),
                },
            };
    }

    private static async Task<RestResult<ConversationView>> SetAiAsync(
        string id,
        AiControl request,
        HttpContext http,
        ConversationStore store
    )
    {
        if (request.Enabled is not { } enabled)
            return RestResult.Fail("MISSING_PARAMETER", "enabled is true or false.", "enabled");
        if (await FindAsync(id, http, store) is null)
            return None(id);
        if (!IsStaff(Me(http)))
            return RestResult.Fail("AUTHORIZATION_FAILED", "Consultants say whether an agent may answer.");
        AuditNote.Of(http).Resource = $"conversation {id}";
        await store.SetAiAsync(id, enabled, http.RequestAborted);
        return await FindAsync(id, http, store) is { } row ? RestResult.Ok(View(row, null)) : None(id);
    }

    private static async Task<RestResult<MessageView>> RateAsync(
        string id,
        string messageId,
        RateMessage request,
        HttpContext http,
        ConversationStore store
    )
    {
        if (request.Rating is not (>= 1 and <= 5) || request.Comment?.Length > LongestComment)
            return request.Rating is >= 1 and <= 5
                ? RestResult.Fail("INVALID_PARAMETER", $"comment has at most {LongestComment} characters.", "comment")
                : RestResult.Fail("INVALID_PARAMETER", "rating is 1 to 5.", "rating");
        var user = Me(http);
        if (await FindAsync(id, http, store) is not { } row)
            return None(id);
        if (row.UserId != user.Id.Value)
            return RestResult.Fail("AUTHORIZATION_FAILED", "Its customer rates a message.");
        AuditNote.Of(http).Resource = $"message {messageId}";
        var rated = await store.RateAsync(
            id,
            messageId,
            user.Id.Value,
            request.Rating.Value,
            request.Comment,
            http.RequestAborted
        );
        if (!rated)
            return RestResult.Fail("NOT_FOUND", $"There is no message {messageId} in this conversation.");
        return RestResult.Ok(
            new MessageView(messageId, "", null, "feedback", request.Comment ?? "", row.UpdatedAt),
            "Thank you."
        );
    }

    private static async Task<ConversationRow?> FindAsync(string id, HttpContext http, ConversationStore store)
    {
        var user = Me(http);
        return
            await store.FindAsync(id, http.RequestAborted) is { } row && (row.UserId == user.Id.Value || IsStaff(user))
            ? row
            : null;
    }

    private static UserIdentity Me(HttpContext http) => http.Features.GetRequiredFeature<UserIdentity>();

    private static bool IsStaff(UserIdentity user) =>
        user.IsAdmin || user.Roles.Contains(IdentityFeature.ConsultantRole);

    private static RestError None(string id) => RestResult.Fail("NOT_FOUND", $"There is no conversation {id}.");

    private static RestError? Text(string field, string? given, int longest) =>
        given is null ? RestResult.Fail("MISSING_PARAMETER", $"{field} is missing.", field)
        : string.IsNullOrWhiteSpace(given) || given.Length > longest
            ? RestResult.Fail("INVALID_PARAMETER", $"{field} has 1 to {longest} characters.", field)
        : null;

    private static ConversationView View(ConversationRow row, IReadOnlyList<MessageRow>? messages) =>
        new(
            row.Id,
            row.UserId,
            row.ConsultantId,
            row.Title,
            row.Status,
            row.AiEnabled,
            row.ClaimedAt,
            row.CreatedAt,
            row.UpdatedAt,
            messages is null ? null : [.. messages.Select(View)]
        );

    private static MessageView View(MessageRow row)
    {
        var content = StoreJson.ReadMessage(row.Content);
        return new(row.Id, row.Role, row.SenderId, content.Type, content.Text, row.CreatedAt);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BeginConversation))]
[JsonSerializable(typeof(SendMessage))]
[JsonSerializable(typeof(AiControl))]
[JsonSerializable(typeof(RateMessage))]
[JsonSerializable(typeof(Envelope<ConversationView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ConversationView>>))]
[JsonSerializable(typeof(Envelope<MessageView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<MessageView>>))]
internal sealed partial class ConversationJson : JsonSerializerContext;
