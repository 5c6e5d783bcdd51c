using System.Buffers;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>
/// Modern client, legacy service: the per-request metadata goes, results gain <c>resultType</c> and, where the
/// revision asks for them, caching hints; −32002 becomes −32602.
/// </summary>
internal sealed class ModernToLegacy : EraBridge
{
    private static readonly byte[] Complete = "{\"resultType\":\"complete\""u8.ToArray();
    private static readonly byte[] CompleteUncached = Encoding.ASCII.GetBytes(
        "{\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\""
    );

    public override bool CarriesQuestions => false;

    public override OutgoingParams Params(Call call, ReadOnlyMemory<byte>? name)
    {
        var envelope = call.Envelope;
        var source = envelope.Meta.Of(envelope.Message.Span);
        var buffer = new ArrayBufferWriter<byte>(source.Length);
        var token = default(Range);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            var reader = new Utf8JsonReader(source);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var ours = reader.ValueSpan.StartsWith("io.modelcontextprotocol/"u8);
                var key = ours ? "" : reader.GetString()!;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (ours)
                    continue;
                json.WritePropertyName(key);
                var value = source[start..(int)reader.BytesConsumed];
                json.WriteRawValue(value, skipInputValidation: true);
                if (key == "progressToken")
                {
                    json.Flush();
                    token = (buffer.WrittenCount - value.Length)..buffer.WrittenCount;
                }
            }
            json.WriteEndObject();
        }
        return OutgoingParams.Build(envelope, name, call.Sent, buffer.WrittenMemory, token);
    }

    public override Answer Result(Call call, ReadOnlyMemory<byte> result)
    {
        var span = result.Span;
        if (call.Asked is { } what && JsonScan.Has(span, "isError"u8))
            return NotCarried(call, what);
        if (JsonScan.Find(span, "resultType"u8).Present)
            return Answer.Result(result);
        var head = call.Envelope.Method == McpMethod.ResourcesRead ? CompleteUncached : Complete;
        var first = 1 + span[1..].IndexOfAny((byte)'"', (byte)'}');
        return span[first] == (byte)'}'
            ? new Answer(false, head, "}"u8.ToArray())
            : new Answer(false, head, ","u8.ToArray(), result[first..]);
    }

    public override Answer Error(Call call, ReadOnlyMemory<byte> error)
    {
        if (call.Asked is { } what)
            return NotCarried(call, what);
        // The specification's own codes mean nothing coming from a legacy service.
        return Permitted(error);
    }
}
