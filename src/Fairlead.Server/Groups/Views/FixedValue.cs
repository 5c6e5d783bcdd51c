using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Server.Groups.Views;

/// <summary>One fixed value of a view, with its secrets put in.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Json">The value as it goes to the tool; never shown.</param>
/// <param name="IsSecret">Whether a secret is in it.</param>
/// <param name="Missing">The first secret it refers to that there is not; null when all are there.</param>
internal sealed record FixedValue(string Name, JsonElement Json, bool IsSecret, string? Missing)
{
    // As other texts on the wire: what need not be escaped is not.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>All fixed values of a view, in the order of their names.</summary>
    public static IReadOnlyList<FixedValue> Of(ToolViewConfig view, Func<string, string?> secret) =>
        [.. view.Fixed.Select(one => Of(one.Key, one.Value, secret))];

    private static FixedValue Of(string name, JsonElement stored, Func<string, string?> secret)
    {
        if (!HasReference(stored))
            return new FixedValue(name, stored, IsSecret: false, Missing: null);
        List<string> missing = [];
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Options))
            Write(json, stored, text => SecretStore.Put(text, secret, missing));
        return new FixedValue(
            name,
            JsonElement.Parse(buffer.WrittenSpan),
            IsSecret: true,
            missing.Count > 0 ? missing[0] : null
        );
    }

    /// <summary>Whether a text in a value refers to a secret.</summary>
    public static bool HasReference(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => SecretStore.In([value.GetString()!]).Any(),
            JsonValueKind.Array => value.EnumerateArray().Any(HasReference),
            JsonValueKind.Object => value.EnumerateObject().Any(static member => HasReference(member.Value)),
            _ => false,
        };

    private static void Write(Utf8JsonWriter json, JsonElement value, Func<string, string> put)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                json.WriteStringValue(put(value.GetString()!));
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                    Write(json, item, put);
                json.WriteEndArray();
                break;
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    json.WritePropertyName(member.Name);
                    Write(json, member.Value, put);
                }
                json.WriteEndObject();
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }
}
