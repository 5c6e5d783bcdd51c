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
    Action<ServiceStatus, string, IChannel?> report
) : IChannelEvents
{
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
    /// <returns>Why it ended; "stopped" after a stop.</returns>
    public async Task<string> RunAsync(Revision? known, CancellationToken kill, CancellationToken stop)
    {
        IChannel? channel = null;
        var reason = "stopped";
        try
        {
            report(ServiceStatus.Starting, "connecting", null);
            var connection = await room.Connector.OpenAsync(config, known, this, p => Process = p, stop);
            channel = connection.Channel;
            EndedOnProbe = connection.EndedOnProbe;
            reason = channel is null ? connection.Problem : await ServeAsync(channel, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to.
        }
        finally
        {
            // No call may find the channel while it is being closed.
            if (stop.IsCancellationRequested)
                report(ServiceStatus.Stopping, "stopping", null);
            else
                report(ServiceStatus.Error, reason, null);
            await EndAsync(channel, drain: stop.IsCancellationRequested, kill);
        }
        return reason;
    }

    public void OnNotification(McpMethod method, ReadOnlyMemory<byte> parameters)
    {
        if (ListKeeper.IsListChange(method))
            keeper?.Refresh();
        else
            room.Slots.Notice(slot, method, parameters);
    }

    public void OnClosed(string reason) => ended.TrySetResult(reason);

    private async Task<string> ServeAsync(IChannel channel, CancellationToken stop)
    {
        report(ServiceStatus.Starting, "reading its lists", null);
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
        var keeping = Task.CompletedTask;
        try
        {
            var reading = keeper.ReadAsync(over.Token);
            // A service that dies while its lists are read is not waited for.
            if (await Task.WhenAny((Task)reading, ended.Task) == ended.Task)
                return await ended.Task;
            if (await reading is { } problem)
                return problem;
            await RememberAsync(channel.Hello.Revision, stop);
            RunningSince = room.Time.GetTimestamp();
            ReportRunning(channel);
            keeping = keeper.RunAsync(() => ReportRunning(channel), over.Token);
            return await ended.Task.WaitAsync(stop);
        }
        finally
        {
            await over.CancelAsync();
            await keeping;
        }
    }

    /// <summary>A list that had to be cut is said where people look first.</summary>
    private void ReportRunning(IChannel channel) =>
        report(ServiceStatus.Running, keeper?.Problem is { } problem ? "running; " + problem : "running", channel);

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
