using System.Buffers;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;

namespace Fairlead.Server.Gateway;

/// <summary>Whole JSON-RPC messages that we author, as UTF-8. Every one is checked against schema.json in the tests.</summary>
internal static class MessageBytes
{
    /// <summary>A request of ours to a legacy client.</summary>
    public static byte[] Request(ReadOnlySpan<byte> rawId, McpMethod method, ReadOnlySpan<byte> parameters) =>
        Join(
            "{\"jsonrpc\":\"2.0\",\"id\":"u8,
            rawId,
            ",\"method\":\""u8,
            Name(method),
            "\""u8,
            Params(parameters),
            "}"u8
        );

    /// <summary>A notification with ready-made params (empty for none).</summary>
    public static byte[] Notification(McpMethod method, ReadOnlySpan<byte> parameters) =>
        Join("{\"jsonrpc\":\"2.0\",\"method\":\""u8, Name(method), "\""u8, Params(parameters), "}"u8);

    /// <summary>A notification whose params have one value replaced: the client's progress token for ours.</summary>
    public static byte[] Notification(
        McpMethod method,
        ReadOnlySpan<byte> parameters,
        Range replace,
        ReadOnlySpan<byte> value
    )
    {
        var (start, length) = replace.GetOffsetAndLength(parameters.Length);
        return Join(
            "{\"jsonrpc\":\"2.0\",\"method\":\""u8,
            Name(method),
            "\",\"params\":"u8,
            parameters[..start],
            value,
            parameters[(start + length)..],
            "}"u8
        );
    }

    /// <summary>An <c>error</c> object without data.</summary>
    public static byte[] Error(int code, string message)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("code"u8, code);
            json.WriteString("message"u8, message);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static ReadOnlySpan<byte> Name(McpMethod method) => Encoding.ASCII.GetBytes(method.Wire());

    private static byte[] Params(ReadOnlySpan<byte> parameters) =>
        parameters.IsEmpty ? [] : Join(",\"params\":"u8, parameters);

    private static byte[] Join(
        ReadOnlySpan<byte> a,
        ReadOnlySpan<byte> b,
        ReadOnlySpan<byte> c = default,
        ReadOnlySpan<byte> d = default,
        ReadOnlySpan<byte> e = default,
        ReadOnlySpan<byte> f = default,
        ReadOnlySpan<byte> g = default
    )
    {
        var whole = new byte[a.Length + b.Length + c.Length + d.Length + e.Length + f.Length + g.Length];
        var rest = whole.AsSpan();
        Put(ref rest, a);
        Put(ref rest, b);
        Put(ref rest, c);
        Put(ref rest, d);
        Put(ref rest, e);
        Put(ref rest, f);
        Put(ref rest, g);
        return whole;

        static void Put(ref Span<byte> rest, ReadOnlySpan<byte> part)
        {
            part.CopyTo(rest);
            rest = rest[part.Length..];
        }
    }
}
