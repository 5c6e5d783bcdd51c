using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Live;
using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Automation.Conversations;

/// <summary>A message as those who take part get it .</summary>
internal sealed record LiveMessage(
    string Type,
    string ConversationId,
    string MessageId,
    string Role,
    string? SenderId,
    string ContentType,
    string Text,
    DateTimeOffset CreatedAt
);

/// <summary>Sends messages live to the customer and the consultant of their conversation, whoever of them is there.</summary>
internal sealed class LiveMessages(StoreWriter writer, LiveNotifier live)
{
    public async Task TellAsync(string conversationId, MessageRow message, CancellationToken cancellationToken)
    {
        var takePart = await writer.ReadAsync(
            db =>
                db.Conversations.AsNoTracking()
                    .Where(c => c.Id == conversationId)
                    .Select(c => new { c.UserId, c.ConsultantId })
                    .SingleOrDefaultAsync(cancellationToken),
            cancellationToken
        );
        if (takePart is not null)
            await TellAsync(message, takePart.ConsultantId is { } one ? [takePart.UserId, one] : [takePart.UserId]);
    }

    /// <summary>The same where it is known who they are.</summary>
    public async Task TellAsync(MessageRow message, IEnumerable<string> users)
    {
        var content = StoreJson.ReadMessage(message.Content);
        var sent = JsonSerializer.SerializeToUtf8Bytes(
            new LiveMessage(
                "message",
                message.ConversationId,
                message.Id,
                message.Role,
                message.SenderId,
                content.Type,
                content.Text,
                message.CreatedAt
            ),
            LiveMessageJson.Default.LiveMessage
        );
        foreach (var user in users)
            await live.SendAsync(user, sent);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LiveMessage))]
internal sealed partial class LiveMessageJson : JsonSerializerContext;
