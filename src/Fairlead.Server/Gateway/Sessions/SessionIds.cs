using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// Ids of legacy sessions: <c>{node}.{128 random bits}.{MAC}</c>. The node owns the session; the MAC makes a guessed id
/// cost no look-up (R50, design.md "Session ids").
/// </summary>
internal sealed class SessionIds(byte[] key, string node)
{
    private const int MacBytes = 12;

    public string New()
    {
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        var head = $"{node}.{Base64Url.EncodeToString(random)}";
        return $"{head}.{Mac(head)}";
    }

    public bool IsOurs(string id)
    {
        var dot = id.LastIndexOf('.');
        return id.Length <= 128
            && dot > 0
            && CryptographicOperations.FixedTimeEquals(
                Encoding.ASCII.GetBytes(Mac(id[..dot])),
                Encoding.ASCII.GetBytes(id[(dot + 1)..])
            );
    }

    private string Mac(string head)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(head), mac);
        return Base64Url.EncodeToString(mac[..MacBytes]);
    }
}
