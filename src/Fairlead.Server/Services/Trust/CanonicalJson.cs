using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fairlead.Server.Services.Trust;

/// <summary>
/// One form for all ways to write the same JSON, in the manner of RFC 8785: members sorted by UTF-16, numbers as
/// ECMAScript writes them, no white space, text in NFC. Two values that differ in meaning never get the same form: a
/// number that no double holds stays as it was written, and a key that comes twice stays twice.
/// </summary>
internal static class CanonicalJson
{
    private static readonly JsonWriterOptions Options = new()
    {
        SkipValidation = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 256,
    };

    /// <summary>The canonical form of a JSON value.</summary>
    /// <param name="json">One value, UTF-8.</param>
    /// <param name="keep">Which members of the outermost object are taken; null takes all.</param>
    public static byte[] Write(ReadOnlyMemory<byte> json, Func<JsonProperty, JsonElement?>? keep = null)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
        var buffer = new ArrayBufferWriter<byte>(json.Length);
        using (var writer = new Utf8JsonWriter(buffer, Options))
            Write(writer, document.RootElement, keep);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>SHA-256 of a canonical form, in lower-case hex.</summary>
    public static string Hash(ReadOnlySpan<byte> canonical) => Convert.ToHexStringLower(SHA256.HashData(canonical));

    private static void Write(Utf8JsonWriter json, JsonElement value, Func<JsonProperty, JsonElement?>? keep)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                var members = value
                    .EnumerateObject()
                    .Select(m => (Name: Text(m), Value: keep is null ? m.Value : keep(m)))
                    .Where(m => m.Value is not null)
                    .OrderBy(m => m.Name, StringComparer.Ordinal);
                foreach (var (name, member) in members)
                {
                    json.WritePropertyName(name);
                    Write(json, member!.Value, null);
                }
                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Write(json, item, null);
                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(Text(value));
                break;
            case JsonValueKind.Number:
                json.WriteRawValue(Number(value.GetRawText()), skipInputValidation: true);
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static string Text(JsonProperty member)
    {
        try
        {
            return ComposedText.Of(member.Name);
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate has no text; what stands there does.
            return member.ToString();
        }
    }

    private static string Text(JsonElement text)
    {
        try
        {
            return ComposedText.Of(text.GetString()!);
        }
        catch (InvalidOperationException)
        {
            return text.GetRawText();
        }
    }

    private static string Number(string raw)
    {
        if (
            !double.TryParse(raw, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || !double.IsFinite(number)
        )
            return raw;
        if (
            BigInteger.TryParse(raw, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            && whole != new BigInteger(number)
        )
            return whole.ToString(CultureInfo.InvariantCulture);
        return EcmaScript(number);
    }

    /// <summary>Number::toString of ECMAScript (RFC 8785 §3.2.2.3).</summary>
    private static string EcmaScript(double number)
    {
        if (number == 0)
            return "0";
        var shortest = number.ToString("E16", CultureInfo.InvariantCulture);
        for (var digitsAfter = 0; digitsAfter < 17; digitsAfter++)
        {
            var tried = number.ToString($"E{digitsAfter}", CultureInfo.InvariantCulture);
            if (double.Parse(tried, CultureInfo.InvariantCulture) == number)
            {
                shortest = tried;
                break;
            }
        }
        var sign = number < 0 ? "-" : "";
        var e = shortest.IndexOf('E', StringComparison.Ordinal);
        var digits = shortest[..e].Replace(".", "", StringComparison.Ordinal).TrimStart('-').TrimEnd('0');
        var point = int.Parse(shortest[(e + 1)..], CultureInfo.InvariantCulture) + 1;
        if (digits.Length <= point && point <= 21)
            return sign + digits.PadRight(point, '0');
        if (point is > 0 and <= 21)
            return $"{sign}{digits[..point]}.{digits[point..]}";
        if (point is > -6 and <= 0)
            return $"{sign}0.{new string('0', -point)}{digits}";
        var exponent = (point - 1).ToString("+0;-0", CultureInfo.InvariantCulture);
        return digits.Length == 1 ? $"{sign}{digits}e{exponent}" : $"{sign}{digits[0]}.{digits[1..]}e{exponent}";
    }
}
