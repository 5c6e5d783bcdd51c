using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// The events of one response stream: appended by whoever has something to say, read by the one connection that is
/// attached. It outlives connections, so a legacy client that lost one goes on by <c>Last-Event-ID</c>; for a
/// connection that cannot resume (<see cref="StreamBounds.Keep"/> 0) what was read is forgotten at once.
/// </summary>
internal sealed class EventStream(int number, StreamBounds bounds, ReplayBudget? budget = null)
{
    private readonly Lock gate = new();
    private readonly List<byte[]> events = [];
    private TaskCompletionSource wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long first = 1;
    private long read;
    private long bytes;
    private long readBytes;
    private bool completed;
    private int attachment;
    private bool retired;

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
                return (events.Count - ReadCount, bytes - readBytes);
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
            bytes += message.Length;
            budget?.Add(message.Length);
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
            if (attachment != ticket)
                return;
            attachment = 0;
            if (retired)
                Drop(events.Count);
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
                if (index > read)
                {
                    read = index;
                    readBytes += message.Length;
                    Trim();
                }
                return (index, message, false);
            }
            return (0, null, completed);
        }
    }

    /// <summary>Bytes held now.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
                return bytes;
        }
    }

    /// <summary>Ends the stream and gives its memory back; nobody can resume it any more.</summary>
    public void Release(DateTimeOffset at)
    {
        Complete(at);
        lock (gate)
            Drop(events.Count);
    }

    /// <summary>Ends the stream for good: who is attached still reads what there is, then its memory is given back.</summary>
    public void Retire(DateTimeOffset at)
    {
        Complete(at);
        lock (gate)
        {
            retired = true;
            if (attachment == 0)
                Drop(events.Count);
        }
    }

    private int ReadCount => (int)Math.Max(0, Math.Min(read - first + 1, events.Count));

    // Read events are kept for a resume as far as the bounds allow, unread ones up to their own; the oldest go first.
    private void Trim()
    {
        var keep = budget is { IsOver: true } ? 0 : bounds.Keep;
        while (
            ReadCount is > 0 and var done && (done > keep || readBytes > bounds.KeepBytes)
            || events.Count - ReadCount > bounds.Unread
            || (events.Count > 1 && bytes - readBytes > bounds.UnreadBytes)
        )
            Drop(1);
    }

    private void Drop(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var length = events[i].Length;
            bytes -= length;
            budget?.Add(-length);
            if (first + i <= read)
                readBytes -= length;
        }
        events.RemoveRange(0, count);
        first += count;
    }
}

/// <summary>What a stream may hold.</summary>
/// <param name="Keep">Read events kept for a resume.</param>
/// <param name="KeepBytes">Bytes of these.</param>
/// <param name="Unread">Events that wait for the client.</param>
/// <param name="UnreadBytes">Bytes of these.</param>
internal readonly record struct StreamBounds(int Keep, long KeepBytes, int Unread, long UnreadBytes)
{
    /// <summary>A stream nobody can resume.</summary>
    public static StreamBounds Passing(GatewayOptions options) => new(0, 0, 1024, options.UnreadBytes);
}
