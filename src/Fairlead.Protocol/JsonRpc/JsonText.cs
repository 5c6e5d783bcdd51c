using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fairlead.Protocol;

/// <summary>Reads and writes single JSON strings without a document.</summary>
public static class JsonText
{
    /// <summary>The text of a JSON string given with its quotes; it must have been checked before.</summary>
    public static string Unquote(ReadOnlySpan<byte> quoted)
    {
        var inner = quoted[1..^1];
        if (inner.IndexOf((byte)'\\') < 0)
            return Encoding.UTF8.GetString(inner);
        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        return reader.GetString()!;
    }

    /// <summary>The text as a JSON string with quotes, UTF-8.</summary>
    public static byte[] Quote(string text) =>
        Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"");

    /// <summary>
    /// False when a raw JSON string (without quotes) escapes half of a surrogate pair: such text has no UTF-8 form, and
    /// readers disagree about it (security.md §3 "Lone surrogate").
    /// </summary>
    public static bool HasPairedSurrogates(ReadOnlySpan<byte> raw)
    {
        var highPending = false;
        for (var i = 0; i < raw.Length; )
        {
            if (raw[i] != (byte)'\\')
            {
                if (highPending)
                    return false;
                i++;
                continue;
            }
            if (raw[i + 1] != (byte)'u')
            {
                if (highPending)
                    return false;
                i += 2;
                continue;
            }
            // The JSON reader has already checked the four hex digits.
            var unit = ushort.Parse(raw.Slice(i + 2, 4), NumberStyles.AllowHexSpecifier);
            if (highPending)
            {
                if (!char.IsLowSurrogate((char)unit))
                    return false;
                highPending = false;
            }
            else if (char.IsHighSurrogate((char)unit))
            {
                highPending = true;
            }
            else if (char.IsLowSurrogate((char)unit))
            {
                return false;
            }
            i += 6;
        }
        return !highPending;
    }
}
