using System.Text;
using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// Writes the messages we send to services, each once into one pooled buffer. Line breaks between tokens stay: the
/// stdio writer replaces them (R97), over HTTP they do no harm.
/// </summary>
internal static class WireWriter
{
    private const int EnvelopeBytes = 128;

    /// <summary>A request with our id; where the call asks for progress our id is the token as well.</summary>
    public static PooledBytes Request(long id, ChannelCall call)
    {
        var parameters = call.Params.Span;
        var message = new PooledBytes(parameters.Length + EnvelopeBytes);
        message.Append("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        message.Append(id);
        Method(message, call.Method);
        if (!parameters.IsEmpty)
        {
            message.Append(",\"params\":"u8);
            if (call.WantsProgress)
            {
                var (offset, length) = call.ProgressToken.GetOffsetAndLength(parameters.Length);
                message.Append(parameters[..offset]);
                message.Append(id);
                message.Append(parameters[(offset + length)..]);
            }
            else
            {
                message.Append(parameters);
            }
        }
        message.Append((byte)'}');
        return message;
    }

    public static PooledBytes Notification(McpMethod method, ReadOnlySpan<byte> parameters)
    {
        var message = new PooledBytes(parameters.Length + EnvelopeBytes);
        message.Append("{\"jsonrpc\":\"2.0\""u8);
        Method(message, method);
        if (!parameters.IsEmpty)
        {
            message.Append(",\"params\":"u8);
            message.Append(parameters);
        }
        message.Append((byte)'}');
        return message;
    }

    public static PooledBytes Cancelled(long id, string reason)
    {
        var message = new PooledBytes(EnvelopeBytes);
        message.Append("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":"u8);
        message.Append(id);
        message.Append(",\"reason\":\""u8);
        message.Append(Encoding.UTF8.GetBytes(reason));
        message.Append("\"}}"u8);
        return message;
    }

    /// <summary>The answer to a service's request: <paramref name="answer"/> is a raw result or error object.</summary>
    public static PooledBytes Response(ReadOnlySpan<byte> rawId, QuestionAnswer answer)
    {
        var message = new PooledBytes(answer.Json.Length + rawId.Length + EnvelopeBytes);
        message.Append("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        message.Append(rawId);
        message.Append(answer.IsError ? ",\"error\":"u8 : ",\"result\":"u8);
        message.Append(answer.Json.Span);
        message.Append((byte)'}');
        return message;
    }

    /// <summary>
    /// Replaces raw line breaks of an answer by spaces: in JSON they stand between tokens only, and an answer may go on
    /// as the data of one event, where each would cut it.
    /// </summary>
    public static void OneLine(Span<byte> json)
    {
        for (var at = json.IndexOfAny((byte)'\n', (byte)'\r'); at >= 0; at = json.IndexOfAny((byte)'\n', (byte)'\r'))
        {
            json[at] = (byte)' ';
            json = json[(at + 1)..];
        }
    }

    private static void Method(PooledBytes message, McpMethod method)
    {
        message.Append(",\"method\":\""u8);
        var name = method.Wire();
        message.Advance(Encoding.UTF8.GetBytes(name, message.GetSpan(name.Length)));
        message.Append((byte)'"');
    }
}
