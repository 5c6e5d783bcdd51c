using System.Collections.Concurrent;
using System.ComponentModel;
using System.Globalization;
using Fairlead.Runtime.Native;
using Fairlead.Runtime.Pipes;
using Fairlead.Runtime.Supervision;
using Microsoft.Extensions.Logging;

namespace Fairlead.Runtime;

/// <summary>
/// Starts stdio services and makes sure that none outlives it: disposing stops them all by the stop ladder, and if this
/// process is killed its guardian ends them within 5 seconds. One per gateway. Linux only; constructing it elsewhere is
/// harmless, starting throws <see cref="PlatformNotSupportedException"/>.
/// </summary>
/// <remarks>
/// Makes this process a subreaper (orphaned grandchildren become its children). A process can only escape by clearing
/// its environment, leaving the session and outliving its parents.
/// </remarks>
public sealed class ProcessHost : IAsyncDisposable
{
    private readonly ProcessHostOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Guardian guardian;
    private readonly SemaphoreSlim starts;
    private readonly MemoryWatch memory;
    private readonly ConcurrentDictionary<ServiceProcess, bool> running = new();
    private readonly Lock gate = new();
    private long lastNumber;
    private bool disposed;

    /// <summary>Starts nothing yet. Throws <see cref="ArgumentException"/> for impossible options.</summary>
    public ProcessHost(ProcessHostOptions options, TimeProvider time, ILogger logger)
    {
        options.Validate();
        (this.options, this.time, this.logger) = (options, time, logger);
        guardian = new Guardian(options.InstanceMark, time, logger);
        starts = new SemaphoreSlim(options.MaxConcurrentStarts);
        memory = new MemoryWatch(() => Running, options.MemoryInterval, time);
    }

    /// <summary>Services started here that have not ended.</summary>
    public IReadOnlyCollection<ServiceProcess> Running =>
        [.. running.Keys.Where(process => !process.Exited.IsCompleted)];

    /// <summary>Process id of the guardian; 0 before the first start.</summary>
    public int GuardianPid => guardian.Pid;

    /// <summary>
    /// Starts a service. Waits while <see cref="ProcessHostOptions.MaxConcurrentStarts"/> others are starting. What the
    /// service says goes to <paramref name="sink"/> at once, possibly before this returns.
    /// </summary>
    /// <exception cref="ProcessStartException">The command cannot be started; the message says why.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    /// <exception cref="ObjectDisposedException">The host is stopping.</exception>
    public async Task<ServiceProcess> StartAsync(
        ProcessSpec spec,
        IMessageSink sink,
        CancellationToken cancellationToken
    )
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("stdio services can be run on Linux only; use an HTTP service.");
        await starts.WaitAsync(cancellationToken);
        try
        {
            var process = Start(spec, sink);
            _ = EndStartAsync(process);
            _ = ForgetAsync(process);
            return process;
        }
        catch
        {
            starts.Release();
            throw;
        }
    }

    /// <summary>Stops all services gently, at the same time, and then the guardian. Nothing can be started any more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
            disposed = true;
        await Task.WhenAll(running.Keys.Select(process => process.StopAsync()));
        await memory.DisposeAsync();
        await guardian.DisposeAsync();
    }

    private ServiceProcess Start(ProcessSpec spec, IMessageSink sink)
    {
        var mark = $"{options.InstanceMark}-{Interlocked.Increment(ref lastNumber)}";
        var environment = ChildEnvironment.Build(
            Environment.GetEnvironmentVariables(),
            spec.Environment,
            options.InstanceMark,
            mark
        );
        var file = CommandLookup.Find(spec, environment);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var (pid, pipes) = Spawn(spec, file, environment);
            guardian.Add(pid);
            RuntimeLog.Started(logger, spec.Name, pid);
            var process = new ServiceProcess(spec, pid, mark, pipes, sink, options, guardian, time, logger);
            running[process] = true;
            if (spec.MaxMemoryBytes is not null)
                memory.Start();
            return process;
        }
    }

    private static (int Pid, ServicePipes Pipes) Spawn(
        ProcessSpec spec,
        string file,
        Dictionary<string, string> environment
    )
    {
        List<Pipe> made = [];
        try
        {
            for (var i = 0; i < 3; i++)
                made.Add(Pipe.Create());
            var (input, output, error) = (made[0], made[1], made[2]);
            Pipe.DoNotBlock(input.WriteEnd);
            var pid = Spawner.Spawn(
                file,
                [spec.Command, .. spec.Arguments],
                [.. environment.Select(variable => $"{variable.Key}={variable.Value}")],
                spec.WorkingDirectory,
                input.ReadEnd,
                output.WriteEnd,
                error.WriteEnd
            );
            if (pid < 0)
                throw new Win32Exception(-pid);
            if (spec.Nice > 0)
                Yield(pid, Math.Min(spec.Nice, 19));
            input.ReadEnd.Dispose();
            output.WriteEnd.Dispose();
            error.WriteEnd.Dispose();
            return (pid, new ServicePipes(input.WriteEnd, output.ReadEnd, error.ReadEnd));
        }
        catch (Win32Exception failure)
        {
            foreach (var pipe in made)
            {
                pipe.ReadEnd.Dispose();
                pipe.WriteEnd.Dispose();
            }
            throw CommandLookup.Explain(spec, file, failure.NativeErrorCode);
        }
    }

    // Within a session the kernel goes by the priority of processes; between sessions, and a service is one, by that of
    // the session's group where it makes such groups (sched_autogroup): then the first alone would mean nothing to us.
    private static void Yield(int pid, int nice)
    {
        _ = Libc.SetPriority(Libc.PriorityOfGroup, (uint)pid, nice);
        try
        {
            File.WriteAllText($"/proc/{pid}/autogroup", nice.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No such groups here, or the process has ended already.
        }
    }

    // npm and the like load a core fully while they start; holding the turn until the service speaks spreads that out.
    private async Task EndStartAsync(ServiceProcess process)
    {
        try
        {
            await Task.WhenAny(process.Spoke, process.Exited).WaitAsync(options.StartWindow, time);
        }
        catch (TimeoutException)
        {
            // Long enough: the others go on.
        }
        finally
        {
            starts.Release();
        }
    }

    private async Task ForgetAsync(ServiceProcess process)
    {
        await process.Exited;
        running.TryRemove(process, out _);
    }
}
