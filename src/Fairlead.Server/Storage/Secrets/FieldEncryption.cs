using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Toolkit.Protection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Storage.Secrets;

/// <summary>
/// Fields of tools: <c>f1.version.nonce.ciphertext.tag</c>. Keys are derived in the background as soon as the snapshot
/// tells of their versions, each once: PBKDF2 is slow by intent, and no call is to wait for it.
/// </summary>
internal sealed partial class FieldEncryption : IFieldEncryption, IDisposable
{
    /// <summary>
    /// Age at which a version takes over. Other nodes know of it a second after it was made and derive it in another; what
    /// is written before could not be read there.
    /// </summary>
    public static readonly TimeSpan TakesOverAfter = TimeSpan.FromSeconds(10);

    private const int KeySize = 32;
    private const string Form = "f1";
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private readonly StoreWatcher watcher;
    private readonly MasterKey master;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock taking = new();
    private volatile ImmutableList<Derived> keys = [];

    public FieldEncryption(StoreWatcher watcher, MasterKey master, TimeProvider time, ILogger<FieldEncryption> logger)
    {
        (this.watcher, this.master, this.time, this.logger) = (watcher, master, time, logger);
        watcher.Changed += Take;
        Take(null);
    }

    private sealed record Derived(FieldKeyVersion Version, Task<byte[]> Key);

    public string Encrypt(string text, string? boundTo = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var key =
            Current() ?? throw new InvalidOperationException("Fields are encrypted once the gateway has started.");
        var head = string.Create(CultureInfo.InvariantCulture, $"{Form}.{key.Version.Version}");
        return SealedText.Seal(head, Bytes(key), boundTo ?? "", Strict.GetBytes(text));
    }

    public string Decrypt(string encrypted, string? boundTo = null)
    {
        ArgumentNullException.ThrowIfNull(encrypted);
        if (
            encrypted.Split('.') is not [Form, var number, var nonce, var cipher, var tag]
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
        )
            throw new CryptographicException("It is not an encrypted value.");
        var key =
            keys.Find(k => k.Version.Version == version)
            ?? throw new CryptographicException($"It is of key version {version}, which this store does not have.");
        return Strict.GetString(SealedText.Open(Bytes(key), boundTo ?? "", nonce, cipher, tag));
    }

    public bool IsCurrent(string encrypted)
    {
        ArgumentNullException.ThrowIfNull(encrypted);
        return Current() is { } key
            && encrypted.StartsWith(
                string.Create(CultureInfo.InvariantCulture, $"{Form}.{key.Version.Version}."),
                StringComparison.Ordinal
            );
    }

    public void Dispose() => watcher.Changed -= Take;

    // Newest first. The only version of a new store has nobody before it.
    private Derived? Current()
    {
        var (all, now) = (keys, time.GetUtcNow());
        return all.Find(k => now - k.Version.CreatedAt >= TakesOverAfter) ?? (all.IsEmpty ? null : all[^1]);
    }

    // Derived long before, but for the calls of the first fraction of a second.
#pragma warning disable VSTHRD002 // It waits for a computation on a thread of its own, never for this one.
    private static byte[] Bytes(Derived key) => key.Key.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    private void Take(StoreSnapshot? changed)
    {
        lock (taking)
        {
            // What is current, whatever was told: the first look and a change may overtake each other.
            var (before, versions) = (keys, watcher.Current.FieldKeys);
            if (!before.Select(k => k.Version).SequenceEqual(versions))
                keys =
                [
                    .. versions.Select(v =>
                        before.Find(k => k.Version == v) ?? new Derived(v, Task.Run(() => Derive(v)))
                    ),
                ];
        }
    }

    private byte[] Derive(FieldKeyVersion version)
    {
        if (master.Derive("fields", version.MasterKeyId) is not { } password)
        {
            LogKeyMissing(version.Version, version.MasterKeyId);
            throw new CryptographicException(
                $"Key version {version.Version} is made of master key {version.MasterKeyId}, which the key file does not hold."
            );
        }
        return Rfc2898DeriveBytes.Pbkdf2(
            password,
            Base64Url.DecodeFromChars(version.Salt),
            version.Iterations,
            HashAlgorithmName.SHA256,
            KeySize
        );
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Fields of key version {Version} cannot be read: the key file does not hold master key {MasterKeyId}"
    )]
    private partial void LogKeyMissing(int version, string masterKeyId);
}
