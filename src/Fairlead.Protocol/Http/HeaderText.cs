using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Fairlead.Protocol.Http;

/// <summary>
/// Values of <c>Mcp-Name</c> and <c>Mcp-Param-*</c> headers (spec 2026-07-28 streamable-http "Value Encoding", R17, R18).
/// </summary>
public static class HeaderText
{
    private const string Prefix = "=?base64?";
    private const string Suffix = "?=";
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        string.Concat(Enumerable.Range(0x20, 0x7F - 0x20).Select(c => (char)c)) + "\t"
    );

    /// <summary>The header value of a text: as it is when plain ASCII, else Base64 between the sentinels.</summary>
    public static string Encode(string text)
    {
        var plain =
            text.Length > 0
            && !text.AsSpan().ContainsAnyExcept(Plain)
            && !IsBlank(text[0])
            && !IsBlank(text[^1])
            && !IsSentinel(text);
        return plain ? text : Prefix + Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) + Suffix;
    }

    /// <summary>Decodes a header value.</summary>
    /// <returns>False when it has invalid characters, bad Base64 or Base64 of invalid UTF-8.</returns>
    public static bool TryDecode(string value, out string text)
    {
        text = value;
        if (value.AsSpan().ContainsAnyExcept(Plain))
            return false;
        if (!IsSentinel(value))
            return true;
        var encoded = value.AsSpan(Prefix.Length, value.Length - Prefix.Length - Suffix.Length);
        var bytes = new byte[encoded.Length];
        if (!Base64.IsValid(encoded) || !Convert.TryFromBase64Chars(encoded, bytes, out var length))
            return false;
        var utf8 = bytes.AsSpan(0, length);
        if (!System.Text.Unicode.Utf8.IsValid(utf8))
            return false;
        text = Encoding.UTF8.GetString(utf8);
        return true;
    }

    private static bool IsBlank(char c) => c is ' ' or '\t';

    private static bool IsSentinel(string text) =>
        text.Length >= Prefix.Length + Suffix.Length
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text.EndsWith(Suffix, StringComparison.Ordinal);
}
