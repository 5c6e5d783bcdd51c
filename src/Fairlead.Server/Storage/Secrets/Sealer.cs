using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Server.Storage.Secrets;

/// <summary>
/// AES-256-GCM for single fields: <c>v1.kid.nonce.ciphertext.tag</c>, base64url. Table, column and id are bound in, so
/// that a value copied to another row or column does not open.
/// </summary>
internal sealed class Sealer(MasterKey master)
{
    private const string Purpose = "seal";
    private const int NonceSize = 12;
    private const int TagSize = 16;

    public string Seal(string table, string column, string id, ReadOnlySpan<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        Span<byte> tag = stackalloc byte[TagSize];
        byte[] cipher = new byte[plain.Length];
        RandomNumberGenerator.Fill(nonce);
        using (var aes = new AesGcm(master.Derive(Purpose), TagSize))
            aes.Encrypt(nonce, plain, cipher, tag, Bound(table, column, id));
        return $"v1.{master.CurrentId}.{Text(nonce)}.{Text(cipher)}.{Text(tag)}";
    }

    /// <exception cref="StoreException">Not ours, altered, moved, or sealed with a key that is not in the key file.</exception>
    public byte[] Open(string table, string column, string id, string text)
    {
        string[] parts = text.Split('.');
        if (parts is not ["v1", var kid, var nonceText, var cipherText, var tagText])
            throw new StoreException($"{table}.{column} of {id} is not a sealed value.");
        byte[] key =
            master.Derive(Purpose, kid)
            ?? throw new StoreException(
                $"{table}.{column} of {id} was sealed with master key {kid}, which the key file does not hold."
            );
        try
        {
            byte[] cipher = Base64Url.DecodeFromChars(cipherText);
            byte[] plain = new byte[cipher.Length];
            using var aes = new AesGcm(key, TagSize);
            aes.Decrypt(
                Base64Url.DecodeFromChars(nonceText),
                cipher,
                Base64Url.DecodeFromChars(tagText),
                plain,
                Bound(table, column, id)
            );
            return plain;
        }
        catch (Exception failure) when (failure is CryptographicException or FormatException or ArgumentException)
        {
            throw new StoreException($"{table}.{column} of {id} was altered or belongs to another row.", failure);
        }
    }

    private static byte[] Bound(string table, string column, string id) =>
        Encoding.UTF8.GetBytes($"{table}|{column}|{id}");

    private static string Text(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);
}
