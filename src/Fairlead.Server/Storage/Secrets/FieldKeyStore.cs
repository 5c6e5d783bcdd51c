using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Storage.Secrets;

/// <summary>What a version of the key of fields is made of, besides the master key (C-36).</summary>
/// <param name="Version">1, 2, 3 …</param>
/// <param name="MasterKeyId">The key of the master key file it is made of.</param>
/// <param name="Salt">Random, base64url.</param>
/// <param name="Iterations">Of PBKDF2.</param>
/// <param name="CreatedAt">When it was made.</param>
internal sealed record FieldKeyVersion(
    int Version,
    string MasterKeyId,
    string Salt,
    int Iterations,
    DateTimeOffset CreatedAt
);

/// <summary>
/// Versions of the key that fields of tools are encrypted with. The store holds what they are made of and never a key.
/// </summary>
internal sealed class FieldKeyStore(
    StoreWriter writer,
    StoreWatcher watcher,
    MasterKey master,
    StorageOptions options,
    TimeProvider time
) : IHostedService
{
    /// <summary>Bytes of a salt.</summary>
    public const int SaltSize = 32;

    /// <summary>Makes the first version of a store that has none, so that no call has to.</summary>
    public Task StartAsync(CancellationToken cancellationToken) =>
        watcher.WhenOpenAsync(
            async stop =>
            {
                if (watcher.Current.FieldKeys.IsEmpty)
                    await AddAsync(only: true, stop);
            },
            cancellationToken
        );

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Makes a new version; values that are there stay as they are.</summary>
    public async Task<FieldKeyVersion> RotateAsync(CancellationToken cancellationToken) =>
        (await AddAsync(only: false, cancellationToken))!;

    // Changes of all nodes take turns, so no two versions have one number.
    private Task<FieldKeyVersion?> AddAsync(bool only, CancellationToken cancellationToken) =>
        writer.ChangeAsync<FieldKeyVersion?>(
            async db =>
            {
                var last = await db.FieldKeys.MaxAsync(k => (int?)k.Version, cancellationToken) ?? 0;
                if (only && last > 0)
                    return null;
                var row = new FieldKeyRow
                {
                    Version = last + 1,
                    MasterKeyId = master.CurrentId,
                    Salt = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SaltSize)),
                    Iterations = options.FieldKeyIterations,
                    CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
                };
                db.FieldKeys.Add(row);
                return new FieldKeyVersion(
                    row.Version,
                    row.MasterKeyId,
                    row.Salt,
                    row.Iterations,
                    DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt)
                );
            },
            cancellationToken
        );
}
