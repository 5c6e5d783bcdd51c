using System.Globalization;
using System.Text.Json;

namespace Fairlead.Server.Tools.OpenApi;

/// <summary>Follows <c>$ref</c> within one document. What is elsewhere is never fetched.</summary>
internal sealed class OpenApiPointers(JsonElement document)
{
    private const int MostHops = 16;

    /// <summary>The object itself, or what its <c>$ref</c> leads to.</summary>
    /// <exception cref="FormatException">A reference leads out of the document, nowhere or in a circle.</exception>
    public JsonElement Resolve(JsonElement value)
    {
        for (var hop = 0; ; hop++)
        {
            if (
                value.ValueKind != JsonValueKind.Object
                || !value.TryGetProperty("$ref"u8, out var reference)
                || reference.ValueKind != JsonValueKind.String
            )
                return value;
            if (hop == MostHops)
                throw new FormatException($"$ref {reference.GetString()} leads in a circle.");
            value = Find(reference.GetString()!);
        }
    }

    /// <summary>What a reference leads to (RFC 6901 within the document).</summary>
    /// <exception cref="FormatException">It leads out of the document or nowhere.</exception>
    public JsonElement Find(string reference)
    {
        if (!reference.StartsWith("#/", StringComparison.Ordinal))
            throw new FormatException($"$ref {reference} is not in this document; nothing is fetched.");
        var at = document;
        foreach (var step in reference[2..].Split('/'))
        {
            var name = Uri.UnescapeDataString(step)
                .Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
            var found =
                at.ValueKind == JsonValueKind.Object
                    ? at.TryGetProperty(name, out at)
                    : at.ValueKind == JsonValueKind.Array
                        && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                        && index < at.GetArrayLength()
                        && (at = at[index]).ValueKind != JsonValueKind.Undefined;
            if (!found)
                throw new FormatException($"$ref {reference} leads nowhere.");
        }
        return at;
    }
}
