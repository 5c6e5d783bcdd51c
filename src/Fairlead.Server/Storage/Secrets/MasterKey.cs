using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Server.Storage.Secrets;

/// <summary>
/// The root of all secrets: one 32-byte key per line, base64url; the first encrypts, the others still decrypt.
/// Nothing is encrypted with it directly, each use has its own derived key (design.md "Master key").
/// </summary>
internal sealed class MasterKey
{
    private const int Size = 32;
    private readonly (string Id, byte[] Key)[] versions;

    private MasterKey(IEnumerable<byte[]> keys) => versions = [.. keys.Select(key => (Fingerprint(key), key))];

    /// <summary>Id of the key that encrypts: 8 hex digits derived from it.</summary>
    public string CurrentId => versions[0].Id;

    /// <summary>32 bytes for <paramref name="purpose"/> from the key version <paramref name="id"/>; null if unknown.</summary>
    public byte[]? Derive(string purpose, string id)
    {
        foreach ((string known, byte[] key) in versions)
            if (known == id)
                return HKDF.DeriveKey(
                    HashAlgorithmName.SHA256,
                    key,
                    Size,
                    info: Encoding.UTF8.GetBytes($"fairlead/{purpose}/v1")
                );
        return null;
    }

    /// <summary>32 bytes for <paramref name="purpose"/> from the current key.</summary>
    public byte[] Derive(string purpose) => Derive(purpose, CurrentId)!;

    /// <summary>Reads the key file, or makes one in the data directory where that is allowed.</summary>
    /// <exception cref="StoreException">Missing, unreadable, malformed or open to other users.</exception>
    public static MasterKey Load(StorageOptions options)
    {
        string own = Path.Combine(options.DataDirectory, "keys");
        string path = options.MasterKeyFile ?? own;
        try
        {
            if (options.MasterKeyFile is null && !File.Exists(own))
            {
                if (options.Provider is not StorageProvider.Sqlite)
                    throw new StoreException("PostgreSQL needs a given master key: set FAIRLEAD_MASTER_KEY_FILE.");
                // What the lost key sealed would be lost for good, and a new one would hide that.
                string store = Path.Combine(options.DataDirectory, "fairlead.db");
                if (new FileInfo(store) is { Exists: true, Length: > 0 })
                    throw new StoreException(
                        $"The master key {own} is missing, and {store} cannot be opened without it: restore it from a backup, or move the data folder away to begin anew."
                    );
                Create(own);
            }
            // A given file may be a mounted secret with its own rights; the one we made is for its owner alone.
            if (
                options.MasterKeyFile is null
                && !OperatingSystem.IsWindows()
                && (File.GetUnixFileMode(own) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != UnixFileMode.None
            )
                throw new StoreException($"{own} must be readable by its owner only: chmod 600 {own}");
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The master key file {path} cannot be read: {failure.Message}", failure);
        }
    }

    private static MasterKey Parse(string text, string path)
    {
        string[] lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        List<byte[]> keys = [];
        foreach (string line in lines)
        {
            byte[] key;
            try
            {
                key = Base64Url.DecodeFromChars(line.TrimEnd('=').Replace('+', '-').Replace('/', '_'));
            }
            catch (FormatException)
            {
                key = [];
            }
            if (key.Length != Size)
                throw new StoreException(
                    $"{path}: line {keys.Count + 1} is not a base64 key of {Size} bytes (make one: openssl rand -base64 {Size})."
                );
            keys.Add(key);
        }
        return keys.Count > 0 ? new MasterKey(keys) : throw new StoreException($"{path} holds no key.");
    }

    private static void Create(string path)
    {
        DataFolder.Ensure(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string fresh = $"{path}.{Environment.ProcessId}.new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(fresh, options))
        {
            stream.Write(
                Encoding.ASCII.GetBytes(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Size)) + "\n")
            );
            stream.Flush(flushToDisk: true);
        }
        try
        {
            // Never over another process's key: what that one sealed would be lost.
            File.Move(fresh, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(fresh);
        }
    }

    private static string Fingerprint(byte[] key) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, "fairlead/kid"u8)[..4]);
}
