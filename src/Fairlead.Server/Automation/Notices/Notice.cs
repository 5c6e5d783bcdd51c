using System.Text.Json.Serialization;

namespace Fairlead.Server.Automation.Notices;

/// <summary>Tells every user with a role, once .</summary>
internal delegate Task<int> TellRole(string role, Notice notice, CancellationToken cancellationToken);

/// <param name="Type">Such as <c>new_customer</c>.</param>
/// <param name="Title">One line.</param>
/// <param name="Message">What happened and what is expected .</param>
/// <param name="CustomerId">The customer; null where it is about none.</param>
/// <param name="ConversationId">Where to answer.</param>
/// <param name="Action">What can be done, such as <c>claim_customer</c>.</param>
/// <param name="EffectKey">Names this notice for ever; each recipient has it once.</param>
internal sealed record Notice(
    string Type,
    string Title,
    string Message,
    string? CustomerId,
    string? ConversationId,
    string? Action,
    string EffectKey
);

/// <summary>A notice as it is sent and stored .</summary>
internal sealed record NoticePayload(
    string Type,
    string Title,
    string Message,
    string? CustomerId,
    string? ConversationId,
    string Timestamp,
    string? Action
);

/// <summary>A push .</summary>
internal sealed record PushPayload(string Title, string Body, string? ConversationId, string UserId);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NoticePayload))]
[JsonSerializable(typeof(PushPayload))]
internal sealed partial class NoticeJson : JsonSerializerContext;
