using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Fairlead.Server.Identity;

/// <summary>
/// JSON Web Signature with HS256 and nothing else (RFC 7515, RFC 7518 section 3.2). The algorithm is ours to choose,
/// never the token's: a header that names another one, or asks for extensions, is refused.
/// </summary>
internal static class Jwt
{
    /// <summary>Longer texts are refused unread.</summary>
    public const int MaxLength = 4096;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };
    private static readonly string Header = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    /// <summary>Header, payload and signature, joined by dots.</summary>
    public static string Sign(ReadOnlySpan<byte> payload, byte[] key)
    {
        string text = $"{Header}.{Base64Url.EncodeToString(payload)}";
        return $"{text}.{Signature(text, key)}";
    }

    /// <summary>Checks form, algorithm and signature; <paramref name="payload"/> is one JSON object without duplicates.</summary>
    public static bool TryVerify(string token, byte[] key, [NotNullWhen(true)] out JsonDocument? payload)
    {
        payload = null;
        if (token.Length > MaxLength || token.Split('.') is not [var header, var body, var signature])
            return false;
        // As text: another spelling of the same signature bytes is another token, and not ours.
        string expected = Signature($"{header}.{body}", key);
        if (
            !CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(signature),
                Encoding.ASCII.GetBytes(expected)
            )
        )
            return false;
        try
        {
            using JsonDocument head = JsonDocument.Parse(Base64Url.DecodeFromChars(header), Strict);
            if (!IsOurs(head.RootElement))
                return false;
            JsonDocument claims = JsonDocument.Parse(Base64Url.DecodeFromChars(body), Strict);
            if (claims.RootElement.ValueKind is JsonValueKind.Object)
            {
                payload = claims;
                return true;
            }
            claims.Dispose();
            return false;
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsOurs(JsonElement head) =>
        head.ValueKind is JsonValueKind.Object
        && head.TryGetProperty("alg", out JsonElement algorithm)
        && algorithm.ValueKind is JsonValueKind.String
        && algorithm.ValueEquals("HS256")
        && !head.TryGetProperty("crit", out _)
        && (
            !head.TryGetProperty("typ", out JsonElement type)
            || (
                type.ValueKind is JsonValueKind.String
                && string.Equals(type.GetString(), "JWT", StringComparison.OrdinalIgnoreCase)
            )
        );

    private static string Signature(string text, byte[] key) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
}
