namespace Fairlead.Server.Storage;

/// <summary>
/// One gateway on one data folder: an exclusive lock on its file <c>lock</c>, held while the process lives. The kernel
/// takes it back however the process dies.
/// </summary>
internal sealed class DataFolderLock : IDisposable
{
    // EWOULDBLOCK on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.
    private static readonly int[] HeldByAnother = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream file;

    /// <exception cref="StoreException">Another gateway has the folder, or it cannot be written.</exception>
    public DataFolderLock(StorageOptions options)
    {
        var folder = Path.GetFullPath(options.DataDirectory);
        try
        {
            DataFolder.Ensure(folder);
            file = new FileStream(
                Path.Combine(folder, "lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (IOException e) when (HeldByAnother.Contains(e.HResult))
        {
            throw new StoreException(
                $"Another gateway runs on the data folder {folder}: stop it, or choose another folder with --data.",
                e
            );
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new StoreException(
                $"The data folder {folder} cannot be written ({e.Message.TrimEnd('.')}): mend its rights, or choose another with --data.",
                e
            );
        }
    }

    public void Dispose() => file.Dispose();
}
