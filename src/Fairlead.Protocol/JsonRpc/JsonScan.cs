using System.Text.Json;

namespace Fairlead.Protocol;

/// <summary>Looks into one JSON object without a document; for bytes that were checked before.</summary>
public static class JsonScan
{
    /// <summary>Finds a member of the object.</summary>
    /// <param name="json">One JSON object.</param>
    /// <param name="key">The member's name.</param>
    /// <returns>The value's place (strings with their quotes), or <c>default</c> when it is not there or no object was given.</returns>
    public static Slice Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        var reader = new Utf8JsonReader(json);
        if (json.IsEmpty || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var hit = reader.ValueTextEquals(key);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (hit)
                return new Slice(start, (int)reader.BytesConsumed - start);
        }
        return default;
    }

    /// <summary>The text of a string member, or null.</summary>
    public static string? Text(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        var value = Find(json, key);
        return value.Present && json[value.Start] == (byte)'"' ? JsonText.Unquote(value.Of(json)) : null;
    }

    /// <summary>Whether the object has the member and it is not null or false.</summary>
    public static bool Has(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        var value = Find(json, key);
        return value.Present && json[value.Start] is not ((byte)'n' or (byte)'f');
    }

    /// <summary>The bytes of a member's value; empty when it is not there.</summary>
    public static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        var value = Find(json, key);
        return value.Present ? value.Of(json) : default;
    }
}
