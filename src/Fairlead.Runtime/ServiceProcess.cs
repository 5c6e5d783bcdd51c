using System.Text;
using Fairlead.Runtime.Native;
using Fairlead.Runtime.Pipes;
using Fairlead.Runtime.Supervision;
using Microsoft.Extensions.Logging;

namespace Fairlead.Runtime;

/// <summary>
/// A running stdio service: newline-framed messages in and out, and the certainty that when <see cref="Exited"/>
/// completes nothing it started is left (C-09 restarts build on that). Disposing stops it gently. All members are safe
/// to use from any thread.
/// </summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadersGrace = TimeSpan.FromSeconds(1);

    private readonly ProcessSpec spec;
    private readonly ProcessHostOptions options;
    private readonly Guardian guardian;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ReadOnlyMemory<byte> variable;
    private readonly StdinWriter stdin;
    private readonly StdoutReader stdout;
    private readonly StderrReader stderr;
    private readonly TaskCompletionSource<ProcessExit> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<ChildStatus> leader;
    private readonly Lock gate = new();
    private ExitReason? reason;
    private Task? ladder;
    private bool collected;

    internal ServiceProcess(
        ProcessSpec spec,
        int pid,
        string mark,
        ServicePipes pipes,
        IMessageSink sink,
        ProcessHostOptions options,
        Guardian guardian,
        TimeProvider time,
        ILogger logger
    )
    {
        (this.spec, this.options, this.guardian, this.time, this.logger) = (spec, options, guardian, time, logger);
        variable = Encoding.UTF8.GetBytes($"{ChildEnvironment.ProcessMark}={mark}");
        Pid = pid;
        StartedAt = time.GetUtcNow();
        stdin = new StdinWriter(pipes.Input, spec.Name, options, time, Kill);
        stdout = new StdoutReader(pipes.Output, spec.Name, sink, options, time, logger, Kill);
        stderr = new StderrReader(pipes.Error, spec, sink, options, time, logger);
        leader = Reaper.Shared.WatchAsync(pid);
        stdout.Start();
        stderr.Start();
        _ = SuperviseAsync();
        _ = WatchOutputAsync();
    }

    /// <summary>The service's name as given in its spec.</summary>
    public string Name => spec.Name;

    /// <summary>Process id of the command; also the id of its process group and session.</summary>
    public int Pid { get; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>
    /// Completes, never with an error, once the process and everything it started have ended and all its messages were
    /// delivered.
    /// </summary>
    public Task<ProcessExit> Exited => exited.Task;

    /// <summary>Completes with the first message.</summary>
    public Task Spoke => stdout.Spoke;

    /// <summary>Most memory it may take, in bytes; null without a limit.</summary>
    internal long? MaxMemoryBytes => spec.MaxMemoryBytes;

    /// <summary>Lines on stdout so far that were no JSON object and were skipped.</summary>
    public long BadLines => stdout.BadLines;

    /// <summary>Lines on stderr so far that the rate limit kept from the sink; their text is still in the tail.</summary>
    public long StderrDropped => stderr.Dropped;

    /// <summary>
    /// Sends one message, UTF-8 JSON without a final newline. Never waits: what the pipe does not take at once is queued
    /// up to <see cref="ProcessHostOptions.MaxQueuedBytes"/>. The bytes are copied.
    /// </summary>
    public SendResult Send(ReadOnlySpan<byte> message) => stdin.Send(message);

    /// <summary>The last lines of stderr, oldest first, redacted; also after the exit. Default: 50.</summary>
    public IReadOnlyList<string> StderrTail(int lines = 50) => stderr.Tail(lines);

    /// <summary>
    /// Stops it: end of stdin, then SIGTERM to its group, then SIGKILL to everything it started, with the times of
    /// <see cref="ProcessHostOptions"/> between; with <paramref name="force"/> SIGKILL at once, also while a gentle stop
    /// is under way (S-09). Cancelling stops the waiting, not the stop.
    /// </summary>
    public Task<ProcessExit> StopAsync(bool force = false, CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            if (!leader.IsCompleted)
                reason ??= ExitReason.Stopped;
        }
        if (force)
            Kill(ExitReason.Killed);
        else
            _ = StopGentlyAsync();
        return Exited.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    /// <summary>It takes too much memory.</summary>
    internal void OnOutOfMemory(long bytes)
    {
        RuntimeLog.OutOfMemory(logger, Name, bytes, spec.MaxMemoryBytes ?? 0);
        Kill(ExitReason.OutOfMemory);
    }

    private Task StopGentlyAsync()
    {
        lock (gate)
            return ladder ??= LadderAsync();
    }

    private async Task LadderAsync()
    {
        await Task.Yield(); // nothing below may run under the gate
        stdin.Close();
        if (await IsGoneAsync(options.StdinGrace))
            return;
        lock (gate)
            reason ??= ExitReason.StdoutClosed;
        SignalAll(Libc.SigTerm);
        SignalAll(Libc.SigCont); // a stopped process cannot act on SIGTERM
        if (!await IsGoneAsync(options.TermGrace))
            Kill(ExitReason.Killed);
    }

    // Gone means that the command has ended and nobody holds its stdout: under npx the service proper is a grandchild
    // and gets the same grace.
    private async Task<bool> IsGoneAsync(TimeSpan limit)
    {
        try
        {
            await Task.WhenAny(Task.WhenAll(leader, stdout.Done), killed.Task).WaitAsync(limit, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // A service without stdout is of no use, whether it is about to exit (as a rule) or not.
    private async Task WatchOutputAsync()
    {
        await stdout.Done;
        await StopGentlyAsync();
    }

    private async Task SuperviseAsync()
    {
        var status = await leader;
        Task? stopping;
        lock (gate)
            stopping = ladder;
        if (stopping is not null)
            await stopping;
        stdin.Close();
        Signal(Libc.SigKill);
        var survivors = await Sweep.EndAsync(Pid, variable);
        if (survivors > 0)
            RuntimeLog.Survivors(logger, Name, Pid, survivors);
        await FinishReadingAsync();

        ProcessExit exit;
        lock (gate)
        {
            // In this order: once collected the number may mean another group.
            guardian.Remove(Pid);
            collected = true;
            Reaper.Shared.Collect(Pid);
            exit = new ProcessExit(reason ?? ExitReason.Exited, status.ExitCode, status.Signal);
        }
        RuntimeLog.Ended(logger, Name, Pid, exit);
        exited.SetResult(exit);
    }

    private async Task FinishReadingAsync()
    {
        var readers = Task.WhenAll(stdout.Done, stderr.Done);
        if (await EndsAsync(readers))
            return;
        stdout.Abandon();
        stderr.Abandon();
        await EndsAsync(readers);

        // Real time: it is the kernel, or a sink that hangs, that is waited for.
        static async Task<bool> EndsAsync(Task task)
        {
            try
            {
                await task.WaitAsync(ReadersGrace, TimeProvider.System);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }

    private void Kill(ExitReason why)
    {
        lock (gate)
        {
            if (!leader.IsCompleted && reason is null or ExitReason.Stopped)
                reason = why;
        }
        stdin.Close();
        Signal(Libc.SigKill);
        killed.TrySetResult();
    }

    private void SignalAll(int signal)
    {
        Signal(signal);
        Sweep.Signal(Pid, variable, signal);
    }

    private void Signal(int signal)
    {
        lock (gate)
        {
            if (!collected)
                _ = Libc.Kill(-Pid, signal);
        }
    }
}
