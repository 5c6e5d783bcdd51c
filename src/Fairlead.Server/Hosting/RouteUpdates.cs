using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Hosting;

/// <summary>Every change of the store becomes a new route table; the first one stands before the first call.</summary>
internal sealed class RouteUpdates(StoreWatcher store, Routes routes) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        store.Changed += routes.Swap;
        routes.Swap(store.Current);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        store.Changed -= routes.Swap;
        return Task.CompletedTask;
    }
}
