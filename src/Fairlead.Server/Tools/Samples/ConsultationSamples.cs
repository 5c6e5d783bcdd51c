using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Fairlead.Server.Storage;
using Fairlead.Toolkit;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Samples;

internal sealed record SaidMessage(
    string message_id,
    string role,
    string text,
    string created_at,
    string? sender_id = null
);

internal sealed record ConversationPage(
    string conversation_id,
    string user_id,
    string title,
    string status,
    bool ai_enabled,
    IReadOnlyList<SaidMessage> messages,
    int page,
    int page_size,
    int total,
    string? consultant_id = null
);

internal sealed record ConsultationSummary(
    string conversation_id,
    string summary,
    int message_count,
    IReadOnlyDictionary<string, int> by_role
);

internal sealed record MessageAdded(string conversation_id, string message_id);

/// <summary>
/// Conversations and their messages (A-37 consultation/history, consultation/summary). Whose conversation it is not
/// learns nothing of it, not even that there is one.
/// </summary>
[FairleadTool(Group = SamplesFeature.Group, Category = "consultation")]
internal sealed class ConsultationSamples(SampleDb db, TimeProvider time)
{
    private const int LongestTitle = 60;

    [McpServerTool(Name = "get_conversation_data", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("A conversation with a page of its messages, oldest first. For those who take part in it.")]
    public Task<ConversationPage> GetConversationDataAsync(
        CallContext context,
        [Description("Id of the conversation.")] string conversation_id,
        [Description("The page, from 1."), Range(1, 10_000)] int page = 1,
        [Description("Messages on a page, 1 to 100."), Range(1, 100)] int page_size = 20
    )
    {
        var caller = Callers.Require(context);
        var token = context.CancellationToken;
        return db.UseAsync(
            async rows =>
            {
                var found = await FindAsync(rows, caller, conversation_id, token);
                var all = rows.Messages.Where(m => m.ConversationId == found.Id);
                var messages = await all.OrderBy(m => m.Id)
                    .Skip((page - 1) * page_size)
                    .Take(page_size)
                    .ToListAsync(token);
                return new ConversationPage(
                    found.Id,
                    found.UserId,
                    found.Title,
                    found.Status,
                    found.AiEnabled,
                    messages.ConvertAll(Said),
                    page,
                    page_size,
                    await all.CountAsync(token),
                    found.ConsultantId
                );
            },
            token
        );
    }

    [McpServerTool(Name = "summarize_consultation", ReadOnly = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("The sentences of a conversation that say most of it, and who said how much.")]
    public Task<ConsultationSummary> SummarizeConsultationAsync(
        CallContext context,
        [Description("Id of the conversation.")] string conversation_id
    )
    {
        var caller = Callers.Require(context);
        var token = context.CancellationToken;
        return db.UseAsync(
            async rows =>
            {
                var found = await FindAsync(rows, caller, conversation_id, token);
                var messages = await rows
                    .Messages.Where(m => m.ConversationId == found.Id)
                    .OrderByDescending(m => m.Id)
                    .Take(200)
                    .ToListAsync(token);
                messages.Reverse();
                var text = string.Join("\n", messages.Select(m => StoreJson.ReadMessage(m.Content).Text));
                return new ConsultationSummary(
                    found.Id,
                    TextSummary.Of(text),
                    messages.Count,
                    messages.GroupBy(m => m.Role).ToDictionary(g => g.Key, g => g.Count())
                );
            },
            token
        );
    }

    [McpServerTool(Name = "add_conversation_message", OpenWorld = false, UseStructuredContent = true)]
    [Description("Says something in a conversation; without one a new conversation begins.")]
    public Task<MessageAdded> AddConversationMessageAsync(
        CallContext context,
        [Description("What is said, 1 to 4000 characters."), StringLength(4000, MinimumLength = 1)] string text,
        [Description("Id of the conversation.")] string? conversation_id = null
    )
    {
        var caller = Callers.Require(context);
        var token = context.CancellationToken;
        var now = time.GetUtcNow();
        return db.UseAsync(
            async rows =>
            {
                ConversationRow found;
                if (conversation_id is not null)
                    found = await FindAsync(rows, caller, conversation_id, token);
                else if (await rows.Users.AnyAsync(u => u.Id == caller.Id, token))
                    rows.Add(
                        found = new ConversationRow
                        {
                            Id = NewId.At(time),
                            UserId = caller.Id,
                            Title = text.Length > LongestTitle ? text[..LongestTitle] + "…" : text,
                            CreatedAt = now,
                        }
                    );
                else
                    throw Failure.NoUser(caller.Id);
                found.UpdatedAt = now;
                var message = new MessageRow
                {
                    Id = NewId.At(time),
                    ConversationId = found.Id,
                    Role = found.UserId == caller.Id ? MessageRow.Customer : MessageRow.Consultant,
                    SenderId = caller.Id,
                    Content = StoreJson.Write(new MessageContent("text", text)),
                    CreatedAt = now,
                };
                rows.Add(message);
                await rows.SaveChangesAsync(token);
                return new MessageAdded(found.Id, message.Id);
            },
            token
        );
    }

    private static async Task<ConversationRow> FindAsync(
        FairleadDb rows,
        CallUser caller,
        string id,
        CancellationToken cancellationToken
    ) =>
        await rows.Conversations.SingleOrDefaultAsync(c => c.Id == id, cancellationToken) is { } found
        && (found.UserId == caller.Id || Callers.IsStaff(caller))
            ? found
            : throw Failure.Of("not_found", $"There is no conversation {id}.");

    private static SaidMessage Said(MessageRow m) =>
        new(m.Id, m.Role, StoreJson.ReadMessage(m.Content).Text, m.CreatedAt.UtcDateTime.ToString("O"), m.SenderId);
}
