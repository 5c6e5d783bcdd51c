using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Server.Storage.Secrets;

/// <summary>AES-256-GCM with a random nonce as text: <c>head.nonce.ciphertext.tag</c>, base64url.</summary>
internal static class SealedText
{
    private const int NonceSize = 12;
    private const int TagSize = 16;

    /// <param name="head">What tells the key; comes first, as it is.</param>
    /// <param name="key">32 bytes.</param>
    /// <param name="bound">What the value belongs to; not kept in it.</param>
    /// <param name="plain">What is hidden.</param>
    public static string Seal(string head, byte[] key, string bound, ReadOnlySpan<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[NonceSize];
        Span<byte> tag = stackalloc byte[TagSize];
        var cipher = new byte[plain.Length];
        RandomNumberGenerator.Fill(nonce);
        using (var aes = new AesGcm(key, TagSize))
            aes.Encrypt(nonce, plain, cipher, tag, Encoding.UTF8.GetBytes(bound));
        return $"{head}.{Text(nonce)}.{Text(cipher)}.{Text(tag)}";
    }

    /// <exception cref="CryptographicException">Altered, of another key, or of something else.</exception>
    public static byte[] Open(byte[] key, string bound, string nonce, string cipher, string tag)
    {
        try
        {
            var hidden = Base64Url.DecodeFromChars(cipher);
            var plain = new byte[hidden.Length];
            using var aes = new AesGcm(key, TagSize);
            aes.Decrypt(
                Base64Url.DecodeFromChars(nonce),
                hidden,
                Base64Url.DecodeFromChars(tag),
                plain,
                Encoding.UTF8.GetBytes(bound)
            );
            return plain;
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException)
        {
            throw new CryptographicException("It is not a sealed value.", failure);
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);
}
