using System.Globalization;

namespace Fairlead.Doctor;

/// <summary>The process that listens on a port, as Linux shows it; its arguments are not looked at.</summary>
internal sealed record PortHolder(int Process, string Name)
{
    private const string Listening = "0A";

    /// <returns>Null where there is none, it is another user's, or this is not Linux.</returns>
    public static PortHolder? Find(int port)
    {
        var sockets = Sockets(port).Select(inode => $"socket:[{inode}]").ToHashSet(StringComparer.Ordinal);
        if (sockets.Count == 0)
            return null;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var process)
                && Holds(folder, sockets)
            )
                return new(process, File.ReadAllText(Path.Combine(folder, "comm")).Trim());
        }
        return null;
    }

    /// <summary>What its environment was when it was started; null where it may not be read.</summary>
    public Dictionary<string, string>? Variables()
    {
        try
        {
            return File.ReadAllText($"/proc/{Process.ToString(CultureInfo.InvariantCulture)}/environ")
                .Split('\0')
                .Select(static line => line.Split('=', 2))
                .Where(static pair => pair.Length == 2)
                .DistinctBy(static pair => pair[0])
                .ToDictionary(static pair => pair[0], static pair => pair[1], StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool Holds(string folder, HashSet<string> sockets)
    {
        try
        {
            return Directory
                .EnumerateFileSystemEntries(Path.Combine(folder, "fd"))
                .Any(fd => new FileInfo(fd).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's, or gone in the meantime.
            return false;
        }
    }

    // "sl local_address rem_address st … inode": the port is the hexadecimal end of the second field.
    private static IEnumerable<string> Sockets(int port)
    {
        foreach (var table in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
        {
            if (!File.Exists(table))
                continue;
            foreach (var line in File.ReadLines(table).Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields[3] == Listening && fields[1].EndsWith($":{port:X4}", StringComparison.Ordinal))
                    yield return fields[9];
            }
        }
    }
}
