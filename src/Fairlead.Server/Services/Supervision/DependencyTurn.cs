using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

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
    public async Task WaitAsync(ServiceConfig config, Action<string> told, CancellationToken cancellationToken)
    {
        if (config.Definition.DependsOn.IsEmpty)
            return;
        var changed = new Signal();
        void OnSlot(ServiceSlot _) => changed.Set();
        void OnStore(StoreSnapshot _) => changed.Set();
        slots.Changed += OnSlot;
        store.Changed += OnStore;
        try
        {
            string? last = null;
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

    /// <summary>What it waits for, in words; null when all are ready.</summary>
    public string? Missing(ServiceConfig config)
    {
        foreach (var name in config.Definition.DependsOn)
        {
            var found = store.Current.Services.FirstOrDefault(s =>
                string.Equals(s.Name, name, StringComparison.OrdinalIgnoreCase)
            );
            if (found is null)
                return $"skipped: {name}, which it depends on, is not registered";
            var state = slots.Get(found.Id).State;
            if (state.Phase.IsAvailable() || state.IsAsleep)
                continue;
            if (!found.Enabled)
                return $"skipped: {name}, which it depends on, is stopped";
            return state.Phase == ServicePhase.Failed
                ? $"skipped: {name}, which it depends on, has failed"
                : $"waiting for {name}, which it depends on";
        }
        return null;
    }
}
