using System.Buffers;
using System.Text.Json;

namespace Fairlead.Server.Tools.OpenApi;

/// <summary>
/// Schemas of one operation as JSON Schema 2020-12: references into the document become references to <c>$defs</c>, which
/// are collected, and what OpenAPI 3.0 says differently is said as JSON Schema says it.
/// </summary>
internal sealed class OpenApiSchemas(OpenApiPointers pointers, bool isThreeZero)
{
    // Of no use to a caller, or of another vocabulary.
    private static readonly HashSet<string> Dropped = ["xml", "discriminator", "externalDocs", "example", "nullable"];

    // Values that happen to be objects are no schemas: nothing in them is rewritten.
    private static readonly HashSet<string> Literal = ["enum", "const", "default", "examples"];
    private static readonly string[] Composed = ["$ref", "allOf", "anyOf", "oneOf"];
    private readonly Dictionary<string, string> keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> defs = new(StringComparer.Ordinal);

    /// <summary>A schema with its references turned to <c>$defs</c>.</summary>
    /// <exception cref="FormatException">A reference leads out of the document or nowhere.</exception>
    public JsonElement Convert(JsonElement schema) => JsonElement.Parse(Bytes(schema));

    /// <summary>The schema a reference leads to, or the schema itself.</summary>
    public JsonElement Resolve(JsonElement schema) => pointers.Resolve(schema);

    /// <summary>All that was referred to so far; null when nothing was.</summary>
    public JsonElement? Defs()
    {
        if (defs.Count == 0)
            return null;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (key, schema) in defs)
            {
                json.WritePropertyName(key);
                json.WriteRawValue(schema, skipInputValidation: true);
            }
            json.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }

    private byte[] Bytes(JsonElement schema)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
            WriteSchema(json, schema);
        return buffer.WrittenSpan.ToArray();
    }

    private void WriteSchema(Utf8JsonWriter json, JsonElement schema)
    {
        if (schema.ValueKind == JsonValueKind.Array)
        {
            json.WriteStartArray();
            foreach (var item in schema.EnumerateArray())
                WriteSchema(json, item);
            json.WriteEndArray();
            return;
        }
        if (schema.ValueKind != JsonValueKind.Object)
        {
            schema.WriteTo(json);
            return;
        }
        // Documents of 3.1 that were 3.0 once say it still.
        var nullable = Is(schema, "nullable"u8);
        // Said of a composition it is meant of the whole.
        var whole =
            nullable && !schema.TryGetProperty("type"u8, out _) && Composed.Any(k => schema.TryGetProperty(k, out _));
        if (whole)
        {
            json.WriteStartObject();
            json.WriteStartArray("anyOf"u8);
        }
        json.WriteStartObject();
        foreach (var member in schema.EnumerateObject())
            WriteMember(json, schema, member, nullable && !whole);
        json.WriteEndObject();
        if (whole)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "null"u8);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private void WriteMember(Utf8JsonWriter json, JsonElement schema, JsonProperty member, bool nullable)
    {
        switch (member.Name)
        {
            case "$ref" when member.Value.ValueKind == JsonValueKind.String:
                json.WriteString("$ref"u8, "#/$defs/" + Key(member.Value.GetString()!));
                break;
            case "properties"
            or "patternProperties"
            or "$defs"
            or "dependentSchemas" when member.Value.ValueKind == JsonValueKind.Object:
                // Names of properties are no keywords.
                json.WriteStartObject(member.Name);
                foreach (var property in member.Value.EnumerateObject())
                {
                    json.WritePropertyName(property.Name);
                    WriteSchema(json, property.Value);
                }
                json.WriteEndObject();
                break;
            case "type" when nullable && member.Value.ValueKind == JsonValueKind.String:
                json.WriteStartArray("type"u8);
                json.WriteStringValue(member.Value.GetString());
                json.WriteStringValue("null"u8);
                json.WriteEndArray();
                break;
            case "enum" when nullable && member.Value.ValueKind == JsonValueKind.Array:
                json.WriteStartArray("enum"u8);
                foreach (var value in member.Value.EnumerateArray())
                    value.WriteTo(json);
                if (!member.Value.EnumerateArray().Any(v => v.ValueKind == JsonValueKind.Null))
                    json.WriteNullValue();
                json.WriteEndArray();
                break;
            case "exclusiveMinimum"
            or "exclusiveMaximum" when member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                WriteLimit(json, schema, member.Name, member.Value.ValueKind == JsonValueKind.True);
                break;
            case "minimum"
            or "maximum"
                when isThreeZero && Is(schema, member.Name == "minimum" ? "exclusiveMinimum"u8 : "exclusiveMaximum"u8):
                break;
            case var name when Dropped.Contains(name) || name.StartsWith("x-", StringComparison.Ordinal):
                break;
            case var name when Literal.Contains(name):
                member.WriteTo(json);
                break;
            default:
                json.WritePropertyName(member.Name);
                WriteSchema(json, member.Value);
                break;
        }
    }

    // 3.0: "minimum: 1, exclusiveMinimum: true" is "exclusiveMinimum: 1".
    private static void WriteLimit(Utf8JsonWriter json, JsonElement schema, string name, bool isExclusive)
    {
        if (
            isExclusive
            && schema.TryGetProperty(name == "exclusiveMinimum" ? "minimum"u8 : "maximum"u8, out var limit)
            && limit.ValueKind == JsonValueKind.Number
        )
        {
            json.WritePropertyName(name);
            limit.WriteTo(json);
        }
    }

    private string Key(string reference)
    {
        if (keys.TryGetValue(reference, out var known))
            return known;
        var target = pointers.Find(reference);
        var wanted = OpenApiNames.Plain(reference[(reference.LastIndexOf('/') + 1)..]);
        var key = wanted;
        for (var n = 2; keys.ContainsValue(key); n++)
            key = $"{wanted}_{n}";
        // Known before it is read: schemas refer to themselves.
        keys[reference] = key;
        defs[key] = [];
        defs[key] = Bytes(target);
        return key;
    }

    private static bool Is(JsonElement schema, ReadOnlySpan<byte> name) =>
        schema.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
