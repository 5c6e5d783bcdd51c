using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>
/// Keeps one service alive from its start to its stop: life after life, with what its <see cref="Recovery"/> says
/// between failed ones. All that is observed goes to the service's slot. Independent of every other service but for those
/// it depends on.
/// </summary>
internal sealed class ServiceSupervisor : IAsyncDisposable
{
    private readonly ServiceRoom room;
    private readonly ServiceSlot slot;
    private readonly Recovery recovery;
    private readonly HealthWatch watch;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource killing = new();
    private readonly Signal wanted = new();
    private readonly Task running;
    private readonly Lock gate = new();
    private CancellationTokenSource? thisLife;
    private volatile ServiceLife? life;
    private bool skipProbe;
    private bool maySleep = true;

    /// <summary>Begins at once, or when <paramref name="before"/>, the end of an older life, is over.</summary>
    public ServiceSupervisor(ServiceConfig config, ServiceRoom room, Task before)
    {
        Config = config;
        this.room = room;
        slot = room.Slots.Get(config.Id);
        recovery = new Recovery(() => Now.Definition, room.Options.Recovery, room.Time, Random.Shared);
        watch = new HealthWatch(
            config,
            slot,
            room.Health.Of(config.Id),
            room.Options.Health,
            room.Time,
            reason => life?.Fail(reason)
        );
        running = Task.Run(() => RunAsync(before));
    }

    /// <summary>What it was started from.</summary>
    public ServiceConfig Config { get; }

    /// <summary>The last lines the service wrote to its standard error, oldest first.</summary>
    public IReadOnlyList<string> LastErrorLines => life?.Process?.StderrTail() ?? [];

    /// <summary>
    /// Ends this life and begins the next at once; does not count as a failure. Also begins one where it was given up,
    /// waits for its next try, or sleeps.
    /// </summary>
    public void Restart()
    {
        lock (gate)
        {
            recovery.Reset();
            thisLife?.Cancel();
            wanted.Set();
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

    /// <summary>A life begins, or got on with beginning.</summary>
    public void OnStarting(string why) => slot.Set(State(ServicePhase.Startup, why));

    /// <summary>Handshake done and lists verified: calls can be sent.</summary>
    public void OnReady(IChannel channel, string? remark)
    {
        slot.Set(State(ServicePhase.Ready, "running") with { Channel = channel, Remark = remark });
        watch.Begin(channel);
    }

    /// <summary>What an operator should know besides is another.</summary>
    public void OnRemark(string? remark)
    {
        for (var state = slot.State; state.Phase.IsAvailable(); state = slot.State)
        {
            if (slot.TrySet(state, state with { Remark = remark }))
                return;
        }
    }

    /// <summary>A life is over, or about to be; no call may find its channel any more.</summary>
    public void OnEnding(LifeEnd end)
    {
        watch.End();
        // Who calls it from now on waits for its next life.
        if (end.Kind == LifeEndKind.Idle)
            slot.Sleep(State(ServicePhase.Stopping, end.Reason) with { IsAsleep = true }, wanted.Set);
        else
            slot.Set(State(end.Kind == LifeEndKind.Failed ? ServicePhase.Failed : ServicePhase.Stopping, end.Reason));
    }

    private async Task RunAsync(Task before)
    {
        // Only that the older life is over counts, not how: a failed end must not keep the next from beginning.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var watching = watch.RunAsync(stopping.Token);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await NextLifeAsync();
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
                await RecoverAsync("internal error: " + e.Message, TimeSpan.Zero)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await watching;
    }

    private async Task NextLifeAsync()
    {
        await SleepAsync();
        await room.Dependencies.WaitAsync(Config, gap => Hold(gap.Why, null, gap.IsSkipped), stopping.Token);
        // Whoever wants it now: the limit holds for people and programs, too.
        while (recovery.UntilRoom() is { Ticks: > 0 } wait)
            await HoldAsync("too many starts within a minute", wait);
        var (end, lived) = await LiveAsync();
        if (end.Kind == LifeEndKind.Failed)
            await RecoverAsync(end.Reason, lived);
        else
            slot.Set(State(ServicePhase.Stopped, end.Reason));
        maySleep = end.Kind == LifeEndKind.Idle;
    }

    private async Task<(LifeEnd End, TimeSpan Lived)> LiveAsync()
    {
        recovery.OnStart();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        lock (gate)
        {
            thisLife = stop;
            wanted.Clear();
        }
        var now = new ServiceLife(Config, slot, room, this);
        life = now;
        LifeEnd end;
        try
        {
            end = await now.RunAsync(Known(), killing.Token, stop.Token);
        }
        finally
        {
            lock (gate)
                thisLife = null;
        }
        skipProbe |= now.EndedOnProbe;
        return (end, now.RunningSince is { } since ? room.Time.GetElapsedTime(since) : TimeSpan.Zero);
    }

    /// <summary>A lazy service whose lists are known sleeps until a call needs it.</summary>
    private async Task SleepAsync()
    {
        if (!maySleep || !Config.Definition.Lazy || !room.Store.Current.Catalogue.Any(i => i.Service == Config.Id))
            return;
        var phase = slot.State.Phase == ServicePhase.Init ? ServicePhase.Init : ServicePhase.Stopped;
        slot.Sleep(State(phase, "not in use; starts with the next call") with { IsAsleep = true }, wanted.Set);
        await wanted.WaitAsync(stopping.Token);
    }

    /// <summary>As it is registered now: what needs no restart may be another than it was started with.</summary>
    private ServiceConfig Now => room.Store.Current.Services.FirstOrDefault(s => s.Id == Config.Id) ?? Config;

    private Revision? Known()
    {
        if (skipProbe)
            return Revisions.NewestLegacy;
        // The snapshot knows what the last life found, our own configuration does not.
        return Revisions.TryParse(Now.KnownRevision, out var revision) ? revision : null;
    }

    private Task RecoverAsync(string reason, TimeSpan lived)
    {
        var step = recovery.OnEnd(lived);
        if (step.Pause is { } pause)
        {
            SupervisionLog.Ended(room.Logger, Config.Name, reason, pause);
            if (step.IsLoud)
                room.Journal.GivenUp(Config, $"{reason}; after {recovery.Failures - 1} reconnects it is tried rarely");
            return HoldAsync(reason, pause);
        }
        var why =
            Now.Definition.RestartOnError == false
                ? $"{reason}; it is not restarted, as it was registered"
                : $"{reason}; given up after {recovery.Failures - 1} restarts";
        room.Journal.GivenUp(Config, why);
        return HoldAsync(why, null);
    }

    /// <summary>Waits until it is time, or somebody wants it now; without a time only for that.</summary>
    private async Task HoldAsync(string why, TimeSpan? wait)
    {
        Hold(why, room.Time.GetUtcNow() + wait);
        if (wait is not { } pause)
        {
            await wanted.WaitAsync(stopping.Token);
            return;
        }
        using var limit = new CancellationTokenSource(pause, room.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping.Token);
        try
        {
            await wanted.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // It is time.
        }
    }

    private void Hold(string why, DateTimeOffset? nextTry, bool isSkipped = false)
    {
        var phase = slot.State.Phase is ServicePhase.Init or ServicePhase.Stopped
            ? slot.State.Phase
            : ServicePhase.Failed;
        slot.Set(State(phase, why) with { NextTry = nextTry, IsSkipped = isSkipped });
    }

    private ServiceState State(ServicePhase phase, string why)
    {
        var before = slot.State;
        return new ServiceState(
            phase,
            why,
            before.Phase == phase ? before.Since : room.Time.GetUtcNow(),
            recovery.Failures
        );
    }
}
