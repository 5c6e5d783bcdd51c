using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Handshake;
using Fairlead.Server.Gateway.Replies;

namespace Fairlead.Server.Gateway.Bridge;

/// <summary>
/// Content blocks that a client's revision does not know become text that says what they are: most clients refuse a
/// whole result for one block they cannot read. All other results go on byte for byte.
/// </summary>
internal static class OlderContent
{
    private static readonly (string Type, byte[] Quoted)[] Newer =
    [
        ("audio", "\"audio\""u8.ToArray()),
        ("resource_link", "\"resource_link\""u8.ToArray()),
    ];

    /// <summary>The result as a client of <paramref name="rules"/> can read it.</summary>
    public static Answer Adapt(Answer answer, McpMethod method, RevisionRules rules)
    {
        if (answer.IsError || method is not (McpMethod.ToolsCall or McpMethod.PromptsGet) || !MayHold(answer, rules))
            return answer;
        byte[] whole = [.. answer.A.Span, .. answer.B.Span, .. answer.C.Span];
        using var result = JsonDocument.Parse(whole);
        var buffer = new ArrayBufferWriter<byte>(whole.Length + 64);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var member in result.RootElement.EnumerateObject())
            {
                json.WritePropertyName(member.Name);
                if (member.Value.ValueKind == JsonValueKind.Array && member.NameEquals("content"u8))
                    Blocks(json, member.Value, rules);
                else if (member.Value.ValueKind == JsonValueKind.Array && member.NameEquals("messages"u8))
                    Messages(json, member.Value, rules);
                else
                    json.WriteRawValue(member.Value.GetRawText(), skipInputValidation: true);
            }
            json.WriteEndObject();
        }
        return new Answer(false, buffer.WrittenMemory)
        {
            Status = answer.Status,
            Code = answer.Code,
            Message = answer.Message,
            ToolFailed = answer.ToolFailed,
        };
    }

    // Inside a string the quotes would be escaped, so what is not found is not there.
    private static bool MayHold(Answer answer, RevisionRules rules)
    {
        foreach (var (type, quoted) in Newer)
        {
            if (
                !rules.Content.Contains(type)
                && (
                    answer.A.Span.IndexOf(quoted) >= 0
                    || answer.B.Span.IndexOf(quoted) >= 0
                    || answer.C.Span.IndexOf(quoted) >= 0
                )
            )
                return true;
        }
        return false;
    }

    private static void Blocks(Utf8JsonWriter json, JsonElement blocks, RevisionRules rules)
    {
        json.WriteStartArray();
        foreach (var block in blocks.EnumerateArray())
            Block(json, block, rules);
        json.WriteEndArray();
    }

    private static void Messages(Utf8JsonWriter json, JsonElement messages, RevisionRules rules)
    {
        json.WriteStartArray();
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object)
            {
                json.WriteRawValue(message.GetRawText(), skipInputValidation: true);
                continue;
            }
            json.WriteStartObject();
            foreach (var member in message.EnumerateObject())
            {
                json.WritePropertyName(member.Name);
                if (member.NameEquals("content"u8))
                    Block(json, member.Value, rules);
                else
                    json.WriteRawValue(member.Value.GetRawText(), skipInputValidation: true);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Block(Utf8JsonWriter json, JsonElement block, RevisionRules rules)
    {
        if (Text(block, "type") is not { } type || rules.Content.Contains(type))
        {
            json.WriteRawValue(block.GetRawText(), skipInputValidation: true);
            return;
        }
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, Describe(block, type));
        json.WriteEndObject();
    }

    private static string Describe(JsonElement block, string type)
    {
        if (type == "resource_link")
        {
            var about = Text(block, "description") is { Length: > 0 } description ? $" - {description}" : "";
            return $"{Text(block, "title") ?? Text(block, "name")}: {Text(block, "uri")}{about}";
        }
        // Base64 is four characters for three bytes.
        var bytes = (Text(block, "data")?.Length ?? 0) / 4 * 3;
        return string.Create(CultureInfo.InvariantCulture, $"[{type} {Text(block, "mimeType")}, about {bytes} bytes]");
    }

    private static string? Text(JsonElement block, string name) =>
        block.ValueKind == JsonValueKind.Object
        && block.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
