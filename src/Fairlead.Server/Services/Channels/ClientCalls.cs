using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// Counts the open calls that a client waits for, so that a stop can let them end. The gateway's own calls do not
/// count: some of them (subscriptions) end only with the channel.
/// </summary>
internal sealed class ClientCalls
{
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int open;
    private int draining;

    public static bool Counts(ChannelCall call, ICallEvents events) =>
        events is not HouseEvents && call.Method is not McpMethod.SubscriptionsListen;

    public void Begin() => Interlocked.Increment(ref open);

    public void End()
    {
        if (Interlocked.Decrement(ref open) == 0 && Volatile.Read(ref draining) == 1)
            idle.TrySetResult();
    }

    /// <summary>Completes when none is open.</summary>
    public Task WhenIdleAsync()
    {
        // A full fence: either the last call sees that it is waited for, or its end is seen here.
        Interlocked.Exchange(ref draining, 1);
        if (Volatile.Read(ref open) == 0)
            idle.TrySetResult();
        return idle.Task;
    }
}
