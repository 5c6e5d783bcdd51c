using Fairlead.Protocol;
using Fairlead.Runtime;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Services.Supervision;

/// <summary>
/// One life of a service, from start to end: connect, shake hands, read the lists, then be available until the
/// connection is gone or a stop is asked for. Never lived twice.
/// </summary>
internal sealed class ServiceLife(
    ServiceConfig config,
    ServiceSlot slot,
    ServiceRoom room,
    ServiceSupervisor supervisor
) : IChannelEvents
{
    private static readonly TimeSpan LastCallsLook = TimeSpan.FromMilliseconds(50);
    private readonly TaskCompletionSource<string> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ListKeeper? keeper;

    /// <summary>The process, once started; kept for its last words.</summary>
    public ServiceProcess? Process { get; private set; }

    /// <summary>When the service became available; null before.</summary>
    public long? RunningSince { get; private set; }

    /// <summary>Whether the process died of the era probe, so that the next life should not begin with it.</summary>
    public bool EndedOnProbe { get; private set; }

    /// <summary>Lives.</summary>
    /// <param name="known">The remembered revision, tried first.</param>
    /// <param name="kill">A stop that comes with it, or during it, kills at once instead of asking first.</param>
    /// <param name="stop">Asks for the end.</param>
    /// <returns>Why it ended.</returns>
    public async Task<LifeEnd> RunAsync(Revision? known, CancellationToken kill, CancellationToken stop)
    {
        var end = new LifeEnd(LifeEndKind.Failed, "it could not be started");
        IChannel? channel = null;
        try
        {
            end = await LiveAsync(known, opened => channel = opened, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to.
        }
        finally
        {
            if (stop.IsCancellationRequested)
                end = new LifeEnd(LifeEndKind.Stopped, "stopped");
            // No call may find the channel while it is being closed.
            supervisor.OnEnding(end);
            if (end.Kind == LifeEndKind.Idle)
                await LastCallsAsync();
            await EndAsync(channel, drain: end.Kind == LifeEndKind.Stopped, kill);
        }
        return end;
    }

    public void OnNotification(McpMethod method, ReadOnlyMemory<byte> parameters)
    {
        if (ListKeeper.IsListChange(method))
            keeper?.Refresh();
        else
            room.Slots.Notice(slot, method, parameters);
    }

    public void OnClosed(string reason) => Fail(reason);

    /// <summary>Ends it against the intent.</summary>
    public void Fail(string reason) => ended.TrySetResult(reason);

    private async Task<LifeEnd> LiveAsync(Revision? known, Action<IChannel> opened, CancellationToken stop)
    {
        supervisor.OnStarting("connecting");
        var connection = await room.Connector.OpenAsync(
            config,
            known,
            this,
            p => Process = p,
            line => slot.Log.Add(ServiceLogSource.Stderr, line),
            stop
        );
        EndedOnProbe = connection.EndedOnProbe;
        if (connection.Channel is not { } channel)
            return new LifeEnd(LifeEndKind.Failed, connection.Problem);
        opened(channel);
        if (await ReadListsAsync(channel, stop) is { } problem)
            return new LifeEnd(LifeEndKind.Failed, problem);
        return await ServeAsync(channel, stop);
    }

    /// <returns>Why the service is of no use, or null.</returns>
    private async Task<string?> ReadListsAsync(IChannel channel, CancellationToken stop)
    {
        supervisor.OnStarting("reading its lists");
        keeper = new ListKeeper(
            config,
            channel,
            room.Store,
            room.Slots,
            room.Catalogue,
            room.Options,
            room.Time,
            room.Logger
        );
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reading = keeper.ReadAsync(over.Token);
        // A service that dies while its lists are read is not waited for.
        if (await Task.WhenAny((Task)reading, ended.Task) == ended.Task)
        {
            await over.CancelAsync();
            return await ended.Task;
        }
        if (await reading is { } problem)
            return problem;
        await RememberAsync(channel.Hello.Revision, stop);
        return null;
    }

    private async Task<LifeEnd> ServeAsync(IChannel channel, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        RunningSince = room.Time.GetTimestamp();
        supervisor.OnReady(channel, keeper!.Problem);
        var keeping = keeper.RunAsync(() => supervisor.OnRemark(keeper.Problem), over.Token);
        try
        {
            var unused = config.Definition.Lazy
                ? UnusedAsync(over.Token)
                : Task.Delay(Timeout.InfiniteTimeSpan, room.Time, over.Token);
            if (await Task.WhenAny(ended.Task, unused) == ended.Task)
                return new LifeEnd(LifeEndKind.Failed, await ended.Task);
            stop.ThrowIfCancellationRequested();
            return new LifeEnd(LifeEndKind.Idle, "not in use; starts with the next call");
        }
        finally
        {
            await over.CancelAsync();
            await keeping;
        }
    }

    /// <summary>Ends when no call came for the idle time.</summary>
    private async Task UnusedAsync(CancellationToken cancellationToken)
    {
        var most = config.Definition.IdleSeconds is { } own ? TimeSpan.FromSeconds(own) : room.Options.IdleTime;
        while (most - slot.Calls.Idle is { Ticks: > 0 } left)
            await Task.Delay(left, room.Time, cancellationToken);
    }

    /// <summary>A call may have taken the channel a moment before the end was decided.</summary>
    private async Task LastCallsAsync()
    {
        using var limit = new CancellationTokenSource(room.Options.StopTime, room.Time);
        while (slot.Calls.InFlight > 0 && !limit.IsCancellationRequested)
            await Task.Delay(LastCallsLook, room.Time, CancellationToken.None);
    }

    private async Task RememberAsync(Revision revision, CancellationToken cancellationToken)
    {
        try
        {
            await room.Services.RememberRevisionAsync(config.Id, revision.Wire(), cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // It is only a hint for the next start.
            SupervisionLog.NotRemembered(room.Logger, e, config.Name);
        }
    }

    private async Task EndAsync(IChannel? channel, bool drain, CancellationToken kill)
    {
        if (channel is not null)
        {
            if (drain)
                await DrainAsync(channel, kill);
            await channel.DisposeAsync();
        }
        if (Process is { } process)
            await process.StopAsync(kill.IsCancellationRequested, CancellationToken.None);
    }

    /// <summary>Lets calls in flight end where that costs the service nothing; no new ones come.</summary>
    private async Task DrainAsync(IChannel channel, CancellationToken kill)
    {
        using var limit = new CancellationTokenSource(room.Options.StopTime, room.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, kill);
        await channel.DrainAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
