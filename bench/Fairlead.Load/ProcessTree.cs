using System.Globalization;
using System.Runtime.InteropServices;

namespace Fairlead.Load;

/// <summary>CPU time and memory of a process and of all that descend from it, as the kernel counts them.</summary>
internal static partial class ProcessTree
{
    /// <summary>CPU of the process alone, in microseconds, of all its threads, ended ones too.</summary>
    public static double OwnCpu(int pid)
    {
        // The CPU clock of another process (clock_getcpuclockid); /proc/PID/stat counts in steps of 10 ms.
        if (clock_gettime((~pid << 3) | 2, out var time) != 0)
            throw new InvalidOperationException($"process {pid} is gone");
        return (time.Seconds * 1e6) + (time.Nanoseconds / 1e3);
    }

    /// <summary>CPU of the whole tree, in microseconds: living members, and ended children they waited for.</summary>
    public static double TreeCpu(int pid)
    {
        var sum = 0.0;
        foreach (var member in Members(pid))
        {
            if (Stat(member) is not { } stat)
                continue;
            // Ended children are known in clock ticks only; there are none while calls run.
            sum += OwnCpu(member) + ((stat.ChildrenUser + stat.ChildrenSystem) * 1e6 / 100);
        }
        return sum;
    }

    /// <summary>Resident memory of one process in bytes.</summary>
    public static long Rss(int pid)
    {
        var fields = File.ReadAllText($"/proc/{pid}/statm").Split(' ');
        return long.Parse(fields[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }

    /// <summary>Resident memory of the tree in bytes; shared pages count once per process.</summary>
    public static long TreeRss(int pid) => Members(pid).Sum(Rss);

    public static void Terminate(int pid)
    {
        const int sigterm = 15;
        _ = kill(pid, sigterm);
    }

    private static List<int> Members(int root)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && Stat(pid) is { } stat)
                parents[pid] = stat.Parent;
        }
        var members = new List<int> { root };
        for (var i = 0; i < members.Count; i++)
            members.AddRange(parents.Where(p => p.Value == members[i]).Select(p => p.Key));
        return members;
    }

    private static ProcessStat? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            // The name in brackets may hold anything, so fields are counted from its end; the first is the state.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new ProcessStat(
                int.Parse(fields[1], CultureInfo.InvariantCulture),
                long.Parse(fields[13], CultureInfo.InvariantCulture),
                long.Parse(fields[14], CultureInfo.InvariantCulture)
            );
        }
        catch (IOException)
        {
            return null;
        }
    }

    private readonly record struct ProcessStat(int Parent, long ChildrenUser, long ChildrenSystem);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int clock_gettime(int clock, out Timespec time);

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int kill(int pid, int signal);
}
