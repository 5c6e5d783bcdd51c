using System.Buffers;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>
/// Legacy client, modern service: every request gets the metadata a handshake would have settled; <c>resultType</c> goes.
/// The service is told that the client has no capabilities, so it may not ask for input (R39).
/// </summary>
internal sealed class LegacyToModern : EraBridge
{
    public override bool CarriesQuestions => false;

    public override OutgoingParams Params(Call call, ReadOnlyMemory<byte>? name)
    {
        var envelope = call.Envelope;
        var buffer = new ArrayBufferWriter<byte>(256);
        var token = default(Range);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (envelope.Meta.Present)
                token = CopyMeta(envelope, json, buffer);
            json.WriteString("io.modelcontextprotocol/protocolVersion"u8, Revisions.Newest.Wire());
            json.WritePropertyName("io.modelcontextprotocol/clientCapabilities"u8);
            json.WriteRawValue("{}"u8, skipInputValidation: true);
            if (call.Session is { ClientInfo.Length: > 0 } session)
            {
                json.WritePropertyName("io.modelcontextprotocol/clientInfo"u8);
                json.WriteRawValue(session.ClientInfo.Span, skipInputValidation: true);
            }
            json.WriteEndObject();
        }
        return OutgoingParams.Build(envelope, name, call.Sent, buffer.WrittenMemory, token);
    }

    public override Answer Result(Call call, ReadOnlyMemory<byte> result)
    {
        var kind = JsonScan.Value(result.Span, "resultType"u8);
        if (kind.IsEmpty)
            return Answer.Result(result);
        if (kind.SequenceEqual("\"complete\""u8))
            return RemoveMember(result, "resultType"u8);
        return kind.SequenceEqual("\"input_required\""u8)
            ? NotCarried(call, "more input (input_required)")
            : ModernResult.Invalid(call);
    }

    public override Answer Error(Call call, ReadOnlyMemory<byte> error) =>
        CodeOf(error) switch
        {
            McpErrorCode.MissingClientCapability => NotCarried(
                call,
                "a client capability (elicitation, sampling or roots)"
            ),
            McpErrorCode.HeaderMismatch or McpErrorCode.UnsupportedVersion => WithCode(
                error,
                McpErrorCode.UpstreamProtocolError
            ),
            _ => AsIs(error),
        };

    /// <summary>The object without one member: the runs before and after it.</summary>
    internal static Answer RemoveMember(ReadOnlyMemory<byte> json, ReadOnlySpan<byte> key)
    {
        var span = json.Span;
        var reader = new Utf8JsonReader(span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var hit = reader.ValueTextEquals(key);
            reader.Read();
            reader.Skip();
            if (!hit)
                continue;
            var end = (int)reader.BytesConsumed;
            var next = end + span[end..].IndexOfAny((byte)',', (byte)'}');
            // Take the comma behind it, or, for the last member, the one before it.
            if (span[next] == (byte)',')
                return new Answer(false, json[..start], json[(next + 1)..]);
            var comma = span[..start].LastIndexOf((byte)',');
            return new Answer(false, json[..(comma >= 0 ? comma : start)], json[next..]);
        }
        return Answer.Result(json);
    }

    private static Range CopyMeta(Envelope envelope, Utf8JsonWriter json, ArrayBufferWriter<byte> buffer)
    {
        var token = default(Range);
        var reader = new Utf8JsonReader(envelope.Meta.Of(envelope.Message.Span));
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (key.StartsWith("io.modelcontextprotocol/", StringComparison.Ordinal))
                continue;
            json.WritePropertyName(key);
            var value = envelope.Meta.Of(envelope.Message.Span)[start..(int)reader.BytesConsumed];
            json.WriteRawValue(value, skipInputValidation: true);
            if (key == "progressToken")
            {
                json.Flush();
                token = (buffer.WrittenCount - value.Length)..buffer.WrittenCount;
            }
        }
        return token;
    }
}
