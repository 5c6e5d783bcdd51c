using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.Stdio;

/// <summary>What a message of the gateway is.</summary>
internal readonly record struct Kind(bool IsResponse, bool HasId, string? Method, int Code)
{
    /// <summary>False for what is no JSON-RPC, a proxy's page for instance: it never reaches the client (P-113).</summary>
    public bool IsMessage => IsResponse || Method is not null;

    public static Kind Of(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement;
            if (root.ValueKind == JsonValueKind.Array)
                return new Kind(true, true, null, 0);
            if (root.ValueKind != JsonValueKind.Object)
                return default;
            var code =
                root.TryGetProperty("error"u8, out var error)
                && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("code"u8, out var number)
                && number.TryGetInt32(out var value)
                    ? value
                    : 0;
            var method =
                root.TryGetProperty("method"u8, out var named) && named.ValueKind == JsonValueKind.String
                    ? named.GetString()
                    : null;
            var hasId = root.TryGetProperty("id"u8, out var id) && id.ValueKind is not JsonValueKind.Null;
            var answers = root.TryGetProperty("result"u8, out _) || error.ValueKind == JsonValueKind.Object;
            return new Kind(method is null && answers, hasId, method, code);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    /// <summary>A response that could not name its request, with the id it is for.</summary>
    public static string WithId(string text, string rawId)
    {
        using var json = JsonDocument.Parse(text);
        var buffer = new ArrayBufferWriter<byte>(text.Length + 64);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WritePropertyName("id"u8);
            writer.WriteRawValue(rawId);
            foreach (var member in json.RootElement.EnumerateObject())
            {
                if (!member.NameEquals("id"u8) && !member.NameEquals("jsonrpc"u8))
                    member.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

[JsonSerializable(typeof(string))]
internal sealed partial class StdioJson : JsonSerializerContext;
