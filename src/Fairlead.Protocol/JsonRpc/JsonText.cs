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
        Encoding.UTF8.GetBytes(
            $"\"{JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\""
        );
}
