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
}
