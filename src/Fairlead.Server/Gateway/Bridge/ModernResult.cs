using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>
/// What a modern service's result must be before it goes on to a modern client (R29, R39, R46; spec mrtr, caching):
/// of a known kind, a question only where one is allowed and only what the client offered, a readable resource with
/// its caching hints. What is right goes on byte for byte.
/// </summary>
internal static class ModernResult
{
    public static Answer Check(Call call, ReadOnlyMemory<byte> result)
    {
        var kind = JsonScan.Value(result.Span, "resultType"u8);
        // Absent counts as complete, as in revisions that did not know it; ours must have it.
        var complete = kind.SequenceEqual("\"complete\""u8);
        if (complete || kind.IsEmpty)
        {
            return call.Envelope.Method == McpMethod.ResourcesRead ? Hinted(call, result, complete)
                : complete ? Answer.Result(result)
                : Rebuild(result, 0, null);
        }
        return kind.SequenceEqual("\"input_required\""u8) ? Question(call, result) : Invalid(call);
    }

    /// <summary>The service broke the protocol after it had the call.</summary>
    public static Answer Invalid(Call call) =>
        ErrorTable.Answer(Condition.UpstreamProtocol, call.RequestId, server: call.ServiceName, outcome: "unknown");

    private static Answer Question(Call call, ReadOnlyMemory<byte> result)
    {
        var span = result.Span;
        var requests = JsonScan.Value(span, "inputRequests"u8);
        var state = JsonScan.Value(span, "requestState"u8);
        if (
            call.Envelope.Method is not (McpMethod.ToolsCall or McpMethod.PromptsGet or McpMethod.ResourcesRead)
            || (requests.IsEmpty && state.IsEmpty)
            || (!requests.IsEmpty && requests[0] != (byte)'{')
            || (!state.IsEmpty && state[0] != (byte)'"')
        )
            return Invalid(call);
        if (requests.IsEmpty)
            return Answer.Result(result);
        var offered = call.Envelope.ClientCapabilities.Of(call.Envelope.Message.Span);
        var reader = new Utf8JsonReader(requests);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var request = requests[start..(int)reader.BytesConsumed];
            switch (InputCapability.Missing(request, offered))
            {
                case null:
                    return Invalid(call);
                case { Length: > 0 } missing:
                    return NotOffered(call, missing);
            }
        }
        return Answer.Result(result);
    }

    private static Answer NotOffered(Call call, string missing) =>
        ErrorTable.Answer(
            Condition.CapabilityMissing,
            call.RequestId,
            data: json =>
            {
                json.WritePropertyName("requiredCapabilities"u8);
                json.WriteRawValue(missing);
            }
        );

    private static Answer Hinted(Call call, ReadOnlyMemory<byte> result, bool complete)
    {
        var ttl = JsonScan.Value(result.Span, "ttlMs"u8);
        var known =
            Utf8Parser.TryParse(ttl, out long milliseconds, out var read) && read == ttl.Length && milliseconds >= 0;
        var scope = JsonScan.Text(result.Span, "cacheScope"u8);
        // Whose a resource is a service cannot know that is asked with one key for many: an administrator can.
        var isPublic = scope is "public" && call.Route is { TrustsPublicCache: true };
        return complete && known && (isPublic || scope is "private")
            ? Answer.Result(result)
            : Rebuild(result, known ? milliseconds : 0, isPublic ? "public" : "private");
    }

    // Only for services that leave out what they must say, or say more than they are trusted with: nothing may be kept for
    // longer or by more than they said.
    private static Answer Rebuild(ReadOnlyMemory<byte> result, long ttl, string? scope)
    {
        var buffer = new ArrayBufferWriter<byte>(result.Length + 64);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("resultType"u8, "complete"u8);
            if (scope is not null)
            {
                json.WriteNumber("ttlMs"u8, ttl);
                json.WriteString("cacheScope"u8, scope);
            }
            var reader = new Utf8JsonReader(result.Span);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var said =
                    reader.ValueTextEquals("resultType"u8)
                    || (
                        scope is not null
                        && (reader.ValueTextEquals("ttlMs"u8) || reader.ValueTextEquals("cacheScope"u8))
                    );
                var name = said ? "" : reader.GetString()!;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (said)
                    continue;
                json.WritePropertyName(name);
                json.WriteRawValue(result.Span[start..(int)reader.BytesConsumed], skipInputValidation: true);
            }
            json.WriteEndObject();
        }
        return Answer.Result(buffer.WrittenMemory);
    }
}
