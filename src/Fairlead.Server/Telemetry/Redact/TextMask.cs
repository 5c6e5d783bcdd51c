using System.Buffers;
using System.Text;
using Fairlead.Toolkit.Protection;

namespace Fairlead.Server.Telemetry.Redact;

/// <summary>
/// Masks what looks like a secret or like somebody's data in free text, in one pass whose time grows with the text and
/// nothing else. It would rather mask too much: what is masked by mistake can be asked for again.
/// </summary>
internal ref struct TextMask(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> output)
{
    private const int ShortestDigits = 11;
    private const int ShortestForeignDigits = 8;
    private const int ShortestJwt = 16;

    private static readonly SearchValues<byte> WordBytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"u8
    );
    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~+/="u8
    );

    private static readonly SearchValues<byte> VersionBytes = SearchValues.Create("0123456789."u8);

    private static readonly SearchValues<byte> BearerEnds = SearchValues.Create(" \r\n\"',<"u8);

    private readonly ReadOnlySpan<byte> text = text;
    private readonly ArrayBufferWriter<byte> output = output;
    private int copied;
    private int wordEnd;

    /// <summary>Appends <paramref name="text"/> (UTF-8) to <paramref name="output"/> with secrets masked.</summary>
    public static void Apply(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> output) =>
        new TextMask(text, output).Run();

    /// <summary>The text with secrets masked; NUL and lone surrogates, which stores refuse, are replaced.</summary>
    public static string? Apply(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return text;
        var masked = new ArrayBufferWriter<byte>(text.Length + 16);
        Apply(Encoding.UTF8.GetBytes(text), masked);
        return Encoding.UTF8.GetString(masked.WrittenSpan).Replace('\0', '\uFFFD');
    }

    private void Run()
    {
        var i = 0;
        while (i < text.Length)
        {
            var c = text[i];
            i =
                char.IsAsciiLetter((char)c) ? Word(i)
                : char.IsAsciiDigit((char)c) ? Digits(i)
                : c == '+' ? Foreign(i)
                : c == '@' ? At(i)
                : i + 1;
        }
        output.Write(text[copied..]);
    }

    private void Replace(int from, int to, ReadOnlySpan<byte> by)
    {
        output.Write(text[copied..from]);
        output.Write(by);
        copied = to;
    }

    private readonly int RunOf(SearchValues<byte> bytes, int from)
    {
        var n = text[from..].IndexOfAnyExcept(bytes);
        return n < 0 ? text.Length : from + n;
    }

    private int Word(int start)
    {
        // The rest of a word whose beginning was looked at: only digits are of interest. Reading it as a word again
        // from every digit on would take time of the square of its length.
        if (start < wordEnd)
            return NextDigit(start);
        wordEnd = RunOf(WordBytes, start);
        // In JSON carried in a string the letters after a backslash belong to the escape: "\\nBearer", "\\u0022Bearer".
        if (start > 0 && text[start - 1] == '\\')
            start = Math.Min(wordEnd, start + (text[start] == 'u' ? 5 : 1));
        var end = wordEnd;
        var word = text[start..end];
        if (word.StartsWith("eyJ"u8))
        {
            var jwt = RunOf(TokenBytes, start);
            if (jwt - start >= ShortestJwt && text[start..jwt].Contains((byte)'.'))
                return Hide(start, jwt);
        }
        var (known, length) = SecretWords.PrefixIn(word);
        if (length > 0 && known + length < word.Length)
            return Hide(start + known + length, RunOf(TokenBytes, end - 1));
        if (word.Length == 6 && Ascii.EqualsIgnoreCase(word, "bearer"u8) && end < text.Length && text[end] == ' ')
        {
            var token = SkipSpaces(end);
            var n = text[token..].IndexOfAny(BearerEnds);
            return Hide(token, n < 0 ? text.Length : token + n);
        }
        if (SecretValue.TryBegin(text, end, out var value) && SecretWords.IsSecretKey(word))
            return Hide(value.From, value.End(text));
        return NextDigit(start);
    }

    // Digits inside a word are looked at on their own: "tel13812348888".
    private readonly int NextDigit(int from)
    {
        var digit = text[from..wordEnd].IndexOfAnyInRange((byte)'0', (byte)'9');
        return digit < 0 ? wordEnd : from + digit;
    }

    private int Hide(int from, int to)
    {
        if (to > from)
            Replace(from, to, "****"u8);
        return to;
    }

    private readonly int SkipSpaces(int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t')
            at++;
        return at;
    }

    private int Digits(int start)
    {
        var n = text[start..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        var end = n < 0 ? text.Length : start + n;
        // Identity cards may end in X.
        if (end - start == 17 && end < text.Length && text[end] is (byte)'X' or (byte)'x')
            end++;
        if (end - start >= ShortestDigits)
            Replace(
                start,
                end,
                Encoding.ASCII.GetBytes(PersonalData.Digits(Encoding.ASCII.GetString(text[start..end])))
            );
        return end;
    }

    // +49 (30) 1234-5678: a plus, then digits with single separators between.
    private int Foreign(int plus)
    {
        Span<char> digits = stackalloc char[20];
        var n = 0;
        var end = plus + 1;
        for (var i = end; i < text.Length && n < digits.Length && i - end <= 2; i++)
        {
            if (!char.IsAsciiDigit((char)text[i]))
            {
                if (text[i] is (byte)' ' or (byte)'-' or (byte)'.' or (byte)'(' or (byte)')')
                    continue;
                break;
            }
            digits[n++] = (char)text[i];
            end = i + 1;
        }
        if (n < ShortestForeignDigits)
            return plus + 1;
        Replace(plus + 1, end, Encoding.ASCII.GetBytes(PersonalData.Phone(new string(digits[..n]))));
        return end;
    }

    private int At(int at)
    {
        var start = at;
        while (start > copied && IsLocal(text[start - 1]))
            start--;
        var user = start;
        while (user > copied && (IsLocal(text[user - 1]) || text[user - 1] is (byte)':' or (byte)'!' or (byte)'$'))
            user--;
        if (user >= 3 && text[(user - 2)..user].SequenceEqual("//"u8) && text[user - 3] == ':')
        {
            Hide(user, at);
            return at + 1;
        }
        if (
            start < at
            && at + 1 < text.Length
            && (char.IsAsciiLetterOrDigit((char)text[at + 1]) || text[at + 1] > 127)
            && !IsVersion(at + 1)
        )
            Replace(start, at, Local(text[start..at]));
        return at + 1;
    }

    // A package with its version, "memory@2026.8.31" or "memory@latest", is nobody's address; alice@10.0.0.1 and
    // me@163.com are.
    private readonly bool IsVersion(int from)
    {
        var word = RunOf(WordBytes, from);
        if (text[from..word].SequenceEqual("latest"u8))
            return word == text.Length || text[word] != '.';
        var end = RunOf(VersionBytes, from);
        var dots = text[from..end].Count((byte)'.');
        if (end == from || dots == 3)
            return false;
        return end == text.Length
            || (!char.IsAsciiLetter((char)text[end]) && text[end] <= 127 && (text[end] != '-' || dots > 0));
    }

    private static bool IsLocal(byte c) =>
        char.IsAsciiLetterOrDigit((char)c)
        || c > 127
        || c is (byte)'.' or (byte)'_' or (byte)'%' or (byte)'+' or (byte)'-';

    private static byte[] Local(ReadOnlySpan<byte> local) =>
        Encoding.UTF8.GetBytes(PersonalData.Email(Encoding.UTF8.GetString(local) + "@")[..^1]);
}
