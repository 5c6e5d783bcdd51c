using System.Runtime.InteropServices;
using Fairlead.Runtime.Native;

namespace Fairlead.Runtime.Supervision;

/// <summary>
/// Ends everything a service started, wherever it hid: its group and session, whoever carries its mark in the
/// environment (also after a double fork and setsid), and the descendants of all these.
/// </summary>
internal static class Sweep
{
    private const int Rounds = 100;
    private const int MostDoubts = 10; // on a busy machine some process comes or goes at every look

    // What is awaited here is the kernel, so it is waited for in real time whatever clock the host was given.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Kills and collects; returns how many could not be ended.</summary>
    /// <param name="leader">The service's first process, which has ended and is not yet collected.</param>
    /// <param name="variable">The variable, name and value, that only this service's processes have.</param>
    public static async Task<int> EndAsync(int leader, ReadOnlyMemory<byte> variable)
    {
        var dying = new HashSet<int>();
        var doubts = 0;
        for (var round = 0; round < Rounds; round++)
        {
            if (dying.Count == 0)
            {
                dying = Find(leader, variable, out var certain);
                if (dying.Count == 0 && (certain || ++doubts == MostDoubts))
                    return 0;
            }
            foreach (var pid in dying)
                _ = Libc.Kill(pid, Libc.SigKill);
            dying.RemoveWhere(IsGone);
            await Task.Delay(Pause, TimeProvider.System);
        }
        return dying.Count;
    }

    /// <summary>Sends a signal to all but the service's own group, which the kernel signals better as a whole.</summary>
    public static void Signal(int leader, ReadOnlyMemory<byte> variable, int signal)
    {
        foreach (var pid in Find(leader, variable, out _))
        {
            if (ProcessTable.Find(pid) is { IsZombie: false } found && found.Group != leader)
                _ = Libc.Kill(pid, signal);
        }
    }

    // Not certain while processes come and go: one may have forked and ended between the listing and the reading, or be
    // in the middle of exec. Both happen when a service is stopped as it starts its own children.
    private static HashSet<int> Find(int leader, ReadOnlyMemory<byte> variable, out bool certain)
    {
        var self = Environment.ProcessId;
        var all = ProcessTable.Snapshot(out var changing);
        all.RemoveAll(p => p.Pid == leader || p.Pid == self || p.Pid == 1);
        var found = new HashSet<int>();
        foreach (var process in all)
        {
            var carries =
                process.Session == leader || process.Group == leader ? Carries.Yes
                : process.IsZombie || process.IsKernel ? Carries.No
                : ProcessTable.Variable(process.Pid, variable);
            changing |= carries == Carries.NotYetKnown;
            if (carries == Carries.Yes)
                found.Add(process.Pid);
        }
        while (found.Count > 0 && all.Any(p => found.Contains(p.Parent) && found.Add(p.Pid))) { }
        certain = !changing;
        return found;
    }

    private static bool IsGone(int pid) =>
        Reaper.TryCollect(pid)
        || (Libc.Kill(pid, 0) != 0 && Marshal.GetLastPInvokeError() != Libc.NotPermitted)
        || ProcessTable.Find(pid) is not { } entry
        || (entry.IsZombie && entry.Parent != Environment.ProcessId);
}
