using System.Text.Json;
using Fairlead.Server.Live;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Automation.Notices;

/// <summary>
/// What people are told: a row for each, written within the transaction of what it is about, and delivered by
/// <see cref="NoticeDelivery"/> after it.
/// </summary>
internal sealed class NoticeStore(
    StoreWriter writer,
    IStoreEngine engine,
    Presence presence,
    NoticeOptions options,
    TimeProvider time
)
{
    private const long Lease = 30_000;

    private const string ClaimSql = """
        UPDATE notifications SET due_at = {0}, attempts = attempts + 1 WHERE id IN (
          SELECT id FROM notifications WHERE state = 'pending' AND due_at <= {1} ORDER BY due_at, id LIMIT {2}
        """;

    private const string RoleAlone = "SELECT * FROM users WHERE enabled AND roles LIKE {0}";
    private const string RoleShared = "SELECT * FROM users WHERE enabled AND roles::text LIKE {0}";
    private const string ClaimAlone = ClaimSql + ") RETURNING *";
    private const string ClaimShared = ClaimSql + " FOR UPDATE SKIP LOCKED) RETURNING *";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Tells every enabled user with a role who was not told before; how many those are.</summary>
    public async Task<(int Online, int Offline)> AddAsync(
        FairleadDb db,
        string role,
        Notice notice,
        CancellationToken cancellationToken
    )
    {
        // Roles are a JSON list; the database looks into it, so that not all customers are read for a few consultants.
        var users = await db
            .Users.FromSqlRaw(engine.NotifySql.Length > 0 ? RoleShared : RoleAlone, $"%\"{role}\"%")
            .AsNoTracking()
            .Select(static u => u.Id)
            .ToListAsync(cancellationToken);
        var keys = users.ConvertAll(user => KeyOf(notice, user));
        var known = await db
            .Notifications.Where(n => keys.Contains(n.EffectKey))
            .Select(n => n.EffectKey)
            .ToListAsync(cancellationToken);
        var online = await presence.OnlineAsync(db, users, cancellationToken);
        var now = time.GetUtcNow();
        var payload = JsonSerializer.Serialize(
            new NoticePayload(
                notice.Type,
                notice.Title,
                notice.Message,
                notice.CustomerId,
                notice.ConversationId,
                now.UtcDateTime.ToString("O"),
                notice.Action
            ),
            NoticeJson.Default.NoticePayload
        );
        var (there, away) = (0, 0);
        foreach (var user in users.Where(user => !known.Contains(KeyOf(notice, user))))
        {
            var isThere = online.Contains(user);
            _ = isThere ? there++ : away++;
            db.Notifications.Add(
                new NotificationRow
                {
                    Id = NewId.At(time),
                    UserId = user,
                    Type = notice.Type,
                    Payload = payload,
                    EffectKey = KeyOf(notice, user),
                    Channel = isThere ? NotificationRow.Live : NotificationRow.Push,
                    // With nowhere to push to, the list of unread notices is where it arrives.
                    State = isThere || options.PushUrl is not null ? NotificationRow.Pending : NotificationRow.Sent,
                    DueAt = now.ToUnixTimeMilliseconds(),
                    CreatedAt = now,
                }
            );
        }
        return (there, away);
    }

    /// <summary>Deliveries that are due, for the next half minute this caller's alone.</summary>
    public Task<List<NotificationRow>> ClaimAsync(int most, CancellationToken cancellationToken)
    {
        var now = Now;
        return writer.RecordAsync(
            db =>
                db.Notifications.FromSqlRaw(
                        engine.NotifySql.Length > 0 ? ClaimShared : ClaimAlone,
                        now + Lease,
                        now,
                        most
                    )
                    .AsNoTracking()
                    .ToListAsync(cancellationToken),
            cancellationToken
        );
    }

    /// <summary>Whether one is due: asked without writing.</summary>
    public Task<bool> IsAnyDueAsync(CancellationToken cancellationToken)
    {
        var now = Now;
        return writer.ReadAsync(
            db =>
                db.Notifications.AnyAsync(n => n.State == NotificationRow.Pending && n.DueAt <= now, cancellationToken),
            cancellationToken
        );
    }

    /// <summary>Notes how a delivery came out; a failed one is tried again until there are no waits left.</summary>
    public Task NoteAsync(NotificationRow row, string channel, string? problem, CancellationToken cancellationToken)
    {
        var isLast = row.Attempts > options.Waits.Count;
        var state =
            problem is null ? NotificationRow.Sent
            : isLast ? NotificationRow.Failed
            : NotificationRow.Pending;
        var due = Now + (problem is null || isLast ? 0 : (long)options.Waits[row.Attempts - 1].TotalMilliseconds);
        var error = ShortText.Cut(problem, 500);
        return writer.RecordAsync(
            db =>
                db.Notifications.Where(n => n.Id == row.Id)
                    .ExecuteUpdateAsync(
                        s =>
                            s.SetProperty(n => n.State, state)
                                .SetProperty(n => n.Channel, channel)
                                .SetProperty(n => n.DueAt, due)
                                .SetProperty(n => n.Error, error),
                        cancellationToken
                    ),
            cancellationToken
        );
    }

    /// <summary>A page of what a user was told, newest first.</summary>
    public Task<(List<NotificationRow> Rows, int Total)> ListAsync(
        string user,
        bool unreadOnly,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) =>
        writer.ReadAsync(
            async db =>
            {
                var all = db
                    .Notifications.AsNoTracking()
                    .Where(n => n.UserId == user && (!unreadOnly || n.ReadAt == null));
                var page = await all.OrderByDescending(n => n.Id).Skip(skip).Take(take).ToListAsync(cancellationToken);
                return (page, await all.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    /// <summary>One notice; null where there is none.</summary>
    public Task<NotificationRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        writer.ReadAsync(
            db => db.Notifications.AsNoTracking().SingleOrDefaultAsync(n => n.Id == id, cancellationToken),
            cancellationToken
        );

    /// <summary>Notes that a user has read one; false where he has none such.</summary>
    public Task<bool> ReadAsync(string user, string id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return writer.RecordAsync(
            async db =>
                await db
                    .Notifications.Where(n => n.Id == id && n.UserId == user)
                    .ExecuteUpdateAsync(s => s.SetProperty(n => n.ReadAt, n => n.ReadAt ?? now), cancellationToken)
                == 1,
            cancellationToken
        );
    }

    private static string KeyOf(Notice notice, string user) => $"{notice.EffectKey}:{user}";
}
