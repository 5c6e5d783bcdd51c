using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Storage;

/// <summary>How fresh the snapshot is.</summary>
/// <param name="Reachable">Whether the last look at the store succeeded.</param>
/// <param name="SeenAt">When the store was last seen.</param>
/// <param name="Expired">The store has been away longer than the snapshot may serve: calls must get 503.</param>
/// <param name="Problem">Why the store cannot be reached; null while it can.</param>
internal sealed record StoreHealth(bool Reachable, DateTimeOffset SeenAt, bool Expired, string? Problem);

/// <summary>
/// Keeps <see cref="Current"/> up to date: at once after a local change, within a second after one of another node.
/// </summary>
internal sealed partial class StoreWatcher(
    IStoreEngine engine,
    SnapshotReader snapshots,
    StorageOptions options,
    StartupOptions startup,
    TimeProvider time,
    ILogger<StoreWatcher> logger
) : BackgroundService
{
    private static readonly TimeSpan ListenRetry = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim reloading = new(1, 1);
    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly Queue<Func<CancellationToken, Task>> later = [];
    private readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? told;
    private volatile StoreSnapshot current = StoreSnapshot.Empty;
    private volatile string? problem = "not opened yet";
    private long seenAt = time.GetTimestamp();
    private long seenAtUtcTicks = time.GetUtcNow().UtcTicks;

    /// <summary>The newest snapshot this node has.</summary>
    public StoreSnapshot Current => current;

    /// <summary>Raised after the swap, on the thread that made it; handlers are quick and build their own state from it.</summary>
    public event Action<StoreSnapshot>? Changed;

    public StoreHealth Health =>
        new(problem is null, new DateTimeOffset(Volatile.Read(ref seenAtUtcTicks), TimeSpan.Zero), IsExpired, problem);

    /// <summary><see cref="StoreHealth.Expired"/> alone, for every call. True too until the store is open.</summary>
    public bool IsExpired =>
        !IsOpen || (problem is not null && time.GetElapsedTime(Volatile.Read(ref seenAt)) > options.SnapshotMaxAge);

    /// <summary>Whether the store was opened and all that had to wait for it is done; after that it stays true.</summary>
    public bool IsOpen => opened.Task.IsCompleted;

    /// <summary>
    /// Brings the schema up to date and reads the first snapshot before anything else starts. A degraded start goes on without
    /// (C-05): the store is then looked for as long as it takes.
    /// </summary>
    /// <exception cref="StoreException">The store cannot be reached or used; the message says which and what to do.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await OpenAsync(cancellationToken);
            opened.TrySetResult();
        }
        catch (Exception e) when (e is DbException or SocketException or TimeoutException)
        {
            if (startup.DatabaseMode != DatabaseMode.Degraded)
                throw new StoreException(
                    $"The store {engine.Location} cannot be used: {e.GetBaseException().Message.TrimEnd('.')}."
                        + " Check Fairlead:Storage and that the database runs and can be reached from here.",
                    e
                );
            problem = e.GetBaseException().Message;
            told = problem;
            LogDegraded(engine.Location, problem);
        }
        await base.StartAsync(cancellationToken);
    }

    /// <summary>
    /// Does what a start does with the store: at once, or after a degraded start as soon as the store is there, in the order
    /// it was asked for. What fails then is tried again.
    /// </summary>
    /// <param name="work">To be done once; its own failures come out of this only where it is done at once.</param>
    /// <param name="cancellationToken">Gives up what is done at once.</param>
    public Task WhenOpenAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        lock (later)
        {
            if (!IsOpen)
            {
                later.Enqueue(work);
                return Task.CompletedTask;
            }
        }
        return work(cancellationToken);
    }

    /// <summary>Reads the store now, swaps, tells the listeners, and returns what is current.</summary>
    public async Task<StoreSnapshot> ReloadAsync(CancellationToken cancellationToken)
    {
        await reloading.WaitAsync(cancellationToken);
        try
        {
            // Reads are one after another, so a later one is never older; a lower epoch is a restored backup.
            StoreSnapshot fresh = await snapshots.ReadAsync(cancellationToken);
            Seen();
            if (fresh.Epoch != current.Epoch)
            {
                current = fresh;
                Tell(fresh);
            }
            return current;
        }
        finally
        {
            reloading.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Task listening = ListenAsync(stoppingToken);
        try
        {
            while (true)
            {
                using var next = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                Task tick = Task.Delay(options.PollInterval, time, next.Token);
                await Task.WhenAny(tick, wake.WaitAsync(next.Token));
                await next.CancelAsync();
                stoppingToken.ThrowIfCancellationRequested();
                await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await listening;
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!IsOpen)
                await CatchUpAsync(cancellationToken);
            else if (await snapshots.ReadEpochAsync(cancellationToken) != current.Epoch)
                await ReloadAsync(cancellationToken);
            else
                Seen();
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // Once for each cause, not at every look.
            if (told != failure.Message)
                LogLost(failure, engine.Location);
            problem = told = failure.Message;
            return;
        }
        told = null;
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        await StoreSchema.EnsureAsync(engine, time, cancellationToken);
        await ReloadAsync(cancellationToken);
    }

    /// <summary>What a degraded start left undone.</summary>
    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        while (true)
        {
            Func<CancellationToken, Task>? next;
            lock (later)
            {
                if (!later.TryPeek(out next))
                {
                    opened.TrySetResult();
                    break;
                }
            }
            await next(cancellationToken);
            lock (later)
                later.Dequeue();
        }
        LogOpened(engine.Location);
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        string? last = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await opened.Task.WaitAsync(cancellationToken);
                await engine.ListenAsync(
                    () =>
                    {
                        last = null;
                        Wake();
                    },
                    cancellationToken
                );
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // The poll still finds every change; notices only make it quicker.
                if (last != failure.Message)
                    LogNoticesLost(failure);
                last = failure.Message;
            }
            await Task.Delay(ListenRetry, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Wake()
    {
        try
        {
            wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // A look is due already.
        }
    }

    private void Seen()
    {
        Volatile.Write(ref seenAt, time.GetTimestamp());
        Volatile.Write(ref seenAtUtcTicks, time.GetUtcNow().UtcTicks);
        if (problem is not null && IsOpen)
            LogBack(engine.Location);
        problem = null;
    }

    private void Tell(StoreSnapshot snapshot)
    {
        foreach (Action<StoreSnapshot> handler in Delegate.EnumerateInvocationList(Changed))
        {
            try
            {
                handler(snapshot);
            }
            catch (Exception failure)
            {
                LogHandlerFailed(failure, snapshot.Epoch);
            }
        }
    }

    public override void Dispose()
    {
        reloading.Dispose();
        wake.Dispose();
        base.Dispose();
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "The store {Location} cannot be reached; the last snapshot serves"
    )]
    private partial void LogLost(Exception failure, string location);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "The store {Location} cannot be used: {Problem}. Started degraded: calls are refused until it can; it is looked for all the time"
    )]
    private partial void LogDegraded(string location, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The store {Location} is there: the start is complete")]
    private partial void LogOpened(string location);

    [LoggerMessage(Level = LogLevel.Information, Message = "The store {Location} is back")]
    private partial void LogBack(string location);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Change notices of other nodes are interrupted; polling goes on"
    )]
    private partial void LogNoticesLost(Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "A listener failed on snapshot {Epoch}")]
    private partial void LogHandlerFailed(Exception failure, long epoch);
}
