namespace Fairlead.Server.Automation.Conversations;

/// <summary>Something to be said in a conversation.</summary>
/// <param name="ConversationId">Where.</param>
/// <param name="Role">One of the roles of <see cref="Storage.MessageRow"/>.</param>
/// <param name="SenderId">The user who says it; null for an agent and the system.</param>
/// <param name="Type">Kind of content: <c>text</c>, <c>welcome</c>, <c>welcome_follow_up</c>.</param>
/// <param name="Text">What is said.</param>
/// <param name="EffectKey">Names it for ever, so that it is said once, whatever is tried again. Null for what people say.</param>
/// <param name="Id">Its id, where it is needed before it is stored.</param>
internal sealed record NewMessage(
    string ConversationId,
    string Role,
    string? SenderId,
    string Type,
    string Text,
    string? EffectKey = null,
    string? Id = null
);
