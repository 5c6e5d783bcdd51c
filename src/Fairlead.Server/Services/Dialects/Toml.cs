using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fairlead.Server.Services.Dialects;

/// <summary>
/// TOML 1.0 as JSON, for the files of clients that are configured in it: tables, arrays of tables, dotted keys, inline
/// tables, all strings and numbers; dates become texts. No TOML package can be restored here.
/// </summary>
internal static partial class Toml
{
    /// <summary>Whether a text that is not told by its name is TOML: its first meaningful line is a table or a key.</summary>
    public static bool LooksLike(string text)
    {
        var line = text.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0 && l[0] != '#');
        return line is not null && FirstLine().IsMatch(line);
    }

    /// <exception cref="FormatException">It is not valid; the message names the line.</exception>
    public static ReadOnlyMemory<byte> ToJson(string text)
    {
        var root = new TomlReader(text).Read();
        var json = new ArrayBufferWriter<byte>(text.Length + 64);
        using (var writer = new Utf8JsonWriter(json))
            Write(writer, root);
        return json.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, object value)
    {
        switch (value)
        {
            case Dictionary<string, object> table:
                json.WriteStartObject();
                foreach (var (key, item) in table)
                {
                    json.WritePropertyName(key);
                    Write(json, item);
                }
                json.WriteEndObject();
                break;
            case List<object> list:
                json.WriteStartArray();
                foreach (var item in list)
                    Write(json, item);
                json.WriteEndArray();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case long whole:
                json.WriteNumberValue(whole);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(value.ToString());
                break;
        }
    }

    [GeneratedRegex(
        """^(\[\[?\s*["'A-Za-z0-9_.\- ]+\s*\]\]?\s*(#.*)?$|["']?[A-Za-z0-9_.\-]+["']?\s*=)""",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex FirstLine();
}
