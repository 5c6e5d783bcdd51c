using System.Text;

namespace Fairlead.Server.Tools.Schemas;

/// <summary>How a keyword holds schemas.</summary>
internal enum SchemaHolder
{
    None,
    One,
    List,
    Map,
}

/// <summary>What the words of JSON Schema 2020-12 hold, and its patterns in .NET's dialect.</summary>
internal static class SchemaKeywords
{
    public static SchemaHolder Holds(string keyword) =>
        keyword switch
        {
            "not"
            or "if"
            or "then"
            or "else"
            or "items"
            or "contains"
            or "unevaluatedItems"
            or "additionalProperties"
            or "propertyNames"
            or "unevaluatedProperties"
            or "contentSchema" => SchemaHolder.One,
            "allOf" or "anyOf" or "oneOf" or "prefixItems" => SchemaHolder.List,
            "properties" or "patternProperties" or "dependentSchemas" or "$defs" or "definitions" => SchemaHolder.Map,
            _ => SchemaHolder.None,
        };

    /// <summary>
    /// A pattern of ECMA-262 in .NET's words: digits, word characters and the end of the text mean less there, and long
    /// names of Unicode categories are not known here.
    /// </summary>
    public static string Translate(string pattern)
    {
        var text = new StringBuilder(pattern.Length + 8);
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                var next = pattern[++i];
                if (next is 'p' or 'P' && i + 1 < pattern.Length && pattern[i + 1] == '{')
                {
                    var end = pattern.IndexOf('}', i);
                    if (end > 0)
                    {
                        text.Append('\\').Append(next).Append('{').Append(Category(pattern[(i + 2)..end])).Append('}');
                        i = end;
                        continue;
                    }
                }
                text.Append(
                    (next, inClass) switch
                    {
                        ('d', true) => "0-9",
                        ('d', false) => "[0-9]",
                        ('D', false) => "[^0-9]",
                        ('w', true) => "a-zA-Z0-9_",
                        ('w', false) => "[a-zA-Z0-9_]",
                        ('W', false) => "[^a-zA-Z0-9_]",
                        _ => $"\\{next}",
                    }
                );
                continue;
            }
            inClass = inClass ? c != ']' : c == '[';
            if (c == '$' && !inClass)
                text.Append("\\z");
            else
                text.Append(c);
        }
        return text.ToString();
    }

    private static string Category(string name) =>
        name switch
        {
            "Letter" => "L",
            "Lowercase_Letter" => "Ll",
            "Uppercase_Letter" => "Lu",
            "Number" => "N",
            "Decimal_Number" or "digit" => "Nd",
            "Punctuation" => "P",
            "Symbol" => "S",
            "Mark" => "M",
            "Separator" => "Z",
            _ => name,
        };
}
