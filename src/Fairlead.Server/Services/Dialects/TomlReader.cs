using System.Globalization;
using System.Text.RegularExpressions;

namespace Fairlead.Server.Services.Dialects;

/// <summary>Reads the structure of a TOML text; values by <see cref="TomlValues"/>.</summary>
internal sealed partial class TomlReader(string text)
{
    private const int Deepest = 64;
    private readonly TomlCursor at = new(text);

    // Tables that a header or a key opened may not be opened again; those made on the way may, once.
    private readonly HashSet<Dictionary<string, object>> closed = [];

    public Dictionary<string, object> Read()
    {
        var root = new Dictionary<string, object>(StringComparer.Ordinal);
        var table = root;
        while (true)
        {
            at.SkipBlank();
            if (at.IsEnd)
                return root;
            if (at.Take('['))
                table = Header(root);
            else
                Pair(table);
            at.EndOfLine();
        }
    }

    private Dictionary<string, object> Header(Dictionary<string, object> root)
    {
        var isList = at.Take('[');
        var keys = Keys();
        at.Expect(']');
        if (isList)
            at.Expect(']');
        var parent = Walk(root, keys.AsSpan(0, keys.Length - 1), closes: false);
        var last = keys[^1];
        if (isList)
        {
            if (!parent.TryGetValue(last, out var found))
                parent[last] = found = new List<object>();
            if (found is not List<object> list || list.Exists(i => i is not Dictionary<string, object>))
                throw at.Wrong($"{last} is no list of tables");
            var item = New();
            list.Add(item);
            return item;
        }
        if (!parent.TryGetValue(last, out var known))
            parent[last] = known = New();
        if (known is not Dictionary<string, object> table || !closed.Add(table))
            throw at.Wrong($"{last} is defined twice");
        return table;
    }

    private void Pair(Dictionary<string, object> table)
    {
        var keys = Keys();
        at.Expect('=');
        var value = Value(0);
        var into = Walk(table, keys.AsSpan(0, keys.Length - 1), closes: true);
        if (!into.TryAdd(keys[^1], value))
            throw at.Wrong($"{keys[^1]} is defined twice");
    }

    private Dictionary<string, object> Walk(Dictionary<string, object> table, ReadOnlySpan<string> keys, bool closes)
    {
        foreach (var key in keys)
        {
            if (!table.TryGetValue(key, out var next))
                table[key] = next = New();
            // Inside a list of tables, its last one is meant.
            table =
                (next as List<object>)?.LastOrDefault() as Dictionary<string, object>
                ?? next as Dictionary<string, object>
                ?? throw at.Wrong($"{key} is no table");
            if (closes)
                closed.Add(table);
        }
        return table;
    }

    private string[] Keys()
    {
        List<string> keys = [];
        do
        {
            at.SkipSpaces();
            keys.Add(
                at.Peek is '"' or '\'' ? TomlValues.Text(at)
                : at.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') is { Length: > 0 } bare ? bare
                : throw at.Wrong("a key is expected")
            );
            at.SkipSpaces();
        } while (at.Take('.'));
        return keys.Count <= Deepest ? [.. keys] : throw at.Wrong("a key has too many parts");
    }

    private object Value(int depth)
    {
        if (depth > Deepest)
            throw at.Wrong("values are nested too deeply");
        at.SkipSpaces();
        switch (at.Peek)
        {
            case '"' or '\'':
                return TomlValues.Text(at);
            case '[':
                return List(depth);
            case '{':
                return Inline(depth);
            default:
                return Plain();
        }
    }

    private List<object> List(int depth)
    {
        List<object> list = [];
        at.Expect('[');
        while (true)
        {
            at.SkipBlank();
            if (at.Take(']'))
                return list;
            list.Add(Value(depth + 1));
            at.SkipBlank();
            if (!at.Take(','))
            {
                at.Expect(']');
                return list;
            }
        }
    }

    private Dictionary<string, object> Inline(int depth)
    {
        var table = New();
        at.Expect('{');
        at.SkipSpaces();
        if (at.Take('}'))
            return table;
        do
        {
            var keys = Keys();
            at.Expect('=');
            var value = Value(depth + 1);
            if (!Walk(table, keys.AsSpan(0, keys.Length - 1), closes: true).TryAdd(keys[^1], value))
                throw at.Wrong($"{keys[^1]} is defined twice");
            at.SkipSpaces();
        } while (at.Take(','));
        at.Expect('}');
        closed.Add(table);
        return table;
    }

    private object Plain()
    {
        var word = at.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '_' or '.' or ':');
        // A date and a time may have a space between them.
        if (Date().IsMatch(word) && at.Peek == ' ' && char.IsAsciiDigit(at.PeekAt(1)))
        {
            at.SkipSpaces();
            return $"{word} {at.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is ':' or '.' or '+' or '-')}";
        }
        var plain = word.Replace("_", "", StringComparison.Ordinal);
        if (word is "true" or "false")
            return word == "true";
        if (
            Integer().IsMatch(word)
            && long.TryParse(plain, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
        )
            return whole;
        if (Radix().IsMatch(word))
            return OfRadix(plain);
        if (
            Float().IsMatch(word)
            && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        )
            return number;
        if (Date().IsMatch(word) || Time().IsMatch(word) || word.TrimStart('+', '-') is "inf" or "nan")
            return word;
        throw at.Wrong(word.Length == 0 ? "a value is expected" : $"'{word}' is no value");
    }

    private long OfRadix(string digits)
    {
        try
        {
            return Convert.ToInt64(
                digits[2..],
                digits[1] switch
                {
                    'x' => 16,
                    'o' => 8,
                    _ => 2,
                }
            );
        }
        catch (Exception e) when (e is OverflowException or FormatException or ArgumentException)
        {
            throw at.Wrong($"{digits} is too large");
        }
    }

    private static Dictionary<string, object> New() => new(StringComparer.Ordinal);

    [GeneratedRegex(@"^[+-]?(0|[1-9](_?[0-9])*)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Integer();

    [GeneratedRegex(
        @"^0(x[0-9A-Fa-f_]{1,20}|o[0-7_]{1,21}|b[01_]{1,80})$",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Radix();

    [GeneratedRegex(
        @"^[+-]?[0-9](_?[0-9])*(\.[0-9](_?[0-9])*)?([eE][+-]?[0-9]+)?$",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Float();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Date();

    [GeneratedRegex(@"^[0-9]{2}:[0-9]{2}", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Time();
}
