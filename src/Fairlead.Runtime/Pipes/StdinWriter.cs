using System.Buffers;
using System.Runtime.InteropServices;
using Fairlead.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Runtime.Pipes;

/// <summary>
/// Writes messages to a service's stdin without ever making a sender wait. Usually that is one system call; what the pipe
/// does not take is queued, bounded, and written by a thread of this service alone, which gives up after a time.
/// </summary>
internal sealed class StdinWriter(
    SafeFileHandle pipe,
    string name,
    ProcessHostOptions options,
    TimeProvider time,
    Action<ExitReason> kill
)
{
    private const int SmallQueue = 64 * 1024;
    private const int StackBytes = 256 * 1024;
    private const int MaxRounds = 16; // of one sender for others, before it hands over to the drainer
    private const int LookAgainMilliseconds = 20; // bounds how late a timeout or the end is noticed
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private readonly object gate = new(); // a monitor: the drainer waits on it
    private byte[] queue = [];
    private int start;
    private int end;
    private bool closed;
    private bool writing;
    private Thread? drainer;

    /// <summary>Bytes held for what waits, used or not.</summary>
    public int Held
    {
        get
        {
            lock (gate)
                return queue.Length;
        }
    }

    /// <summary>
    /// Sends one message and its line end. Line ends inside (white space between JSON tokens, a raw one in a string
    /// is not JSON) become spaces, because to the service each would end the message.
    /// </summary>
    public SendResult Send(ReadOnlySpan<byte> message)
    {
        if (!message.ContainsAny(LineEnds))
            return SendLine(message);
        var copy = ArrayPool<byte>.Shared.Rent(message.Length);
        var line = copy.AsSpan(0, message.Length);
        message.CopyTo(line);
        line.Replace((byte)'\n', (byte)' ');
        line.Replace((byte)'\r', (byte)' ');
        var result = SendLine(line);
        ArrayPool<byte>.Shared.Return(copy);
        return result;
    }

    /// <summary>Closes stdin: the service sees the end of its input. What was queued is dropped.</summary>
    public void Close()
    {
        lock (gate)
        {
            if (closed)
                return;
            closed = true;
            queue = [];
            start = end = 0;
            pipe.Dispose();
            Monitor.Pulse(gate);
        }
    }

    private SendResult SendLine(ReadOnlySpan<byte> line)
    {
        lock (gate)
        {
            if (closed)
                return SendResult.Closed;
            if (line.Length + 1 > options.MaxQueuedBytes - (end - start))
                return SendResult.QueueFull;
            if (writing || start != end)
            {
                Enqueue(line);
                return SendResult.Sent;
            }
            writing = true;
        }
        // Written outside the lock: whoever comes meanwhile leaves the message in the queue and goes on.
        return Finish(line, WriteLine(line));
    }

    private SendResult Finish(ReadOnlySpan<byte> line, int written)
    {
        lock (gate)
        {
            writing = false;
            if (closed)
                return written > line.Length ? SendResult.Sent : SendResult.Closed;
            if (written < 0)
            {
                start = end;
                return SendResult.Closed;
            }
            if (written <= line.Length)
                PutFirst(line[written..]);
            else
                WriteQueued();
            if (start != end)
            {
                drainer ??= StartDrainer();
                Monitor.Pulse(gate);
            }
            return SendResult.Sent;
        }
    }

    // What others queued while we wrote goes out in one piece; under load that is fewer system calls and wake-ups.
    private void WriteQueued()
    {
        for (var round = 0; round < MaxRounds && start != end; round++)
        {
            var from = queue;
            var (first, length) = (start, end - start);
            writing = true;
            Monitor.Exit(gate);
            var written = Write(from.AsSpan(first, length));
            Monitor.Enter(gate);
            writing = false;
            if (closed)
                return;
            start = written < 0 ? end : start + written;
            if (written < length)
                return;
        }
        if (start == end)
            Reset();
    }

    // One burst must not hold its memory for as long as the service lives.
    private void Reset()
    {
        start = end = 0;
        if (queue.Length > SmallQueue)
            queue = [];
    }

    private Thread StartDrainer()
    {
        var thread = new Thread(Drain, StackBytes) { IsBackground = true, Name = name + " stdin" };
        thread.Start();
        return thread;
    }

    // Started with the first message the pipe did not take at once; most services never need it.
    private void Drain()
    {
        while (WaitForBacklog())
        {
            var progressAt = time.GetTimestamp();
            while (WriteBacklog(ref progressAt))
            {
                if (time.GetElapsedTime(progressAt) >= options.WriteTimeout)
                {
                    kill(ExitReason.StdinBlocked);
                    return;
                }
                WaitForRoom();
            }
        }
    }

    private bool WaitForBacklog()
    {
        lock (gate)
        {
            while ((writing || start == end) && !closed)
                Monitor.Wait(gate);
            return !closed;
        }
    }

    // True while there is more to write.
    private bool WriteBacklog(ref long progressAt)
    {
        lock (gate)
        {
            if (closed)
                return false;
            var written = Write(queue.AsSpan(start, end - start));
            // Without a reader the bytes have nowhere to go; the exit is noticed by others.
            start = written < 0 ? end : start + written;
            if (written > 0)
                progressAt = time.GetTimestamp();
            if (start != end)
                return true;
            Reset();
            return false;
        }
    }

    private unsafe void WaitForRoom()
    {
        try
        {
            var held = false;
            pipe.DangerousAddRef(ref held);
            var poll = new Libc.PollEntry { File = (int)pipe.DangerousGetHandle(), Events = Libc.PollOut };
            _ = Libc.Poll(&poll, 1, LookAgainMilliseconds);
            pipe.DangerousRelease();
        }
        catch (ObjectDisposedException)
        {
            // Closed meanwhile, which the caller sees.
        }
    }

    private void Enqueue(ReadOnlySpan<byte> rest)
    {
        var needed = rest.Length + 1;
        if (queue.Length - end < needed)
        {
            var waiting = queue.AsSpan(start, end - start);
            var room = waiting.Length + needed;
            // While a sender writes from it, the array must stay as it is.
            var next = room <= queue.Length && !writing ? queue : new byte[Math.Max(SmallQueue, room + room / 2)];
            waiting.CopyTo(next);
            (queue, start, end) = (next, 0, waiting.Length);
        }
        rest.CopyTo(queue.AsSpan(end));
        end += needed;
        queue[end - 1] = (byte)'\n';
    }

    private void PutFirst(ReadOnlySpan<byte> rest)
    {
        var waiting = queue.AsSpan(start, end - start);
        var next = new byte[Math.Max(SmallQueue, rest.Length + 1 + waiting.Length)];
        rest.CopyTo(next);
        next[rest.Length] = (byte)'\n';
        waiting.CopyTo(next.AsSpan(rest.Length + 1));
        (queue, start, end) = (next, 0, rest.Length + 1 + waiting.Length);
    }

    private unsafe int WriteLine(ReadOnlySpan<byte> line)
    {
        var newline = (byte)'\n';
        fixed (byte* first = line)
        {
            var parts = stackalloc Libc.IoVector[2];
            parts[0] = new() { Start = first, Length = (nuint)line.Length };
            parts[1] = new() { Start = &newline, Length = 1 };
            try
            {
                return Outcome(Libc.WriteVector(pipe, parts, 2));
            }
            catch (ObjectDisposedException)
            {
                return -1; // closed meanwhile
            }
        }
    }

    private unsafe int Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            try
            {
                return Outcome(Libc.Write(pipe, first, (nuint)bytes.Length));
            }
            catch (ObjectDisposedException)
            {
                return -1; // closed meanwhile
            }
        }
    }

    // Bytes taken, or -1 when there is no reader any more.
    private static int Outcome(nint result) =>
        result >= 0 ? (int)result
        : Marshal.GetLastPInvokeError() is Libc.TryAgain or Libc.Interrupted ? 0
        : -1;
}
