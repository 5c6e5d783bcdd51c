using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Supervision;

/// <summary>
/// Names are given in the order of the configuration, not of who starts first (design.md "Exposed names"): a service
/// that lists for the first time lets those before it go first while they are still on their first start, for at most
/// <see cref="ServicesOptions.NamingPatience"/>. A service that was listed before never waits.
/// </summary>
internal sealed class NamingTurn(StoreWatcher store, ServiceSlots slots, ServicesOptions options, TimeProvider time)
{
    public async Task WaitAsync(ServiceConfig config, CancellationToken cancellationToken)
    {
        if (IsListed(config))
            return;
        var changed = new Signal();
        void OnSlot(ServiceSlot _) => changed.Set();
        void OnStore(StoreSnapshot _) => changed.Set();
        slots.Changed += OnSlot;
        store.Changed += OnStore;
        using var patience = new CancellationTokenSource(options.NamingPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            while (store.Current.Services.Any(other => other.Position < config.Position && IsComing(other)))
                await changed.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The one before takes too long: its own names that clash will get its prefix.
        }
        finally
        {
            slots.Changed -= OnSlot;
            store.Changed -= OnStore;
        }
    }

    private bool IsComing(ServiceConfig service) =>
        service.Runs
        && !IsListed(service)
        && slots.Get(service.Id).State
            is {
                Status: ServiceStatus.NotStarted or ServiceStatus.Starting,
                Attempts: <= 1,
                IsSkipped: false,
                IsAsleep: false,
            };

    private bool IsListed(ServiceConfig service) => store.Current.Catalogue.Any(i => i.Service == service.Id);
}
