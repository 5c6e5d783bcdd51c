using System.Buffers;
using System.Text;

namespace Fairlead.Protocol;

/// <summary>Looks into one JSON object without a document; for bytes that were checked before.</summary>
public static class JsonScan
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("{}[]\""u8);
    private static readonly SearchValues<byte> AfterLiteral = SearchValues.Create(",]} \n\r\t"u8);

    /// <summary>Finds a member of the object.</summary>
    /// <param name="json">One JSON object.</param>
    /// <param name="key">The member's name.</param>
    /// <returns>The value's place (strings with their quotes), or <c>default</c> when it is not there or no object was given.</returns>
    public static Slice Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        // Hops from quote to quote and brace to brace, vectorised: checked text needs no grammar.
        var at = Space(json, 0);
        if (at == json.Length || json[at] != (byte)'{')
            return default;
        at = Space(json, at + 1);
        while (json[at] == (byte)'"')
        {
            var end = EndOfString(json, at);
            var hit = IsKey(json[at..end], key);
            var start = Space(json, Space(json, end) + 1);
            end = EndOfValue(json, start);
            if (hit)
                return new Slice(start, end - start);
            at = Space(json, end);
            if (json[at] == (byte)',')
                at = Space(json, at + 1);
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

    private static bool IsKey(ReadOnlySpan<byte> quoted, ReadOnlySpan<byte> key)
    {
        var raw = quoted[1..^1];
        return raw.IndexOf((byte)'\\') < 0
            ? raw.SequenceEqual(key)
            : JsonText.Unquote(quoted) == Encoding.UTF8.GetString(key);
    }

    private static int Space(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && json[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            at++;
        return at;
    }

    private static int EndOfString(ReadOnlySpan<byte> json, int quote)
    {
        for (var at = quote + 1; ; at += 2)
        {
            at += json[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (json[at] == (byte)'"')
                return at + 1;
        }
    }

    private static int EndOfValue(ReadOnlySpan<byte> json, int start)
    {
        if (json[start] == (byte)'"')
            return EndOfString(json, start);
        if (json[start] is not ((byte)'{' or (byte)'['))
        {
            var length = json[start..].IndexOfAny(AfterLiteral);
            return length < 0 ? json.Length : start + length;
        }
        var depth = 1;
        for (var at = start + 1; ; )
        {
            at += json[at..].IndexOfAny(Structure);
            if (json[at] == (byte)'"')
            {
                at = EndOfString(json, at);
                continue;
            }
            depth += json[at] is (byte)'{' or (byte)'[' ? 1 : -1;
            at++;
            if (depth == 0)
                return at;
        }
    }
}
