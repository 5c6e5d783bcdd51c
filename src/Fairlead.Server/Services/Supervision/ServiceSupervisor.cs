using Fairlead.Protocol;
using Fairlead.Runtime;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>
/// Keeps one service alive from its start to its stop: life after life, with a growing pause between failed ones. All
/// that is observed goes to the service's slot. Independent of every other service.
/// </summary>
internal sealed class ServiceSupervisor : IAsyncDisposable
{
    private readonly ServiceRoom room;
    private readonly ServiceSlot slot;
    private readonly StartPacing pacing;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource killing = new();
    private readonly Task running;
    private readonly Lock gate = new();
    private CancellationTokenSource? thisLife;
    private CancellationTokenSource? pause;
    private volatile ServiceLife? life;
    private bool skipProbe;

    /// <summary>Begins at once, or when <paramref name="before"/>, the end of an older life, is over.</summary>
    public ServiceSupervisor(ServiceConfig config, ServiceRoom room, Task before)
    {
        Config = config;
        this.room = room;
        slot = room.Slots.Get(config.Id);
        pacing = new StartPacing(room.Options, room.Time, Random.Shared);
        running = Task.Run(() => RunAsync(before));
    }

    /// <summary>What it was started from.</summary>
    public ServiceConfig Config { get; }

    /// <summary>The last lines the service wrote to its standard error, oldest first.</summary>
    public IReadOnlyList<string> LastErrorLines => life?.Process?.StderrTail() ?? [];

    /// <summary>Ends this life and begins the next at once; does not count as a failure.</summary>
    public void Restart()
    {
        lock (gate)
        {
            pacing.Reset();
            thisLife?.Cancel();
            pause?.Cancel();
        }
    }

    /// <summary>Stops for good; with force at once. Completes when nothing of it is left.</summary>
    public async Task StopAsync(bool now)
    {
        if (now)
            await killing.CancelAsync();
        await stopping.CancelAsync();
        if (now && life?.Process is { } process)
            await process.StopAsync(force: true, CancellationToken.None);
        await running;
    }

    public async ValueTask DisposeAsync() => await StopAsync(now: true);

    private async Task RunAsync(Task before)
    {
        // Only that the older life is over counts, not how: a failed end must not keep the next from beginning.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await LiveAsync();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                SupervisionLog.SupervisorFailed(room.Logger, e, Config.Name);
                if (stopping.IsCancellationRequested)
                    break;
                await PauseAsync("internal error: " + e.Message, TimeSpan.Zero)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task LiveAsync()
    {
        if (pacing.UntilRoom() is { Ticks: > 0 } wait)
            await WaitAsync("too many starts within a minute", wait);
        pacing.OnStart();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        lock (gate)
            thisLife = end;
        var now = new ServiceLife(Config, slot, room, Report);
        life = now;
        string reason;
        try
        {
            reason = await now.RunAsync(Known(), killing.Token, end.Token);
        }
        finally
        {
            lock (gate)
                thisLife = null;
        }
        skipProbe |= now.EndedOnProbe;
        if (end.IsCancellationRequested)
            return;
        var lived = now.RunningSince is { } since ? room.Time.GetElapsedTime(since) : TimeSpan.Zero;
        await PauseAsync(reason, lived);
    }

    private Revision? Known()
    {
        if (skipProbe)
            return Revisions.NewestLegacy;
        // The snapshot knows what the last life found, our own configuration does not.
        var remembered = room.Store.Current.Services.FirstOrDefault(s => s.Id == Config.Id)?.KnownRevision;
        return Revisions.TryParse(remembered, out var revision) ? revision : null;
    }

    private Task PauseAsync(string reason, TimeSpan lived)
    {
        var wait = pacing.OnEnd(lived);
        SupervisionLog.Ended(room.Logger, Config.Name, reason, wait);
        return WaitAsync(reason, wait);
    }

    private async Task WaitAsync(string reason, TimeSpan wait)
    {
        using var until = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        lock (gate)
            pause = until;
        var before = slot.State;
        var now = room.Time.GetUtcNow();
        var since = before.Status == ServiceStatus.Error ? before.Since : now;
        slot.Set(new ServiceState(ServiceStatus.Error, reason, since, pacing.Failures, now + wait));
        try
        {
            await Task.Delay(wait, room.Time, until.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // Somebody wants it now.
        }
        finally
        {
            lock (gate)
                pause = null;
        }
    }

    private void Report(ServiceStatus status, string reason, IChannel? channel)
    {
        var before = slot.State;
        var since = before.Status == status ? before.Since : room.Time.GetUtcNow();
        slot.Set(new ServiceState(status, reason, since, pacing.Failures, NextTry: null, channel));
        if (status == ServiceStatus.Running)
            SupervisionLog.Changed(room.Logger, Config.Name, status, reason);
    }
}
