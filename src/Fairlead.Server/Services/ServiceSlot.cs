using System.Collections.Concurrent;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services;

/// <summary>What is observed of a service now; immutable, swapped whole.</summary>
/// <param name="Phase">Where it is.</param>
/// <param name="Why">Why it is there.</param>
/// <param name="Since">Since when.</param>
/// <param name="Attempts">Failures in a row.</param>
/// <param name="NextTry">When it will be tried again; null unless it waits for that.</param>
/// <param name="Channel">Where calls go; null unless the phase is available.</param>
/// <param name="Remark">What an operator should know besides, such as a list that had to be cut.</param>
internal sealed record ServiceState(
    ServicePhase Phase,
    string Why,
    DateTimeOffset Since,
    int Attempts = 0,
    DateTimeOffset? NextTry = null,
    IChannel? Channel = null,
    string? Remark = null
)
{
    public ServiceStatus Status => Phase.Status();

    public ServiceHealth Health => Phase.Health();

    /// <summary>What it depends on has failed or is stopped, so it is not started (S-16).</summary>
    public bool IsSkipped { get; init; }

    /// <summary>Nobody uses it; the first call that needs it starts it.</summary>
    public bool IsAsleep { get; init; }

    public string Reason => Remark is null ? Why : $"{Why}; {Remark}";
}

/// <summary>
/// The one meeting point of supervision and the call path: a route holds the slot for ever, supervision swaps its
/// state. Reading it takes no lock.
/// </summary>
internal sealed class ServiceSlot(ServiceId id, ServiceState initial, TimeProvider time)
{
    private readonly Lock gate = new();
    private volatile ServiceState state = initial;
    private volatile Action? wakeUp;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ServiceId Id { get; } = id;

    public ServiceState State => state;

    /// <summary>The live channel, or null while calls cannot be sent.</summary>
    public IChannel? Channel => state.Channel;

    /// <summary>What it wrote to its standard error, and what became of it.</summary>
    public ServiceLog Log { get; } = new(time);

    /// <summary>How its recent calls went.</summary>
    public CallWindow Calls { get; } = new(time);

    /// <summary>How many calls it has at once.</summary>
    public CallGate Gate { get; } = new();

    /// <summary>Raised after each swap, on the supervisor's thread; handlers must not wait.</summary>
    public event Action<ServiceSlot>? Changed;

    /// <summary>Swaps the state and wakes all waiters.</summary>
    /// <exception cref="InvalidOperationException">No such step exists (S-07).</exception>
    public void Set(ServiceState next)
    {
        lock (gate)
            Swap(next);
        Changed?.Invoke(this);
    }

    /// <summary>The same, if the state is still the one the decision was made from.</summary>
    public bool TrySet(ServiceState from, ServiceState next)
    {
        lock (gate)
        {
            if (!ReferenceEquals(state, from))
                return false;
            Swap(next);
        }
        Changed?.Invoke(this);
        return true;
    }

    /// <summary>
    /// Nobody uses it: it ends, and the first call that needs it runs <paramref name="wake"/> and waits (lazy services).
    /// Holds until it starts.
    /// </summary>
    public void Sleep(ServiceState asleep, Action wake)
    {
        lock (gate)
        {
            Swap(asleep);
            wakeUp = wake;
        }
        Changed?.Invoke(this);
    }

    /// <summary>It is not to run any more: no call wakes it, and those that wait for it wait no longer.</summary>
    public void End(ServiceState stopped)
    {
        lock (gate)
        {
            wakeUp = null;
            Swap(stopped);
        }
        Changed?.Invoke(this);
    }

    /// <summary>
    /// Where it begins when this life of the gateway begins: no step, so any phase without a channel. Otherwise as
    /// <see cref="End"/>.
    /// </summary>
    public void Begin(ServiceState first)
    {
        lock (gate)
        {
            wakeUp = null;
            state = first;
            Wake();
        }
        Changed?.Invoke(this);
    }

    /// <summary>
    /// The channel, waiting up to <paramref name="patience"/> while the service is starting; null when it is not to be
    /// had in time or is not starting at all.
    /// </summary>
    public async ValueTask<IChannel?> ReadyAsync(
        TimeSpan patience,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        if (state.Channel is { } ready)
            return ready;
        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (true)
        {
            Task change;
            ServiceState now;
            Action? sleeper;
            lock (gate)
            {
                now = state;
                sleeper = wakeUp;
                change = changed.Task;
            }
            if (now.Channel is { } channel)
                return channel;
            if (sleeper is not null)
                sleeper();
            else if (now.Status is not ServiceStatus.Starting)
                return null;
            try
            {
                await change.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                return null;
            }
        }
    }

    private static string Sentence(ServiceState state)
    {
        var status = JsonNamingPolicy.SnakeCaseLower.ConvertName(state.Status.ToString());
        return state.Reason.StartsWith(status, StringComparison.Ordinal) ? state.Reason : $"{status}: {state.Reason}";
    }

    private void Swap(ServiceState next)
    {
        if (!ServicePhases.Allows(state.Phase, next.Phase))
            throw new InvalidOperationException($"A service cannot go from {state.Phase} to {next.Phase}.");
        if (next.Status != state.Status || next.Reason != state.Reason)
            Log.Add(ServiceLogSource.Gateway, Sentence(next));
        state = next;
        // Asleep until it starts: a call between the wake and the start must find one or the other.
        if (next.Phase == ServicePhase.Startup)
            wakeUp = null;
        Wake();
    }

    private void Wake()
    {
        var wake = changed;
        changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        wake.SetResult();
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
                var state = new ServiceState(ServicePhase.Init, "not started", self.time.GetUtcNow());
                var slot = new ServiceSlot(key, state, self.time);
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
