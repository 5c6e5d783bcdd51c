using System.Collections.Concurrent;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Services.Supervision;

/// <summary>
/// Brings the running services in line with the stored intent, whenever that changes. Only starts and stops here wait
/// for nothing: every service has its own supervisor.
/// </summary>
internal sealed class ReconcileLoop(ServiceRoom room) : BackgroundService
{
    /// <summary>Why a service whose launch waits for a review does not run.</summary>
    public const string HeldReason = "held: what would be started is not approved yet; see its reviews";
    private static readonly TimeSpan StopStagger = TimeSpan.FromMilliseconds(500);
    private readonly ConcurrentDictionary<ServiceId, Handled> handled = new();
    private readonly Signal changed = new();
    private long order;

    /// <param name="Definition">What the supervisor was started from.</param>
    /// <param name="Supervisor">Also after its stop, so that the stop can still be forced.</param>
    /// <param name="Ending">Completes when the stop is over; null while it is kept alive.</param>
    /// <param name="Removing">No longer registered: forgotten when the stop is over.</param>
    /// <param name="Order">Order of starts.</param>
    private sealed record Handled(
        ServiceDefinition Definition,
        ServiceSupervisor? Supervisor,
        Task? Ending,
        bool Removing,
        long Order
    );

    /// <summary>The supervisor of a service, the last one after a stop.</summary>
    public ServiceSupervisor? Find(ServiceId id) => handled.GetValueOrDefault(id)?.Supervisor;

    /// <summary>Stops a service at once, also while an ordinary stop is under way (S-09).</summary>
    public Task KillAsync(ServiceId id) => Find(id)?.StopAsync(now: true) ?? Task.CompletedTask;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await StopAllAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        room.Store.Changed += OnChanged;
        changed.Set();
        try
        {
            while (true)
            {
                await changed.WaitAsync(stoppingToken);
                Reconcile(DesiredServices.From(room.Store.Current));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutdown: StopAsync ends the services.
        }
        finally
        {
            room.Store.Changed -= OnChanged;
        }
    }

    private void OnChanged(StoreSnapshot snapshot) => changed.Set();

    private void Reconcile(DesiredServices desired)
    {
        var observed = handled.ToDictionary(
            h => h.Key,
            h => new ObservedService(h.Value.Definition, Runs: h.Value.Ending is null)
        );
        foreach (var action in Reconciler.Decide(desired, observed))
            Apply(action);
    }

    private void Apply(ReconcileAction action)
    {
        var old = handled.GetValueOrDefault(action.Id);
        switch (action)
        {
            case ReconcileAction.Start start:
                Begin(start.Config, old?.Ending ?? Task.CompletedTask);
                break;
            case ReconcileAction.Replace replace:
                Begin(replace.Config, EndAsync(old));
                break;
            case ReconcileAction.Stop stop:
                handled[stop.Id] = new Handled(
                    stop.Config.Definition,
                    old?.Supervisor,
                    StoppedAsync(stop.Id, old, stop.Config.Enabled ? HeldReason : "stopped by an operator"),
                    Removing: false,
                    Order: 0
                );
                break;
            case ReconcileAction.Remove remove when old is { Removing: false }:
                var gone = old with { Ending = StoppedAsync(remove.Id, old, "removed"), Removing = true };
                handled[remove.Id] = gone;
                _ = ForgetAsync(remove.Id, gone);
                break;
            default:
                break; // its removal is under way
        }
    }

    /// <summary>Starts a supervisor; where an old life is still ending, after that.</summary>
    private void Begin(ServiceConfig config, Task before) =>
        handled[config.Id] = new Handled(
            config.Definition,
            new ServiceSupervisor(config, room, before),
            Ending: null,
            Removing: false,
            Interlocked.Increment(ref order)
        );

    private static Task EndAsync(Handled? old) =>
        old?.Ending ?? old?.Supervisor?.StopAsync(now: false) ?? Task.CompletedTask;

    private async Task StoppedAsync(ServiceId id, Handled? old, string reason)
    {
        await EndAsync(old);
        MarkStopped(room.Slots.Get(id), reason);
    }

    private void MarkStopped(ServiceSlot slot, string reason)
    {
        var now = room.Time.GetUtcNow();
        // What never ran in this life of the gateway has nothing to stop; whether it ever ran, its era tells.
        if (slot.State.Phase == ServicePhase.Init)
        {
            var ran = room.Store.Current.Services.Any(s => s.Id == slot.Id && s.KnownRevision is not null);
            slot.Begin(new ServiceState(ran ? ServicePhase.Stopped : ServicePhase.Init, reason, now));
            return;
        }
        if (slot.State.Phase != ServicePhase.Stopped)
            slot.Set(new ServiceState(ServicePhase.Stopping, reason, now));
        slot.End(new ServiceState(ServicePhase.Stopped, reason, now));
    }

    private async Task ForgetAsync(ServiceId id, Handled gone)
    {
        await gone.Ending!;
        // It may have been registered again meanwhile.
        if (handled.TryRemove(KeyValuePair.Create(id, gone)))
        {
            room.Slots.TryRemove(id);
            room.Health.Forget(id);
            room.Journal.Forget(id);
        }
    }

    /// <summary>
    /// Dependants first, otherwise in the reverse order of their start (S-13), each given a moment before the next, all
    /// together bounded.
    /// </summary>
    private async Task StopAllAsync()
    {
        var since = room.Time.GetTimestamp();
        var services = StartOrder();
        services.Reverse();
        // Half of the time at most: those that begin to stop last need some, too.
        var most = room.Options.ShutdownLimit / 2 / Math.Max(1, services.Count);
        var stops = new List<Task>();
        foreach (var service in services)
        {
            var stop = EndAsync(service);
            stops.Add(stop);
            await Task.WhenAny(stop, Task.Delay(most < StopStagger ? most : StopStagger, room.Time));
        }
        try
        {
            var left = room.Options.ShutdownLimit - room.Time.GetElapsedTime(since);
            await Task.WhenAll(stops).WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, room.Time);
        }
        catch (TimeoutException)
        {
            // What is left is killed when the process host is disposed.
            SupervisionLog.StopTooSlow(room.Logger, stops.Count(s => !s.IsCompleted), room.Options.ShutdownLimit);
        }
    }

    // Supervisors are made in the order of registration; a dependency may come later in that.
    private List<Handled> StartOrder()
    {
        var started = handled.Where(h => h.Value.Supervisor is not null).ToDictionary();
        var now = room.Store.Current.Services.ToDictionary(s => s.Id);
        var configs = started
            .OrderBy(h => h.Value.Order)
            .Select(h => now.GetValueOrDefault(h.Key) ?? h.Value.Supervisor!.Config);
        return [.. DependencyGraph.StartOrder(configs).Select(config => started[config.Id])];
    }
}
