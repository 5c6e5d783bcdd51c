using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Hosting.Lifespan;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting;

/// <summary>
/// The first stage of a stop: readiness goes off, new calls are refused, those in flight end (at most
/// <see cref="GatewayOptions.Drain"/>), open subscriptions get their graceful result. Only then are services stopped.
/// </summary>
internal sealed class DrainStage(
    CallsInFlight calls,
    SessionStore sessions,
    SseLinks links,
    GatewayOptions options,
    Lifecycle life,
    TimeProvider time,
    ILogger<DrainStage> logger
) : IHostedLifecycleService
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Whether the gateway takes calls.</summary>
    public bool IsReady { get; private set; }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        life.Enter(LifePhase.Running);
        IsReady = true;
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        life.Enter(LifePhase.Shutdown);
        IsReady = false;
        calls.StartDraining();
        GatewayLog.Draining(logger, calls.Count);
        foreach (var listener in calls.All.Where(c => c.Envelope.Method == McpMethod.SubscriptionsListen))
            listener.Cancel(CancelCause.Draining);
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(Look, time);
        while (calls.Count > 0 && time.GetElapsedTime(started) < options.Drain)
        {
            if (cancellationToken.IsCancellationRequested || !await timer.WaitForNextTickAsync(CancellationToken.None))
                break;
        }
        if (calls.Count > 0)
        {
            GatewayLog.DrainCut(logger, calls.Count, options.Drain.TotalSeconds);
            foreach (var call in calls.All)
                call.Cancel(CancelCause.Draining);
        }
        foreach (var session in sessions.All)
            sessions.Remove(session);
        links.CloseAll();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
