using System.Collections.Concurrent;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Health;

/// <summary>The samples of all services, kept across their lives as long as they are registered (S-17).</summary>
internal sealed class HealthBook(ServicesOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<ServiceId, HealthHistory> histories = new();

    public HealthHistory Of(ServiceId id) => histories.GetOrAdd(id, _ => new HealthHistory(options.Health, time));

    public void Forget(ServiceId id) => histories.TryRemove(id, out _);
}
