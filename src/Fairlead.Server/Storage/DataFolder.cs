namespace Fairlead.Server.Storage;

/// <summary>The directory that holds secrets and state.</summary>
internal static class DataFolder
{
    /// <summary>Creates it for the owner only; leaves an existing one as the operator made it.</summary>
    public static void Ensure(string path)
    {
        if (Directory.Exists(path))
            return;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>
    /// Makes a SQLite file, and those of its log where they are there, readable by the owner alone, creating it empty
    /// where there is none: SQLite gives a log the rights of its file. Where that is not ours to change it stays.
    /// </summary>
    public static void EnsurePrivate(string file)
    {
        if (OperatingSystem.IsWindows())
            return;
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        if (!File.Exists(file))
        {
            using var made = new FileStream(
                file,
                new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.Write,
                    Share = FileShare.ReadWrite,
                    UnixCreateMode = owner,
                }
            );
        }
        foreach (var ending in (string[])["", "-wal", "-shm"])
        {
            try
            {
                if (File.Exists(file + ending) && File.GetUnixFileMode(file + ending) != owner)
                    File.SetUnixFileMode(file + ending, owner);
            }
            catch (Exception e) when (e is UnauthorizedAccessException or IOException)
            {
                // Another user's file that we may use: its rights are that user's choice.
            }
        }
    }
}
