using System.Collections.Concurrent;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services;

/// <summary>States of a service as the source documents name them (S-06, C-07).</summary>
internal enum ServiceStatus
{
    NotStarted,
    Starting,
    Running,
    Stopping,
    Stopped,
    Error,
    Unknown,
}

/// <summary>What is observed of a service now; immutable, swapped whole.</summary>
internal sealed record ServiceState(
    ServiceStatus Status,
    string Reason,
    DateTimeOffset Since,
    int Attempts = 0,
    DateTimeOffset? NextTry = null,
    IChannel? Channel = null
);

/// <summary>
/// The one meeting point of supervision and the call path: a route holds the slot for ever, supervision swaps its
/// state. Reading it takes no lock.
/// </summary>
internal sealed class ServiceSlot(ServiceId id, ServiceState initial)
{
    private readonly Lock gate = new();
    private volatile ServiceState state = initial;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ServiceId Id { get; } = id;

    public ServiceState State => state;

    /// <summary>The live channel, or null while the service is not running.</summary>
    public IChannel? Channel => state.Channel;

    /// <summary>Raised after each swap, on the supervisor's thread; handlers must not wait.</summary>
    public event Action<ServiceSlot>? Changed;

    /// <summary>Swaps the state and wakes all waiters.</summary>
    public void Set(ServiceState next)
    {
        TaskCompletionSource wake;
        lock (gate)
        {
            state = next;
            wake = changed;
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        wake.SetResult();
        Changed?.Invoke(this);
    }

    /// <summary>
    /// The channel, waiting up to <paramref name="patience"/> while the service is starting; null when it is not to be
    /// had in time or is not starting at all.
    /// </summary>
    public async ValueTask<IChannel?> ReadyAsync(
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        if (state.Channel is { } ready)
            return ready;
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (true)
        {
            Task wake;
            ServiceState now;
            lock (gate)
            {
                now = state;
                wake = changed.Task;
            }
            if (now.Channel is { } channel)
                return channel;
            if (now.Status is not ServiceStatus.Starting)
                return null;
            try
            {
                await wake.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                return null;
            }
        }
    }
}

/// <summary>All slots, one per service id for the life of the process.</summary>
internal sealed class ServiceSlots(TimeProvider time)
{
    private readonly TimeProvider time = time;
    private readonly ConcurrentDictionary<ServiceId, ServiceSlot> slots = new();

    /// <summary>
    /// What services say outside any call and is meant for clients: resource updates and log messages
    /// (raw <c>params</c>). Raised by supervision; handlers must not wait.
    /// </summary>
    public event Action<ServiceSlot, McpMethod, ReadOnlyMemory<byte>>? Noticed;

    /// <summary>Raised when any slot's state was swapped.</summary>
    public event Action<ServiceSlot>? Changed;

    public ServiceSlot Get(ServiceId id) =>
        slots.GetOrAdd(
            id,
            static (key, self) =>
            {
                var state = new ServiceState(ServiceStatus.NotStarted, "not started", self.time.GetUtcNow());
                var slot = new ServiceSlot(key, state);
                slot.Changed += s => self.Changed?.Invoke(s);
                return slot;
            },
            this
        );

    /// <summary>Passes on a service's notification to <see cref="Noticed"/>.</summary>
    public void Notice(ServiceSlot slot, McpMethod method, ReadOnlyMemory<byte> parameters) =>
        Noticed?.Invoke(slot, method, parameters);

    public bool TryRemove(ServiceId id) => slots.TryRemove(id, out _);
}
