using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Fairlead.Server.Services.Bundles;

/// <summary>
/// Unpacks an archive that nobody vouches for: every name is checked before anything is written, sizes are counted as
/// they come and not as they are declared, and only plain files and folders are made.
/// </summary>
internal static class BundleArchive
{
    private const int LongestName = 512;
    private const int DeepestFolder = 32;
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;
    private const int Folder = 0x4000;
    private const int AnyExecute = 0b001_001_001;

    /// <summary>Up to here any ratio is harmless: an empty log packs well.</summary>
    private const int SmallFile = 1024 * 1024;

    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(static i => CrcOf((uint)i))];

    /// <exception cref="BundleException">It is no archive, or one that must not be unpacked.</exception>
    public static async Task UnpackAsync(
        Stream archive,
        string target,
        BundleOptions options,
        CancellationToken cancellationToken
    )
    {
        try
        {
            CheckDirectory(archive, options);
            using var zip = new ZipArchive(archive, ZipArchiveMode.Read, leaveOpen: true, Encoding.UTF8);
            Check(zip, options);
            var left = options.MaxUnpackedBytes;
            foreach (var entry in zip.Entries)
                left -= await WriteAsync(entry, target, left, cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            throw new BundleException("bundle", "is no readable ZIP archive", e);
        }
    }

    /// <summary>
    /// The framework makes an object of every entry before it can be asked how many there are: a directory that is longer
    /// than its entries may be is not given to it.
    /// </summary>
    private static void CheckDirectory(Stream archive, BundleOptions options)
    {
        const int endLength = 22;
        const int longestEntry = 1024;
        var tail = new byte[Math.Min(archive.Length, endLength + ushort.MaxValue)];
        archive.Position = archive.Length - tail.Length;
        archive.ReadExactly(tail);
        archive.Position = 0;
        var at = tail.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (at < 0 || at + endLength > tail.Length)
            throw new InvalidDataException();
        var end = archive.Length - tail.Length + at;
        var start = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at + 16));
        // With the mark of the larger format there it is beyond what a bundle may be, too.
        if (start > end)
            throw new InvalidDataException();
        if (end - start > (long)options.MaxEntries * longestEntry)
            throw new BundleException("bundle", $"holds more than {options.MaxEntries} files");
    }

    private static void Check(ZipArchive zip, BundleOptions options)
    {
        if (zip.Entries.Count > options.MaxEntries)
            throw new BundleException("bundle", $"holds more than {options.MaxEntries} files");
        // Names that differ only in case, or in how an accent is written, are one file on some systems.
        var files = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var folders = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long declared = 0;
        foreach (var entry in zip.Entries)
        {
            var name = entry.FullName;
            CheckName(name);
            CheckKind(entry);
            if (entry.Length > SmallFile && entry.Length / options.MaxRatio > entry.CompressedLength)
                throw new BundleException(name, $"unpacks to more than {options.MaxRatio} times its size");
            declared += entry.Length;
            if (declared > options.MaxUnpackedBytes)
                throw new BundleException(name, $"brings the bundle over {options.MaxUnpackedBytes} bytes");
            var key = name.TrimEnd('/').Normalize(NormalizationForm.FormC);
            if (!name.EndsWith('/') && !files.Add(key))
                throw new BundleException(name, "is in the bundle twice");
            for (
                var at = name.EndsWith('/') ? key.Length : key.LastIndexOf('/');
                at > 0;
                at = key.LastIndexOf('/', at - 1)
            )
                folders.Add(key[..at]);
        }
        if (files.FirstOrDefault(folders.Contains) is { } both)
            throw new BundleException(both, "is a file and a folder");
    }

    private static void CheckName(string name)
    {
        var parts = name.TrimEnd('/').Split('/');
        if (
            name.Length is 0 or > LongestName
            || parts.Length > DeepestFolder
            || parts.Any(p => p is "" or "." or ".." || p.EndsWith('.') || p.EndsWith(' '))
            || name.Any(c => c is '\\' or ':' || char.IsControl(c))
        )
            throw new BundleException(name, "is no path inside the bundle");
    }

    private static void CheckKind(ZipArchiveEntry entry)
    {
        if (entry.IsEncrypted)
            throw new BundleException(entry.FullName, "is encrypted");
        var kind = (entry.ExternalAttributes >> 16) & TypeMask;
        if (kind != 0 && kind != RegularFile && kind != Folder)
            throw new BundleException(entry.FullName, "is a link or a device; a bundle has plain files only");
    }

    private static async Task<long> WriteAsync(
        ZipArchiveEntry entry,
        string target,
        long left,
        CancellationToken cancellationToken
    )
    {
        var path = Path.GetFullPath(Path.Combine(target, entry.FullName));
        // A second look at what counts, whatever the rules above missed.
        if (!path.StartsWith(Path.GetFullPath(target) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new BundleException(entry.FullName, "is no path inside the bundle");
        if (entry.FullName.EndsWith('/'))
        {
            Directory.CreateDirectory(path);
            return 0;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var isProgram = ((entry.ExternalAttributes >> 16) & AnyExecute) != 0;
        await using var from = await entry.OpenAsync(cancellationToken);
        await using var to = new FileStream(path, Private(isProgram));
        var buffer = new byte[64 * 1024];
        long written = 0;
        var sum = ~0u;
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            written += read;
            if (written > left || written > entry.Length)
                throw new BundleException(entry.FullName, "unpacks to more than it declares or than is allowed");
            sum = Crc32(sum, buffer.AsSpan(0, read));
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        // The framework cuts what is longer than declared and looks at no sum: half a program would be kept.
        if (~sum != entry.Crc32)
            throw new BundleException(entry.FullName, "is damaged: it is not what the archive declares");
        return written;
    }

    private static uint Crc32(uint sum, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
            sum = CrcTable[(byte)(sum ^ b)] ^ (sum >> 8);
        return sum;
    }

    private static uint CrcOf(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
            value = (value & 1) == 0 ? value >> 1 : 0xEDB88320 ^ (value >> 1);
        return value;
    }

    private static FileStreamOptions Private(bool isProgram)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode =
                UnixFileMode.UserRead
                | UnixFileMode.UserWrite
                | (isProgram ? UnixFileMode.UserExecute : UnixFileMode.None);
        return options;
    }
}
