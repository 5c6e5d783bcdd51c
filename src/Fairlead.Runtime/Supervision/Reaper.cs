using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Fairlead.Runtime.Native;

namespace Fairlead.Runtime.Supervision;

/// <summary>How a child ended; both null when the kernel could not say.</summary>
internal readonly record struct ChildStatus(int? ExitCode, int? Signal);

/// <summary>
/// Learns of the ends of our children and collects orphans that were handed to us. One per process, because the
/// kernel's list of children is. Waits for single pids only: waiting for any child would take children from the
/// runtime's own <c>Process</c> class (security.md section 3).
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Lives as long as the process.")]
internal sealed unsafe class Reaper
{
    private static readonly Lazy<Reaper> Instance = new(() => new Reaper());
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<int, TaskCompletionSource<ChildStatus>> watched = new();
    private readonly AutoResetEvent wake = new(false);
    private readonly PosixSignalRegistration? childSignal;
    private readonly int session = Libc.GetSession(0);
    private HashSet<int> orphansBefore = [];

    private Reaper()
    {
        // Orphaned grandchildren come to us instead of to process 1, where nobody would know them.
        _ = Libc.ProcessControl(Libc.SetChildSubreaper, 1, 0, 0, 0);
        if (!OperatingSystem.IsWindows())
            childSignal = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => wake.Set());
        new Thread(Run, 256 * 1024) { IsBackground = true, Name = "Fairlead reaper" }.Start();
    }

    public static Reaper Shared => Instance.Value;

    /// <summary>
    /// Completes when the child has ended. It stays a zombie, which reserves its number and that of its group, until
    /// <see cref="Collect"/>: signals sent meanwhile can hit nobody else.
    /// </summary>
    public Task<ChildStatus> WatchAsync(int pid)
    {
        var source = watched.GetOrAdd(
            pid,
            static _ => new TaskCompletionSource<ChildStatus>(TaskCreationOptions.RunContinuationsAsynchronously)
        );
        wake.Set();
        return source.Task;
    }

    /// <summary>Lets go of a child that has ended.</summary>
    public void Collect(int pid)
    {
        // In this order: once collected the number may be a new child's, whose watch must be its own.
        watched.TryRemove(pid, out _);
        TryCollect(pid);
    }

    /// <summary>Collects one child if it has ended; false when it lives or is not ours.</summary>
    public static bool TryCollect(int pid)
    {
        int status;
        return Libc.WaitPid(pid, &status, Libc.NoHang) == pid;
    }

    // The signal makes it prompt, the tick makes it certain: signal handlers run on the thread pool, which may be busy.
    private void Run()
    {
        var orphansAt = Stopwatch.StartNew();
        while (true)
        {
            wake.WaitOne(Tick);
            if (orphansAt.Elapsed >= Tick)
            {
                CollectOrphans();
                orphansAt.Restart();
            }
            foreach (var (pid, source) in watched)
            {
                if (!source.Task.IsCompleted && Look(pid) is { } status)
                    source.TrySetResult(status);
            }
        }
    }

    private static ChildStatus? Look(int pid)
    {
        const int ExitedCode = 1;
        Libc.ChildInfo info = default;
        if (Libc.WaitId(Libc.ByPid, pid, &info, Libc.Exited | Libc.NoHang | Libc.NoWait) != 0)
        {
            // Collected by someone else, as happens when SIGCHLD was ignored by whoever started us.
            return Marshal.GetLastPInvokeError() == Libc.NoChild ? new ChildStatus(null, null) : null;
        }
        if (info.Pid == 0)
            return null;
        return info.Code == ExitedCode ? new ChildStatus(info.Status, null) : new ChildStatus(null, info.Status);
    }

    // Zombies that nobody waits for: orphans that ended by themselves while their service runs on. The runtime collects
    // its own children at once and they share our session; an orphan has another and is still there a tick later.
    private void CollectOrphans()
    {
        Libc.ChildInfo info = default;
        var any =
            Libc.WaitId(Libc.Anyone, 0, &info, Libc.Exited | Libc.NoHang | Libc.NoWait) == 0
            && info.Pid != 0
            && !watched.ContainsKey(info.Pid);
        if (!any)
        {
            orphansBefore = [];
            return;
        }
        var self = Environment.ProcessId;
        var orphans = ProcessTable
            .Snapshot(out _)
            .Where(p => p.IsZombie && p.Parent == self && p.Session != session && !watched.ContainsKey(p.Pid))
            .Select(p => p.Pid)
            .ToHashSet();
        foreach (var pid in orphans.Where(orphansBefore.Contains))
            TryCollect(pid);
        orphansBefore = orphans;
    }
}
