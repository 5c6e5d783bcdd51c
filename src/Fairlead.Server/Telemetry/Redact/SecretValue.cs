using System.Buffers;

namespace Fairlead.Server.Telemetry.Redact;

/// <summary>
/// The value that follows a key in text: <c>key=value</c>, <c>key: value</c>, <c>"key": "value"</c>, and the same with
/// quotes escaped any number of times, as in JSON carried in a string of JSON.
/// </summary>
internal readonly ref struct SecretValue
{
    private static readonly SearchValues<byte> AssignedEnds = SearchValues.Create("\r\n&\"'<"u8);
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private readonly bool isAssigned;
    private readonly Quote quote;

    private SecretValue(int from, bool isAssigned, Quote quote)
    {
        From = from;
        this.isAssigned = isAssigned;
        this.quote = quote;
    }

    /// <summary>Where the value begins, after its quote.</summary>
    public int From { get; }

    /// <summary>Whether a value follows the key that ends at <paramref name="at"/>.</summary>
    public static bool TryBegin(ReadOnlySpan<byte> text, int at, out SecretValue value)
    {
        value = default;
        at += Quote.At(text, at).Length;
        at = SkipSpaces(text, at);
        if (at >= text.Length || text[at] is not ((byte)':' or (byte)'='))
            return false;
        var equals = text[at] == '=';
        at = SkipSpaces(text, at + 1);
        var opening = Quote.At(text, at);
        at += opening.Length;
        value = new SecretValue(at, equals, opening);
        return at < text.Length;
    }

    /// <summary>Where it ends; without quotes rather too late than too early, for secrets hold all characters.</summary>
    public int End(ReadOnlySpan<byte> text)
    {
        if (quote.Length > 0)
            return quote.Next(text, From);
        var n = text[From..].IndexOfAny(isAssigned ? AssignedEnds : LineEnds);
        return n < 0 ? text.Length : From + n;
    }

    private static int SkipSpaces(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t')
            at++;
        return at;
    }

    /// <summary>A quotation mark behind some backslashes, as itself or as <c>u0022</c>.</summary>
    private readonly ref struct Quote
    {
        private readonly int slashes;
        private readonly ReadOnlySpan<byte> mark;

        private Quote(int slashes, ReadOnlySpan<byte> mark)
        {
            this.slashes = slashes;
            this.mark = mark;
        }

        public int Length => mark.IsEmpty ? 0 : slashes + mark.Length;

        public static Quote At(ReadOnlySpan<byte> text, int at)
        {
            var rest = text[at..];
            var n = rest.IndexOfAnyExcept((byte)'\\');
            if (n < 0)
                return default;
            rest = rest[n..];
            return rest[0] is (byte)'"' or (byte)'\'' ? new Quote(n, rest[..1])
                : n > 0 && rest.StartsWith("u0022"u8) ? new Quote(n, rest[..5])
                : default;
        }

        // Each round of escaping doubles the backslashes and adds one to a plain mark. So the mark that closes has as
        // many as the one that opened, plus whole escaped backslashes of the value; a mark inside the value has more.
        public int Next(ReadOnlySpan<byte> text, int from)
        {
            var step = mark.Length == 1 ? 2 * (slashes + 1) : 2 * slashes;
            var seen = 0;
            for (var i = from; i < text.Length; i++)
            {
                if (text[i] == '\\')
                {
                    seen++;
                    continue;
                }
                if (text[i] == mark[0] && seen % step == slashes && text[i..].StartsWith(mark))
                    return i - slashes;
                seen = 0;
            }
            return text.Length;
        }
    }
}
