using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Fairlead.Server.Caching.Redis;

/// <summary>One argument of a command: text goes out as UTF-8 (P-10).</summary>
internal readonly struct RedisArgument
{
    private RedisArgument(ReadOnlyMemory<byte> bytes) => Bytes = bytes;

    public ReadOnlyMemory<byte> Bytes { get; }

    public static implicit operator RedisArgument(string text) => new(Encoding.UTF8.GetBytes(text));

    public static implicit operator RedisArgument(ReadOnlyMemory<byte> bytes) => new(bytes);

    public static implicit operator RedisArgument(long number) =>
        number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Commands that go out together and are answered in order.</summary>
internal sealed class RedisPipeline
{
    private readonly ArrayBufferWriter<byte> buffer = new(256);

    /// <summary>How many answers there will be.</summary>
    public int Count { get; private set; }
    public ReadOnlyMemory<byte> Written => buffer.WrittenMemory;

    public RedisPipeline Add(params ReadOnlySpan<RedisArgument> command)
    {
        Head((byte)'*', command.Length);
        foreach (var argument in command)
        {
            Head((byte)'$', argument.Bytes.Length);
            buffer.Write(argument.Bytes.Span);
            buffer.Write("\r\n"u8);
        }
        Count++;
        return this;
    }

    private void Head(byte kind, int number)
    {
        var span = buffer.GetSpan(16);
        span[0] = kind;
        Utf8Formatter.TryFormat(number, span[1..], out var digits);
        "\r\n"u8.CopyTo(span[(digits + 1)..]);
        buffer.Advance(digits + 3);
    }
}

/// <summary>What Redis answered: a text or value, a number, a list, nothing, or an error.</summary>
internal readonly record struct RedisReply(
    ReadOnlyMemory<byte>? Bytes = null,
    long Number = 0,
    RedisReply[]? Items = null,
    string? Error = null
)
{
    public string? Text => Bytes is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;
}

/// <summary>Redis cannot be used, or refused a command.</summary>
#pragma warning disable CA1064 // Nothing outside the room sees one.
internal sealed class RedisException(string message, Exception? inner = null) : Exception(message, inner);
#pragma warning restore CA1064
