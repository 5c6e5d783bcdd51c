using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Fairlead.Server.Gateway;

/// <summary>
/// Numbers of calls: UUIDv7, in order within the process. They name, they do not protect: a counter that starts at a
/// random place is enough, where <see cref="Guid.CreateVersion7(DateTimeOffset)"/> costs each call a system call.
/// </summary>
internal static class CallNumber
{
    private static long last = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long)));

    public static Guid At(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        // RFC 9562 5.7: 48 bits of milliseconds, version 7, then 12 and 62 bits of our own, after the variant.
        BinaryPrimitives.WriteInt64BigEndian(bytes, (at.ToUnixTimeMilliseconds() << 16) | 0x7000);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], Interlocked.Increment(ref last));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new Guid(bytes, bigEndian: true);
    }
}
