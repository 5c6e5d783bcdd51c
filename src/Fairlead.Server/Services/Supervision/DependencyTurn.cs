using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>Why a service does not start yet.</summary>
/// <param name="Why">In words.</param>
/// <param name="IsSkipped">Whether what it needs has failed or is stopped, so that waiting may be in vain.</param>
internal sealed record DependencyGap(string Why, bool IsSkipped);

/// <summary>
/// A service starts when those it depends on are ready, not merely started (S-15). While one of them has failed or is
/// stopped, it is skipped and says so; it starts by itself once they are there (S-16).
/// </summary>
internal sealed class DependencyTurn(StoreWatcher store, ServiceSlots slots)
{
    /// <summary>Waits until all are ready.</summary>
    /// <param name="config">The service that is to start.</param>
    /// <param name="told">Gets what it waits for, each time that changes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task WaitAsync(ServiceConfig config, Action<DependencyGap> told, CancellationToken cancellationToken)
    {
        if (Missing(config) is null)
            return;
        var changed = new Signal();
        void OnSlot(ServiceSlot _) => changed.Set();
        void OnStore(StoreSnapshot _) => changed.Set();
        slots.Changed += OnSlot;
        store.Changed += OnStore;
        try
        {
            DependencyGap? last = null;
            while (Missing(config) is { } missing)
            {
                if (missing != last)
                    told(last = missing);
                await changed.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            slots.Changed -= OnSlot;
            store.Changed -= OnStore;
        }
    }

    /// <summary>What it waits for; null when all are ready.</summary>
    public DependencyGap? Missing(ServiceConfig config)
    {
        // As it is registered now: a change of this needs no restart.
        var now = store.Current.Services.FirstOrDefault(s => s.Id == config.Id) ?? config;
        foreach (var name in now.Definition.DependsOn)
        {
            var found = store.Current.Services.FirstOrDefault(s =>
                string.Equals(s.Name, name, StringComparison.OrdinalIgnoreCase)
            );
            if (found is null)
                return new($"skipped: {name}, which it depends on, is not registered", IsSkipped: true);
            var state = slots.Get(found.Id).State;
            if (state.Phase.IsAvailable() || state.IsAsleep)
                continue;
            if (found.IsHeld)
                return new($"skipped: {name}, which it depends on, waits for a review", IsSkipped: true);
            if (!found.Enabled)
                return new($"skipped: {name}, which it depends on, is stopped", IsSkipped: true);
            return state.Phase == ServicePhase.Failed || state.IsSkipped
                ? new($"skipped: {name}, which it depends on, {(state.IsSkipped ? "is skipped" : "has failed")}", true)
                : new($"waiting for {name}, which it depends on", IsSkipped: false);
        }
        return null;
    }
}
