using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Fairlead.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Fairlead.Runtime.Supervision;

/// <summary>One process as /proc shows it.</summary>
internal readonly record struct ProcessEntry(int Pid, int Parent, int Group, int Session, bool IsZombie)
{
    /// <summary>Resident memory, in bytes.</summary>
    public long Memory { get; init; }

    /// <summary>A thread of the kernel: it has no memory of its own, no environment, and no service started it.</summary>
    public bool IsKernel { get; init; }
}

/// <summary>Whether a process carries a variable in its environment.</summary>
internal enum Carries
{
    No,
    Yes,

    /// <summary>It is in the middle of exec and has no environment yet.</summary>
    NotYetKnown,
}

/// <summary>Reads /proc with plain reads: files vanish while being read and most belong to others, neither is an error.</summary>
internal static class ProcessTable
{
    private const int FirstBytes = 16 * 1024;
    private const int MostBytes = 4 * 1024 * 1024;

    // Positions after the name in /proc/PID/stat, counted from the state.
    private const int VirtualSizeField = 20;
    private const int EnvironmentEndField = 48;

    // From the one behind the session to the size of the virtual memory, behind which the resident pages are.
    private const int FieldsBeforeVirtualSize = 16;

    /// <summary>All processes.</summary>
    /// <param name="changing">
    /// True when one ended between being listed and being read: it may have left a child that was not listed yet.
    /// </param>
    public static List<ProcessEntry> Snapshot(out bool changing)
    {
        var entries = new List<ProcessEntry>();
        changing = false;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(directory.AsSpan("/proc/".Length), NumberStyles.None, null, out var pid))
                continue;
            if (Find(pid) is { } entry)
                entries.Add(entry);
            else
                changing = true;
        }
        return entries;
    }

    /// <summary>The process, or null when there is none.</summary>
    public static ProcessEntry? Find(int pid) => With($"/proc/{pid}/stat", bytes => ParseStat(pid, bytes));

    /// <summary>Whether the process was started with exactly this variable. A zombie has no environment any more.</summary>
    public static Carries Variable(int pid, ReadOnlyMemory<byte> variable) =>
        With(
            $"/proc/{pid}/environ",
            bytes =>
                Contains(bytes, variable.Span) ? Carries.Yes
                : bytes.IsEmpty && IsInExec(pid) ? Carries.NotYetKnown
                : Carries.No
        );

    // An empty environment is either really empty (it has an address), or that of a kernel thread (no memory at all),
    // or not there yet.
    private static bool IsInExec(int pid) =>
        With(
            $"/proc/{pid}/stat",
            stat => Field(stat, VirtualSizeField) is not "0" and not "" && Field(stat, EnvironmentEndField) is "0"
        );

    private static string Field(ReadOnlySpan<byte> stat, int number)
    {
        var fields = Encoding.ASCII.GetString(stat[(stat.LastIndexOf((byte)')') + 1)..]).Trim().Split(' ');
        return number < fields.Length ? fields[number] : "";
    }

    // pid (comm) state ppid pgrp session …; comm may itself hold spaces and parentheses.
    internal static ProcessEntry? ParseStat(int pid, ReadOnlySpan<byte> stat)
    {
        var rest = stat[(stat.LastIndexOf((byte)')') + 1)..];
        if (rest.Length < 4)
            return null;
        var isZombie = rest[1] is (byte)'Z' or (byte)'X';
        rest = rest[3..];
        var entry = new ProcessEntry(pid, Next(ref rest), Next(ref rest), Next(ref rest), isZombie);
        for (var skipped = 0; skipped < FieldsBeforeVirtualSize; skipped++)
            rest = rest[Math.Min(rest.IndexOf((byte)' ') + 1, rest.Length)..];
        var hasSize = Utf8Parser.TryParse(rest, out long size, out var length);
        rest = rest[Math.Min(length + 1, rest.Length)..];
        _ = Utf8Parser.TryParse(rest, out long pages, out _);
        return entry with { Memory = pages * Environment.SystemPageSize, IsKernel = hasSize && size == 0 && !isZombie };
    }

    internal static bool Contains(ReadOnlySpan<byte> environment, ReadOnlySpan<byte> variable)
    {
        foreach (var entry in environment.Split((byte)0))
        {
            if (environment[entry].SequenceEqual(variable))
                return true;
        }
        return false;
    }

    private static int Next(ref ReadOnlySpan<byte> fields)
    {
        _ = Utf8Parser.TryParse(fields, out int value, out var length);
        fields = fields[Math.Min(length + 1, fields.Length)..];
        return value;
    }

    private delegate T Reading<T>(ReadOnlySpan<byte> bytes);

    private static T? With<T>(string path, Reading<T> use)
    {
        using var file = new SafeFileHandle(Libc.Open(path, Libc.CloseOnExec), true);
        if (file.IsInvalid)
            return default;
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
        var used = 0;
        int count;
        while ((count = Pipe.Read(file, buffer.AsSpan(used))) > 0)
        {
            used += count;
            if (used < buffer.Length)
                continue;
            if (used >= MostBytes)
                break;
            var larger = ArrayPool<byte>.Shared.Rent(2 * used);
            buffer.CopyTo(larger, 0);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        var result = use(buffer.AsSpan(0, used));
        ArrayPool<byte>.Shared.Return(buffer);
        return result;
    }
}
