using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// Ids of legacy sessions: <c>{node}.{128 random bits}.{MAC}</c>. The node owns the session and finds
/// it in its table; the MAC lets any other node tell a real id from a guess before it asks the owner (R50, design.md).
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

    private string Mac(string head)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(head), mac);
        return Base64Url.EncodeToString(mac[..MacBytes]);
    }
}
