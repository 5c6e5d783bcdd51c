using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Live;

/// <summary>
/// Who is connected, to whichever node: each node says so in the store while it is true, and what it said last does not
/// count for long. Also hears what other nodes have for its connections.
/// </summary>
internal sealed partial class Presence(
    LiveNotifier live,
    StoreWriter writer,
    StoreWatcher watcher,
    StorageOptions storage,
    LiveOptions options,
    TimeProvider time,
    ILogger<Presence> logger,
    LiveBus? bus = null
) : BackgroundService
{
    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly string node = $"{storage.NodeName}/{Guid.CreateVersion7(time.GetUtcNow()):N}"[
        ..Math.Min(90, storage.NodeName.Length + 33)
    ];
    private string? told;

    /// <summary>Of some users those that are connected anywhere.</summary>
    public async Task<HashSet<string>> OnlineAsync(
        FairleadDb db,
        IReadOnlyList<string> users,
        CancellationToken cancellationToken
    )
    {
        var online = live.Users.ToHashSet(StringComparer.Ordinal);
        if (bus is not null)
        {
            var since = Now - (long)options.PresenceTimeout.TotalMilliseconds;
            online.UnionWith(
                await db
                    .Presence.Where(p => p.SeenAt >= since && users.Contains(p.UserId))
                    .Select(p => p.UserId)
                    .ToListAsync(cancellationToken)
            );
        }
        online.IntersectWith(users);
        return online;
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // With one process nobody else needs to be told.
        if (bus is null)
            return Task.CompletedTask;
        live.Changed += (_, _) => Wake();
        return watcher.WhenOpenAsync(base.StartAsync, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = ListenAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            await SayAsync(stoppingToken);
            using var next = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(Task.Delay(options.PresenceTimeout / 3, time, next.Token), wake.WaitAsync(next.Token));
            await next.CancelAsync();
        }
        await listening;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        live.CloseAll();
        await base.StopAsync(cancellationToken);
        if (bus is not null && watcher.IsOpen)
            await WriteAsync([], cancellationToken);
    }

    public override void Dispose()
    {
        wake.Dispose();
        base.Dispose();
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Wake()
    {
        try
        {
            wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is about to be said.
        }
    }

    private Task SayAsync(CancellationToken cancellationToken) => WriteAsync([.. live.Users], cancellationToken);

    private async Task WriteAsync(IReadOnlyList<string> users, CancellationToken cancellationToken)
    {
        try
        {
            var now = Now;
            var gone = now - (long)options.PresenceTimeout.TotalMilliseconds;
            await writer.RecordAsync(
                async db =>
                {
                    await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
                    await db
                        .Presence.Where(p => p.Node == node || p.SeenAt < gone)
                        .ExecuteDeleteAsync(cancellationToken);
                    db.Presence.AddRange(
                        users.Select(user => new PresenceRow
                        {
                            Node = node,
                            UserId = user,
                            SeenAt = now,
                        })
                    );
                    await db.SaveChangesAsync(cancellationToken);
                    await transaction.CommitAsync(cancellationToken);
                    return true;
                },
                cancellationToken
            );
            told = null;
        }
        catch (Exception failure)
            when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            if (told != failure.Message)
                LogUnsaid(failure.Message);
            told = failure.Message;
        }
        catch (OperationCanceledException)
        {
            // The gateway stops; what was said runs out.
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        string? last = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await bus!.ListenAsync((user, message) => live.SendHere(user, message), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                if (last != failure.Message)
                    LogDeaf(failure.Message);
                last = failure.Message;
            }
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Who is connected here cannot be said: {Problem}")]
    private partial void LogUnsaid(string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Live messages of other nodes are not heard: {Problem}")]
    private partial void LogDeaf(string problem);
}
