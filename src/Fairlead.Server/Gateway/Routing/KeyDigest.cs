using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>
/// SHA-256 of a group key (I-25). Looked up by its first 128 bits; the rest is compared in constant time, though a
/// digest leaks nothing useful by timing.
/// </summary>
internal readonly struct KeyDigest : IEquatable<KeyDigest>
{
    private readonly UInt128 first;
    private readonly UInt128 second;

    private KeyDigest(ReadOnlySpan<byte> digest)
    {
        first = BinaryPrimitives.ReadUInt128BigEndian(digest);
        second = BinaryPrimitives.ReadUInt128BigEndian(digest[16..]);
    }

    public static KeyDigest OfHex(string sha256Hex) => new(Convert.FromHexString(sha256Hex));

    public static KeyDigest OfKey(ReadOnlySpan<char> key)
    {
        Span<byte> utf8 = stackalloc byte[512];
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        if (!Encoding.UTF8.TryGetBytes(key, utf8, out var length))
            return default;
        SHA256.HashData(utf8[..length], digest);
        return new KeyDigest(digest);
    }

    public bool Equals(KeyDigest other) => ((first ^ other.first) | (second ^ other.second)) == UInt128.Zero;

    public override bool Equals(object? obj) => obj is KeyDigest other && Equals(other);

    public override int GetHashCode() => first.GetHashCode();
}
