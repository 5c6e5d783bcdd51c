using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;
using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// One open call of a channel: what the waiter awaits, and the only door to its events. Whoever takes it out of
/// <see cref="PendingCalls"/> completes it, so it ends exactly once; no event is delivered after it ended.
/// </summary>
internal sealed class PendingCall(long id, ChannelCall call, ICallEvents events) : IValueTaskSource<ChannelReply>
{
    private readonly Lock gate = new();
    private ManualResetValueTaskSourceCore<ChannelReply> core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenSource? life;
    private bool ended;

    public long Id { get; } = id;

    public McpMethod Method { get; } = call.Method;

    public string? SessionKey { get; } = call.SessionKey;

    public ICallEvents Events { get; } = events;

    /// <summary>Whether a client stands behind it; the gateway's own lists and subscriptions are never asked.</summary>
    public bool HasAsker { get; } = ClientCalls.Counts(call, events);

    public ValueTask<ChannelReply> Reply => new(this, core.Version);

    /// <summary>Cancelled when the call ends; questions of the service live no longer than their call.</summary>
    public CancellationToken Life
    {
        get
        {
            lock (gate)
            {
                if (ended)
                    return new CancellationToken(canceled: true);
                return (life ??= new CancellationTokenSource()).Token;
            }
        }
    }

    public void Complete(ChannelReply reply)
    {
        End();
        core.SetResult(reply);
    }

    public void Cancel(CancellationToken cause)
    {
        End();
        core.SetException(new OperationCanceledException(cause));
    }

    /// <summary>Ends it without a reply for a waiter, where the caller reads its answer itself (HTTP).</summary>
    public void End()
    {
        CancellationTokenSource? questions;
        lock (gate)
        {
            ended = true;
            questions = life;
        }
        questions?.Cancel();
    }

    public void Deliver(McpMethod method, ReadOnlySpan<byte> parameters, Range token)
    {
        // Held during delivery: after the waiter returned, its events object belongs to somebody else.
        lock (gate)
        {
            if (!ended)
                Events.OnNotification(method, parameters, token);
        }
    }

    ChannelReply IValueTaskSource<ChannelReply>.GetResult(short token) => core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ChannelReply>.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource<ChannelReply>.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => core.OnCompleted(continuation, state, token, flags);
}

/// <summary>
/// The open calls of one channel by our own counter (R26, security.md section 5 "Id reuse"): ids of clients never
/// reach a service.
/// </summary>
internal sealed class PendingCalls(TimeProvider time)
{
    private readonly ConcurrentDictionary<long, PendingCall> open = new();
    private readonly LingeringCalls lingering = new(time);
    private long lastId;
    private volatile bool closed;

    public int Count => open.Count;

    public bool IsClosed => closed;

    /// <summary>Opens a call, or null when the channel is closed.</summary>
    public PendingCall? Open(ChannelCall call, ICallEvents events)
    {
        var pending = new PendingCall(Interlocked.Increment(ref lastId), call, events);
        open[pending.Id] = pending;
        // Closing may have swept between the two lines; then the call is taken back here.
        return closed && Take(pending.Id) is not null ? null : pending;
    }

    public PendingCall? Find(long id) => open.GetValueOrDefault(id);

    /// <summary>Removes a call; only the one who got it may complete it.</summary>
    public PendingCall? Take(long id) => open.TryRemove(id, out var pending) ? pending : null;

    /// <summary>
    /// Notes a call that was given up while the service may still work on it: what the service says meanwhile may be
    /// about it.
    /// </summary>
    public void Linger(PendingCall cancelled)
    {
        if (cancelled.HasAsker)
            lingering.Add(cancelled.Id, cancelled.SessionKey);
    }

    /// <summary>An answer to a call that is no longer open: the service has ended it, too.</summary>
    public void Answered(long id) => lingering.Remove(id);

    /// <summary>
    /// The call a question or log line without an address can belong to: the only open one, or the newest where all
    /// are of one client session, those given up a moment ago included. Null when there is none or it could be a
    /// stranger's.
    /// </summary>
    public PendingCall? OnlyAsker(out bool none)
    {
        PendingCall? newest = null;
        none = true;
        foreach (var (_, pending) in open)
        {
            if (!pending.HasAsker)
                continue;
            none = false;
            if (newest is not null && (newest.SessionKey is null || newest.SessionKey != pending.SessionKey))
                return null;
            if (newest is null || newest.Id < pending.Id)
                newest = pending;
        }
        if (lingering.Any(ofOthersThan: newest?.SessionKey))
        {
            none = false;
            return null;
        }
        return newest;
    }

    /// <summary>Refuses new calls and fails all open ones at once.</summary>
    public void Close(ChannelFailure failure, string detail)
    {
        closed = true;
        Fail(failure, detail);
    }

    /// <summary>Fails all open ones at once; new ones may come.</summary>
    public void Fail(ChannelFailure failure, string detail)
    {
        foreach (var id in open.Keys)
            Take(id)?.Complete(ChannelReply.Fail(failure, dispatched: true, detail));
    }
}
