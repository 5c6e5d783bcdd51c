using System.Buffers;
using System.Text.Json;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>Renders one listed definition for a group: the service's own object with its exposed name, for either era.</summary>
internal static class DefinitionWriter
{
    private static readonly JsonWriterOptions Options = new()
    {
        SkipValidation = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Renders a definition.</summary>
    /// <param name="definition">One JSON object as the service listed it.</param>
    /// <param name="nameKey"><c>name</c>, <c>uri</c> or <c>uriTemplate</c>.</param>
    /// <param name="exposed">The value of that key in the group.</param>
    /// <param name="description">Replaces the description when not empty.</param>
    /// <param name="legacy">
    /// True for handshake clients: an output schema that is not of type object is left out, as their revisions refuse it.
    /// </param>
    public static byte[] Render(
        ReadOnlySpan<byte> definition,
        ReadOnlySpan<byte> nameKey,
        string exposed,
        string? description,
        bool legacy
    )
    {
        var buffer = new ArrayBufferWriter<byte>(definition.Length + 64);
        using var json = new Utf8JsonWriter(buffer, Options);
        var reader = new Utf8JsonReader(definition);
        reader.Read();
        json.WriteStartObject();
        json.WriteString(nameKey, exposed);
        if (!string.IsNullOrEmpty(description))
            json.WriteString("description"u8, description);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var skip =
                reader.ValueTextEquals(nameKey)
                || (!string.IsNullOrEmpty(description) && reader.ValueTextEquals("description"u8));
            var output = reader.ValueTextEquals("outputSchema"u8);
            var key = skip ? "" : reader.GetString()!;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var value = definition[start..(int)reader.BytesConsumed];
            if (skip || (legacy && output && Protocol.JsonScan.Text(value, "type"u8) != "object"))
                continue;
            json.WritePropertyName(key);
            json.WriteRawValue(value, skipInputValidation: true);
        }
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
