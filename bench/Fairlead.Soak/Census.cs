using System.Globalization;
using System.Text;

namespace Fairlead.Soak;

/// <summary>What the kernel says of the gateway and of the processes its services started, wherever they went.</summary>
internal sealed class Census(string mark)
{
    public const string Variable = "FAIRLEAD_SOAK";
    private readonly byte[] wanted = Encoding.UTF8.GetBytes($"{Variable}={mark}");

    /// <summary>Living processes that carry the mark: also those that left their parents, groups and sessions.</summary>
    public IReadOnlyList<int> Marked() => [.. Processes().Where(IsMarked)];

    /// <summary>Ended processes whose parent, the gateway or one of the marked, has not asked for their end.</summary>
    public int Defunct(int gateway)
    {
        var own = new HashSet<int>(Marked()) { gateway };
        return Processes().Select(Stat).Count(s => s is { State: "Z" } && own.Contains(s.Parent));
    }

    /// <summary>Its command line; empty when it is gone.</summary>
    public static IReadOnlyList<string> Arguments(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>Open handles by what they are: pipe, socket, anon_inode:[eventpoll], file.</summary>
    public static IReadOnlyDictionary<string, int> Handles(int pid) =>
        Directory
            .GetFileSystemEntries($"/proc/{pid}/fd")
            .Select(f => File.ResolveLinkTarget(f, returnFinalTarget: false)?.Name ?? "gone")
            .GroupBy(n =>
                n.StartsWith("anon_inode", StringComparison.Ordinal) ? n
                : n.Split(':')[0] is "pipe" or "socket" or "gone" ? n.Split(':')[0]
                : "file"
            )
            .ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);

    public static double RssMiB(int pid) =>
        long.Parse(File.ReadAllText($"/proc/{pid}/statm").Split(' ')[1], CultureInfo.InvariantCulture)
        * Environment.SystemPageSize
        / 1048576.0;

    private static IEnumerable<int> Processes()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid))
                yield return pid;
        }
    }

    private bool IsMarked(int pid)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{pid}/environ").AsSpan().IndexOf(wanted) >= 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static ProcessStat? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            // The name in brackets may hold anything, so fields are counted from its end.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new ProcessStat(fields[0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed record ProcessStat(string State, int Parent);
}
