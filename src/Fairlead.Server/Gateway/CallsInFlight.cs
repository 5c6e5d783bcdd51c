using System.Collections.Concurrent;

namespace Fairlead.Server.Gateway;

/// <summary>Every call that is running, for draining and for what the console shows.</summary>
internal sealed class CallsInFlight
{
    private readonly ConcurrentDictionary<Call, byte> calls = new();
    private volatile bool draining;

    public int Count => calls.Count;

    public IEnumerable<Call> All => calls.Keys;

    /// <summary>Whether the gateway stops: nothing new begins any more.</summary>
    public bool IsDraining => draining;

    /// <summary>Notes a call; false once the gateway drains.</summary>
    public bool TryAdd(Call call) => !draining && calls.TryAdd(call, 0);

    public void Remove(Call call) => calls.TryRemove(call, out _);

    /// <summary>Refuses new calls from now on.</summary>
    public void StartDraining() => draining = true;
}
