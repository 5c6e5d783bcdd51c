namespace Fairlead.Server.Services.Dialects;

/// <summary>Where a reader of TOML stands in its text.</summary>
internal sealed class TomlCursor(string text)
{
    private int at;

    public bool IsEnd => at >= text.Length;

    /// <summary>The next character; NUL at the end.</summary>
    public char Peek => PeekAt(0);

    public char PeekAt(int offset) => at + offset < text.Length ? text[at + offset] : '\0';

    public char Next() => IsEnd ? throw Wrong("the file ends too early") : text[at++];

    public bool Take(char expected)
    {
        if (Peek != expected || IsEnd)
            return false;
        at++;
        return true;
    }

    public bool Take(string expected)
    {
        if (!text.AsSpan(at).StartsWith(expected, StringComparison.Ordinal))
            return false;
        at += expected.Length;
        return true;
    }

    public void Expect(char expected)
    {
        SkipSpaces();
        if (!Take(expected))
            throw Wrong($"'{expected}' is expected");
    }

    public string TakeWhile(Func<char, bool> fits)
    {
        var from = at;
        while (!IsEnd && fits(text[at]))
            at++;
        return text[from..at];
    }

    public void SkipSpaces() => TakeWhile(c => c is ' ' or '\t');

    /// <summary>Skips spaces, ends of lines and comments.</summary>
    public void SkipBlank()
    {
        while (true)
        {
            TakeWhile(c => c is ' ' or '\t' or '\r' or '\n' or '\uFEFF');
            if (Peek != '#')
                return;
            TakeWhile(c => c != '\n');
        }
    }

    public void EndOfLine()
    {
        SkipSpaces();
        if (Peek == '#')
            TakeWhile(c => c != '\n');
        Take('\r');
        if (!IsEnd && !Take('\n'))
            throw Wrong("the line is expected to end");
    }

    public FormatException Wrong(string what) =>
        new($"The file is not valid TOML: line {text.AsSpan(0, Math.Min(at, text.Length)).Count('\n') + 1}: {what}");
}
