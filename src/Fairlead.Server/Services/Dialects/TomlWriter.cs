using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fairlead.Server.Services.Dialects;

/// <summary>A JSON object of tables as TOML: two levels of headers, what is deeper inline.</summary>
internal static class TomlWriter
{
    public static string Write(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var toml = new StringBuilder();
        foreach (var root in document.RootElement.EnumerateObject())
        foreach (var table in root.Value.EnumerateObject())
        {
            if (toml.Length > 0)
                toml.Append('\n');
            toml.Append(CultureInfo.InvariantCulture, $"[{Key(root.Name)}.{Key(table.Name)}]\n");
            foreach (var member in table.Value.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null))
                toml.Append(CultureInfo.InvariantCulture, $"{Key(member.Name)} = {Value(member.Value)}\n");
        }
        return toml.ToString();
    }

    private static string Value(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object =>
                $"{{ {string.Join(", ", value.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null).Select(m => $"{Key(m.Name)} = {Value(m.Value)}"))} }}",
            JsonValueKind.Array => $"[{string.Join(", ", value.EnumerateArray().Select(Value))}]",
            JsonValueKind.String => Quoted(value.GetString()!),
            _ => value.GetRawText(),
        };

    private static string Key(string key) =>
        key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? key : Quoted(key);

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (c < ' ' || c == '\u007F')
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else
                quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }
}
