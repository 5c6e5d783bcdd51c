using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Api;

/// <summary>Starts and stops several services and tells what became of each (S-13, S-15, S-16).</summary>
internal sealed class SeveralServices(ServiceStore store, ServiceDesk desk, ReconcileLoop loop, TimeProvider time)
{
    /// <summary>Starts them and all they depend on; what fails is recorded, what depends on it is skipped.</summary>
    /// <param name="chosen">The services.</param>
    /// <param name="within">How long to wait for the outcome.</param>
    /// <param name="cancellationToken">Ends the wait, not the starts.</param>
    /// <returns>The outcome of each, dependencies first.</returns>
    public async Task<IReadOnlyList<ServiceOutcomeView>> StartAsync(
        IEnumerable<ServiceConfig> chosen,
        TimeSpan within,
        CancellationToken cancellationToken
    )
    {
        // As they are now: a restart has just stopped them.
        var order = DependencyGraph.StartOrder(WithDependencies(chosen.Select(c => desk.Find(c.Id.Value) ?? c)));
        // An older failure is no outcome.
        var before = order.ToDictionary(s => s.Id, desk.State);
        foreach (var service in order)
        {
            if (!service.Enabled)
                await store.SetEnabledAsync(service.Id, true, cancellationToken);
            else if (desk.State(service) is { Phase: ServicePhase.Failed } or { IsAsleep: true })
                loop.Find(service.Id)?.Restart();
        }
        var since = time.GetTimestamp();
        foreach (var service in order)
        {
            var left = within - time.GetElapsedTime(since);
            await desk.UntilAsync(
                service,
                s => IsSettled(s) && (s.Phase.IsAvailable() || !ReferenceEquals(s, before[service.Id])),
                left > TimeSpan.Zero ? left : TimeSpan.Zero,
                cancellationToken
            );
        }
        return [.. order.Select(s => Outcome(s, state => state.Phase.IsAvailable()))];
    }

    /// <summary>Stops them one after the other, dependants first.</summary>
    /// <param name="chosen">The services.</param>
    /// <param name="force">Whether they are killed.</param>
    /// <param name="within">How long to wait, all together.</param>
    /// <param name="cancellationToken">Ends the wait and what was not begun.</param>
    /// <returns>The outcome of each, in the order of the stops.</returns>
    public async Task<IReadOnlyList<ServiceOutcomeView>> StopAsync(
        IEnumerable<ServiceConfig> chosen,
        bool force,
        TimeSpan within,
        CancellationToken cancellationToken
    )
    {
        var order = DependencyGraph.StartOrder(chosen);
        order.Reverse();
        var since = time.GetTimestamp();
        foreach (var service in order)
        {
            await store.SetEnabledAsync(service.Id, false, cancellationToken);
            if (force)
                await loop.KillAsync(service.Id);
            var left = within - time.GetElapsedTime(since);
            await desk.UntilAsync(service, IsOver, left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
        }
        return [.. order.Select(s => Outcome(s, IsOver))];
    }

    private ServiceOutcomeView Outcome(ServiceConfig service, Func<ServiceState, bool> isOk)
    {
        var state = desk.State(service);
        return new ServiceOutcomeView(service.Name, isOk(state), ServiceDesk.Wire(state.Status), state.Reason);
    }

    private List<ServiceConfig> WithDependencies(IEnumerable<ServiceConfig> chosen)
    {
        var all = chosen.ToList();
        for (var i = 0; i < all.Count; i++)
            all.AddRange(
                all[i]
                    .Definition.DependsOn.Select(name =>
                        desk.Now.Services.FirstOrDefault(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                    )
                    .OfType<ServiceConfig>()
                    .Where(d => !all.Contains(d))
            );
        return [.. all.Distinct()];
    }

    // Also what has failed once: whoever waits wants to know, not to sit through its restarts.
    private static bool IsSettled(ServiceState state) =>
        state.Phase.IsAvailable() || state.Phase == ServicePhase.Failed || state.IsSkipped;

    private static bool IsOver(ServiceState state) => state.Status is ServiceStatus.Stopped or ServiceStatus.NotStarted;
}
