using System.Text;
using Fairlead.Runtime.Native;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Runtime.Pipes;

/// <summary>
/// Drains a service's stderr, always, so that it can never block on it: keeps the end of it, and passes lines on at a
/// limited rate with a count of those dropped. A flood is read at a limited rate too: else it would cost a core here and
/// another one there.
/// </summary>
internal sealed class StderrReader(
    SafeFileHandle pipe,
    ProcessSpec spec,
    IMessageSink sink,
    ProcessHostOptions options,
    TimeProvider time,
    ILogger logger
)
{
    private const int StackBytes = 256 * 1024;
    private const int LineBytes = 4 * 1024;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ByteTail tail = new(options.StderrBytes);
    private readonly byte[] line = new byte[LineBytes];
    private readonly object gate = new();
    private volatile bool abandoned;
    private int used;
    private bool blank = true;
    private long windowAt;
    private int inWindow;
    private long droppedInWindow;
    private long dropped;

    public Task Done => done.Task;

    /// <summary>Lines not passed on because of the rate limit.</summary>
    public long Dropped => Volatile.Read(ref dropped);

    public void Start() => new Thread(Run, StackBytes) { IsBackground = true, Name = spec.Name + " stderr" }.Start();

    public void Abandon()
    {
        if (done.Task.IsCompleted)
            return;
        abandoned = true;
        lock (gate)
            Monitor.PulseAll(gate);
        Pipe.Wake(pipe);
    }

    /// <summary>The last lines, oldest first, redacted.</summary>
    public IReadOnlyList<string> Tail(int lines) => [.. tail.LastLines(lines).Select(Clean).OfType<string>()];

    private void Run()
    {
        windowAt = time.GetTimestamp();
        var chunk = new byte[16 * 1024];
        var since = windowAt;
        var taken = 0;
        using (pipe)
        {
            int count;
            while ((count = Pipe.Read(pipe, chunk)) > 0 && !abandoned)
            {
                tail.Append(chunk.AsSpan(0, count));
                Split(chunk.AsSpan(0, count));
                taken += count;
                var left = Window - time.GetElapsedTime(since);
                if (left > TimeSpan.Zero && taken < options.StderrBytesPerSecond)
                    continue;
                Rest(left);
                since = time.GetTimestamp();
                taken = 0;
            }
        }
        if (!blank)
            Emit();
        TellDropped();
        done.TrySetResult();
    }

    private void Rest(TimeSpan rest)
    {
        if (rest <= TimeSpan.Zero)
            return;
        var isOver = false;
        using var timer = time.CreateTimer(_ => End(), null, rest, Timeout.InfiniteTimeSpan);
        lock (gate)
        {
            while (!isOver && !abandoned)
                Monitor.Wait(gate);
        }

        void End()
        {
            lock (gate)
            {
                isOver = true;
                Monitor.PulseAll(gate);
            }
        }
    }

    private void Split(ReadOnlySpan<byte> chunk)
    {
        while (!chunk.IsEmpty)
        {
            var lineEnd = chunk.IndexOf((byte)'\n');
            var part = lineEnd < 0 ? chunk : chunk[..lineEnd];
            blank &= !part.ContainsAnyExcept(" \t\r"u8);
            var kept = part[..Math.Min(part.Length, LineBytes - used)];
            kept.CopyTo(line.AsSpan(used));
            used += kept.Length;
            if (lineEnd < 0)
                return;
            if (!blank)
                Emit();
            used = 0;
            blank = true;
            chunk = chunk[(lineEnd + 1)..];
        }
    }

    private void Emit()
    {
        if (time.GetElapsedTime(windowAt) >= Window)
        {
            windowAt = time.GetTimestamp();
            inWindow = 0;
            TellDropped();
        }
        if (inWindow >= options.StderrLinesPerSecond)
        {
            droppedInWindow++;
            Volatile.Write(ref dropped, dropped + 1);
            return;
        }
        inWindow++;
        if (Clean(Encoding.UTF8.GetString(line, 0, used).TrimEnd()) is { } text)
            Hand(text);
    }

    private void TellDropped()
    {
        if (droppedInWindow > 0)
            Hand($"({droppedInWindow} lines dropped)");
        droppedInWindow = 0;
    }

    private void Hand(string text)
    {
        try
        {
            sink.OnStderrLine(text);
        }
        catch (Exception error)
        {
            RuntimeLog.SinkFailed(logger, spec.Name, error);
        }
    }

    // A redactor that fails must hide the line, not show it.
    private string? Clean(string text)
    {
        try
        {
            return spec.Redact is { } redact ? redact(text) : text;
        }
        catch (Exception error)
        {
            RuntimeLog.RedactorFailed(logger, spec.Name, error);
            return null;
        }
    }
}
