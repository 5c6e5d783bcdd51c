using System.Collections.Concurrent;
using System.Security.Cryptography;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Bundles;

/// <summary>A bundle that was unpacked and checked, and is not kept yet. Disposing forgets what was not kept.</summary>
internal sealed class StagedBundle(string folder, string sha256, Action release) : IDisposable
{
    public string Sha256 { get; } = sha256;

    /// <summary>Its files.</summary>
    public string Files { get; } = Path.Combine(folder, "files");

    public void Dispose()
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        release();
    }
}

/// <summary>
/// Unpacked bundles, each in a folder named by its SHA-256, under <c>bundles</c> in the data folder, as long as a service
/// uses it.
/// </summary>
internal sealed class BundleStore(StorageOptions storage, ServicesOptions services, TimeProvider time)
{
    private const string Name = "bundles";
    private readonly ConcurrentDictionary<string, int> held = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    private string Root => Path.Combine(Path.GetFullPath(storage.DataDirectory), Name);
    private string Staging => Path.Combine(Root, ".staging");

    /// <summary>The folder of a bundle as definitions write it.</summary>
    public static string Reference(string sha256) => $"${{{Expansion.DataDirectory}}}/{Name}/{Folder(sha256)}";

    // Parted, because a long run of digits looks like a secret and would be hidden wherever a definition is shown.
    private static string Folder(string sha256) => string.Join('.', sha256.Chunk(16).Select(static c => new string(c)));

    /// <summary>Takes a bundle in, checks and unpacks it.</summary>
    /// <param name="content">The bundle.</param>
    /// <param name="sha256">What it must be, in hexadecimal digits; null when nobody said.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <exception cref="BundleException">It is too large, not what was said, or must not be unpacked.</exception>
    public async Task<StagedBundle> StageAsync(Stream content, string? sha256, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(Staging, Guid.CreateVersion7(time.GetUtcNow()).ToString());
        DataFolder.Ensure(Path.GetDirectoryName(Root)!);
        DataFolder.Ensure(Root);
        DataFolder.Ensure(Staging);
        DataFolder.Ensure(folder);
        try
        {
            await using var file = new FileStream(
                Path.Combine(folder, "bundle"),
                FileMode.CreateNew,
                FileAccess.ReadWrite
            );
            var found = await CopyAsync(content, file, cancellationToken);
            if (sha256 is not null && !sha256.Equals(found, StringComparison.OrdinalIgnoreCase))
                throw new BundleException("file_sha256", $"differs: the bundle has {found}");
            file.Position = 0;
            var files = Path.Combine(folder, "files");
            DataFolder.Ensure(files);
            await BundleArchive.UnpackAsync(file, files, services.Bundles, cancellationToken);
            var name = Folder(found);
            held.AddOrUpdate(name, 1, static (_, n) => n + 1);
            return new StagedBundle(folder, found, () => Release(name));
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Keeps a bundle. It is not swept away before it is disposed, even if no service uses it yet.</summary>
    public void Keep(StagedBundle bundle)
    {
        var target = Path.Combine(Root, Folder(bundle.Sha256));
        lock (gate)
        {
            if (!Directory.Exists(target))
                Directory.Move(bundle.Files, target);
        }
    }

    /// <summary>Removes the bundles that no service uses.</summary>
    /// <param name="now">The services as they are at the moment it is called.</param>
    public void Sweep(Func<StoreSnapshot> now)
    {
        if (!Directory.Exists(Root))
            return;
        DataFolder.Ensure(Staging);
        foreach (var folder in Directory.EnumerateDirectories(Root))
        {
            var name = Path.GetFileName(folder);
            if (name[0] == '.')
                continue;
            var gone = Path.Combine(Staging, Guid.CreateVersion7(time.GetUtcNow()).ToString());
            lock (gate)
            {
                // Somebody may bring the very same again just now; what is moved away is nobody's. In this order: who
                // lets go of it has registered its service before.
                if (held.ContainsKey(name) || now().Services.Any(s => Uses(s, name)))
                    continue;
                Directory.Move(folder, gone);
            }
            Directory.Delete(gone, recursive: true);
        }
    }

    /// <summary>Removes what a life that ended in the middle left behind.</summary>
    public void SweepStaging()
    {
        if (Directory.Exists(Staging))
            Directory.Delete(Staging, recursive: true);
    }

    private static bool Uses(ServiceConfig service, string folder) =>
        service.Definition.Texts.Any(t => t.Contains($"/{Name}/{folder}", StringComparison.Ordinal));

    private void Release(string name)
    {
        if (held.AddOrUpdate(name, 0, static (_, n) => n - 1) <= 0)
            held.TryRemove(KeyValuePair.Create(name, 0));
    }

    private async Task<string> CopyAsync(Stream from, FileStream to, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        long total = 0;
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            total += read;
            if (total > services.Bundles.MaxBytes)
                throw new BundleException("bundle", $"is larger than {services.Bundles.MaxBytes} bytes");
            hash.AppendData(buffer, 0, read);
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        await to.FlushAsync(cancellationToken);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
