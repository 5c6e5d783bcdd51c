using Fairlead.Runtime.Native;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Runtime.Pipes;

/// <summary>
/// Reads a service's stdout on a thread of its own with plain blocking reads: of all ways measured this costs the least
/// CPU per message (no poller, no thread-pool hop), and a slow sink holds up its own service alone.
/// </summary>
internal sealed class StdoutReader(
    SafeFileHandle pipe,
    string name,
    IMessageSink sink,
    ProcessHostOptions options,
    TimeProvider time,
    ILogger logger,
    Action<ExitReason> kill
)
{
    private const int StackBytes = 512 * 1024;
    private static readonly TimeSpan WarnEvery = TimeSpan.FromMinutes(1);

    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource spoke = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool abandoned;
    private long badLines;
    private int badInARow;
    private long? warnedAt;

    /// <summary>Completes when stdout has ended.</summary>
    public Task Done => done.Task;

    /// <summary>Completes with the first message.</summary>
    public Task Spoke => spoke.Task;

    /// <summary>Lines that were no JSON object.</summary>
    public long BadLines => Volatile.Read(ref badLines);

    public void Start() => new Thread(Run, StackBytes) { IsBackground = true, Name = name + " stdout" }.Start();

    /// <summary>Ends the reading even though a process out of reach still holds the pipe.</summary>
    public void Abandon()
    {
        if (done.Task.IsCompleted)
            return;
        abandoned = true;
        Pipe.Wake(pipe);
    }

    private void Run()
    {
        using (pipe)
        using (var framer = new LineFramer(options.MaxMessageBytes))
        {
            while (ReadSome(framer) && Deliver(framer)) { }
        }
        done.TrySetResult();
    }

    private bool ReadSome(LineFramer framer)
    {
        var count = Pipe.Read(pipe, framer.Free());
        framer.Advance(count);
        return count > 0 && !abandoned;
    }

    private bool Deliver(LineFramer framer)
    {
        while (framer.TryRead(out var line))
        {
            if (line.Span.TrimStart(" \t"u8)[0] == '{')
                Hand(line);
            else if (!Tolerate())
                return false;
        }
        if (framer.Overflowed)
            kill(ExitReason.MessageTooLarge);
        return !framer.Overflowed;
    }

    private void Hand(ReadOnlyMemory<byte> line)
    {
        badInARow = 0;
        try
        {
            sink.OnMessage(line);
        }
        catch (Exception error)
        {
            RuntimeLog.SinkFailed(logger, name, error);
        }
        spoke.TrySetResult();
    }

    // Banners and stray prints are common and harmless; a service that only prints is broken.
    private bool Tolerate()
    {
        Volatile.Write(ref badLines, badLines + 1);
        if (++badInARow >= options.MaxConsecutiveBadLines)
        {
            kill(ExitReason.TooManyBadLines);
            return false;
        }
        if (warnedAt is not { } last || time.GetElapsedTime(last) >= WarnEvery)
        {
            warnedAt = time.GetTimestamp();
            RuntimeLog.BadLines(logger, name, badLines);
        }
        return true;
    }
}
