using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Automation.Conversations;

/// <summary>What became of a claim.</summary>
/// <param name="Conversation">The conversation as it is now; null where there is none.</param>
/// <param name="IsWon">Whether the claimer has it.</param>
internal sealed record Claim(ConversationRow? Conversation, bool IsWon);

/// <summary>
/// Conversations and their messages. What automations do in them is named by an effect key and so is there once; the
/// functions that take a <see cref="FairleadDb"/> write within the transaction of whoever has it.
/// </summary>
internal sealed class ConversationStore(StoreWriter writer, LiveMessages live, TimeProvider time)
{
    public const string DefaultTitle = "AI assistant";

    /// <summary>The default conversation of a user: as it is, or as it is to be added by <see cref="AddOnceAsync"/>.</summary>
    public async Task<(ConversationRow Row, bool IsNew)> DefaultAsync(
        string userId,
        CancellationToken cancellationToken
    )
    {
        var key = $"default:{userId}";
        var known = await writer.ReadAsync(
            db => db.Conversations.AsNoTracking().SingleOrDefaultAsync(c => c.EffectKey == key, cancellationToken),
            cancellationToken
        );
        if (known is not null)
            return (known, false);
        var made = Make(userId, DefaultTitle);
        made.EffectKey = key;
        return (made, true);
    }

    /// <summary>Adds it within the caller's transaction; one that was made since fails it, and a second try finds that one.</summary>
    public static Task AddOnceAsync(FairleadDb db, ConversationRow row, CancellationToken cancellationToken)
    {
        db.Conversations.Add(row);
        return db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>
    /// Says something within the caller's transaction, unless it was said before (<see cref="NewMessage.EffectKey"/>). What
    /// is returned must be told once the transaction stands: <see cref="LiveMessages"/>.
    /// </summary>
    /// <returns>Null where it was there before, or there is no such conversation.</returns>
    public async Task<MessageRow?> AddAsync(FairleadDb db, NewMessage message, CancellationToken cancellationToken)
    {
        if (message.EffectKey is { } key && await db.Messages.AnyAsync(m => m.EffectKey == key, cancellationToken))
            return null;
        if (
            await db.Conversations.SingleOrDefaultAsync(c => c.Id == message.ConversationId, cancellationToken)
            is not { } conversation
        )
            return null;
        var now = time.GetUtcNow();
        conversation.UpdatedAt = now;
        var row = new MessageRow
        {
            Id = message.Id ?? NewId.At(time),
            ConversationId = message.ConversationId,
            Role = message.Role,
            SenderId = message.SenderId,
            Content = StoreJson.Write(new MessageContent(message.Type, message.Text)),
            CreatedAt = now,
            EffectKey = message.EffectKey,
        };
        db.Messages.Add(row);
        return row;
    }

    /// <summary>Says something in a transaction of its own and tells those who take part.</summary>
    public async Task<MessageRow?> SayAsync(NewMessage message, CancellationToken cancellationToken)
    {
        var said = await writer.RecordAsync(
            async db =>
            {
                var row = await AddAsync(db, message, cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
                return row;
            },
            cancellationToken
        );
        if (said is not null)
            await live.TellAsync(said.ConversationId, said, cancellationToken);
        return said;
    }

    /// <summary>Whether what an effect key names was said.</summary>
    public Task<bool> IsSaidAsync(string effectKey, CancellationToken cancellationToken) =>
        writer.ReadAsync(
            db => db.Messages.AnyAsync(m => m.EffectKey == effectKey, cancellationToken),
            cancellationToken
        );

    /// <summary>Begins a conversation of a customer.</summary>
    public Task<ConversationRow> BeginAsync(string userId, string title, CancellationToken cancellationToken) =>
        writer.RecordAsync(
            async db =>
            {
                var made = Make(userId, title);
                db.Conversations.Add(made);
                await db.SaveChangesAsync(cancellationToken);
                return made;
            },
            cancellationToken
        );

    /// <summary>One conversation; null where there is none.</summary>
    public Task<ConversationRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        writer.ReadAsync(
            db => db.Conversations.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id, cancellationToken),
            cancellationToken
        );

    /// <summary>A page, the one that was last written in first, each with its latest messages, oldest first.</summary>
    /// <param name="userId">Whose; null for all.</param>
    /// <param name="latest">How many messages of each.</param>
    /// <param name="skip">Conversations before the page.</param>
    /// <param name="take">Conversations of the page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<(List<(ConversationRow Row, List<MessageRow> Latest)> Rows, int Total)> ListAsync(
        string? userId,
        int latest,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) =>
        writer.ReadAsync(
            async db =>
            {
                var all = db.Conversations.AsNoTracking().Where(c => userId == null || c.UserId == userId);
                // Ids are in the order of time, which SQLite cannot sort by.
                var page = await all.OrderByDescending(c =>
                        db.Messages.Where(m => m.ConversationId == c.Id).Max(m => m.Id) ?? c.Id
                    )
                    .Skip(skip)
                    .Take(take)
                    .ToListAsync(cancellationToken);
                var rows = new List<(ConversationRow, List<MessageRow>)>(page.Count);
                foreach (var one in page)
                {
                    var said = await db
                        .Messages.AsNoTracking()
                        .Where(m => m.ConversationId == one.Id)
                        .OrderByDescending(m => m.Id)
                        .Take(latest)
                        .ToListAsync(cancellationToken);
                    said.Reverse();
                    rows.Add((one, said));
                }
                return (rows, await all.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    /// <summary>A page of messages, oldest first, and how many there are.</summary>
    public Task<(List<MessageRow> Rows, int Total)> MessagesAsync(
        string conversationId,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) =>
        writer.ReadAsync(
            async db =>
            {
                var all = db.Messages.AsNoTracking().Where(m => m.ConversationId == conversationId);
                var page = await all.OrderBy(m => m.Id).Skip(skip).Take(take).ToListAsync(cancellationToken);
                return (page, await all.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    /// <summary>Gives a conversation to a consultant, of several at once to one .</summary>
    public Task<Claim> ClaimAsync(string id, string consultant, CancellationToken cancellationToken) =>
        writer.RecordAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                // One statement decides; who has it already has it still.
                var won = await db
                    .Conversations.Where(c => c.Id == id && c.ConsultantId == null)
                    .ExecuteUpdateAsync(
                        s => s.SetProperty(c => c.ConsultantId, consultant).SetProperty(c => c.ClaimedAt, now),
                        cancellationToken
                    );
                var row = await db
                    .Conversations.AsNoTracking()
                    .SingleOrDefaultAsync(c => c.Id == id, cancellationToken);
                return new Claim(row, won == 1 || row?.ConsultantId == consultant);
            },
            cancellationToken
        );

    /// <summary>Says whether an agent may answer; false where there is no such conversation.</summary>
    public Task<bool> SetAiAsync(string id, bool enabled, CancellationToken cancellationToken) =>
        writer.RecordAsync(
            async db =>
                await db
                    .Conversations.Where(c => c.Id == id)
                    .ExecuteUpdateAsync(s => s.SetProperty(c => c.AiEnabled, enabled), cancellationToken) == 1,
            cancellationToken
        );

    /// <summary>Keeps what a customer says of a message of his conversation; false where there is no such message.</summary>
    public Task<bool> RateAsync(
        string conversationId,
        string messageId,
        string userId,
        int rating,
        string? comment,
        CancellationToken cancellationToken
    ) =>
        writer.RecordAsync(
            async db =>
            {
                if (
                    !await db.Messages.AnyAsync(
                        m => m.Id == messageId && m.ConversationId == conversationId,
                        cancellationToken
                    )
                )
                    return false;
                await db
                    .Feedback.Where(f => f.MessageId == messageId && f.UserId == userId)
                    .ExecuteDeleteAsync(cancellationToken);
                db.Feedback.Add(
                    new FeedbackRow
                    {
                        MessageId = messageId,
                        UserId = userId,
                        Rating = rating,
                        Comment = comment,
                        CreatedAt = time.GetUtcNow(),
                    }
                );
                await db.SaveChangesAsync(cancellationToken);
                return true;
            },
            cancellationToken
        );

    private ConversationRow Make(string userId, string title)
    {
        var now = time.GetUtcNow();
        return new ConversationRow
        {
            Id = NewId.At(time),
            UserId = userId,
            Title = title,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }
}
