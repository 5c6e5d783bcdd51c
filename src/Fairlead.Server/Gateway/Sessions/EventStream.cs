using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// The events of one response stream: appended by whoever has something to say, read by the one connection that is
/// attached. It outlives connections, so a legacy client that lost one goes on by <c>Last-Event-ID</c>; for a
/// connection that cannot resume (<paramref name="keep"/> 0) what was read is forgotten at once.
/// </summary>
internal sealed class EventStream(int number, int keep, int pendingLimit = 1024)
{
    private readonly Lock gate = new();
    private readonly List<byte[]> events = [];
    private TaskCompletionSource wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long first = 1;
    private long read;
    private bool completed;
    private int attachment;

    /// <summary>The stream's number in its session, first part of its event ids.</summary>
    public int Number { get; } = number;

    public bool IsCompleted
    {
        get
        {
            lock (gate)
                return completed;
        }
    }

    /// <summary>When the stream was completed; what the session's sweep goes by.</summary>
    public DateTimeOffset CompletedAt { get; private set; }

    /// <summary>How many messages nobody has read yet, and their bytes.</summary>
    public (int Count, long Bytes) Unread
    {
        get
        {
            lock (gate)
            {
                var from = (int)Math.Max(0, read - first + 1);
                long bytes = 0;
                for (var i = from; i < events.Count; i++)
                    bytes += events[i].Length;
                return (events.Count - from, bytes);
            }
        }
    }

    public bool IsAttached
    {
        get
        {
            lock (gate)
                return attachment != 0;
        }
    }

    /// <summary>Adds a message. False when the stream is over, or nobody reads and it is full (the oldest is dropped).</summary>
    public bool Append(byte[] message)
    {
        TaskCompletionSource toWake;
        lock (gate)
        {
            if (completed)
                return false;
            events.Add(message);
            Trim();
            toWake = wake;
            wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        toWake.SetResult();
        return true;
    }

    public void Complete(DateTimeOffset at)
    {
        TaskCompletionSource toWake;
        lock (gate)
        {
            if (completed)
                return;
            completed = true;
            CompletedAt = at;
            toWake = wake;
        }
        toWake.SetResult();
    }

    /// <summary>Attaches a connection; an earlier one finds out and leaves. Returns the attachment's ticket.</summary>
    public int Attach()
    {
        TaskCompletionSource toWake;
        int ticket;
        lock (gate)
        {
            ticket = ++attachment;
            toWake = wake;
            if (completed)
                return ticket;
            wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        toWake.SetResult();
        return ticket;
    }

    public void Detach(int ticket)
    {
        lock (gate)
        {
            if (attachment == ticket)
                attachment = 0;
        }
    }

    /// <summary>
    /// The next event after <paramref name="after"/>; null message when the stream is over or the ticket was taken over.
    /// A pending wait ends by <paramref name="changed"/>.
    /// </summary>
    public (long Sequence, byte[]? Message, bool Over) Next(int ticket, long after, out Task changed)
    {
        lock (gate)
        {
            changed = wake.Task;
            if (ticket != attachment)
                return (0, null, true);
            var index = Math.Max(after + 1, first);
            if (index < first + events.Count)
            {
                var message = events[(int)(index - first)];
                read = Math.Max(read, index);
                Trim();
                return (index, message, false);
            }
            return (0, null, completed);
        }
    }

    private void Trim()
    {
        // Unread events wait up to the pending limit; read ones are kept for a resume.
        var done = Math.Min(events.Count, Math.Max(read - keep - first + 1, events.Count - pendingLimit));
        if (done <= 0)
            return;
        events.RemoveRange(0, (int)done);
        first += done;
    }
}
