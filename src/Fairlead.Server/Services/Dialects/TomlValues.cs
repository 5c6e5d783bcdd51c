using System.Globalization;
using System.Text;

namespace Fairlead.Server.Services.Dialects;

/// <summary>The four kinds of TOML strings.</summary>
internal static class TomlValues
{
    public static string Text(TomlCursor at)
    {
        if (at.Take("\"\"\""))
            return Long(at, "\"\"\"", escapes: true);
        if (at.Take("'''"))
            return Long(at, "'''", escapes: false);
        var isLiteral = at.Next() == '\'';
        var text = new StringBuilder();
        while (true)
        {
            var c = at.Next();
            if (c == (isLiteral ? '\'' : '"'))
                return text.ToString();
            if (c is '\n' or '\r')
                throw at.Wrong("a string is not closed");
            if (c == '\\' && !isLiteral)
                Escape(at, text);
            else
                text.Append(c);
        }
    }

    private static string Long(TomlCursor at, string end, bool escapes)
    {
        // A line break right after the opening does not count.
        at.Take('\r');
        at.Take('\n');
        var text = new StringBuilder();
        while (!at.Take(end))
        {
            var c = at.Next();
            if (c != '\\' || !escapes)
                text.Append(c);
            else if (at.Peek is '\n' or '\r' or ' ' or '\t')
                at.TakeWhile(char.IsWhiteSpace);
            else
                Escape(at, text);
        }
        // Up to two quotes may stand before the closing three.
        while (at.Take(end[0]))
            text.Append(end[0]);
        return text.ToString();
    }

    private static void Escape(TomlCursor at, StringBuilder text)
    {
        var c = at.Next();
        switch (c)
        {
            case 'u' or 'U':
                var digits = c == 'u' ? 4 : 8;
                var hex = string.Concat(Enumerable.Range(0, digits).Select(_ => at.Next()));
                if (
                    !int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                    || !Rune.IsValid(code)
                )
                    throw at.Wrong($"\\{c}{hex} is no character");
                text.Append(new Rune(code));
                break;
            default:
                text.Append(
                    c switch
                    {
                        'b' => '\b',
                        't' => '\t',
                        'n' => '\n',
                        'f' => '\f',
                        'r' => '\r',
                        '"' => '"',
                        '\\' => '\\',
                        _ => throw at.Wrong($"\\{c} is no escape"),
                    }
                );
                break;
        }
    }
}
