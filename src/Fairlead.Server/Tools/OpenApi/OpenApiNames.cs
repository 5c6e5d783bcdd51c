using System.Text;

namespace Fairlead.Server.Tools.OpenApi;

/// <summary>Names that tools and arguments may have, made of those in a document.</summary>
internal static class OpenApiNames
{
    private const int Longest = 64;
    private const int Head = 24;
    private static readonly char[] Between = ['_', '-', '.'];

    /// <summary>Letters, digits, <c>_ - .</c> as they are; runs of anything else become one <c>_</c>.</summary>
    public static string Plain(string name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
                plain.Append(c);
            else if (plain is not [.., '_'])
                plain.Append('_');
        }
        var text = plain.ToString().Trim('_');
        return text.Length == 0 ? "_" : text;
    }

    /// <summary>The name of an operation's tool: its <c>operationId</c>, else method and path.</summary>
    public static string OfOperation(string? operationId, string method, string path)
    {
        var name = Plain(operationId is { Length: > 0 } id ? id : $"{method.ToLowerInvariant()}_{path}");
        return name.Length <= Longest ? name : Shortened(name);
    }

    // What tells operations apart is at the end of a path, what they are about at its beginning: both stay, cut at words.
    private static string Shortened(string name)
    {
        var (head, tail) = (name[..Head], name[^(Longest - Head - 1)..]);
        var end = head.LastIndexOfAny(Between);
        var begin = tail.IndexOfAny(Between);
        return $"{(end > Head / 2 ? head[..end] : head)}_{(begin >= 0 && begin < tail.Length / 2 ? tail[(begin + 1)..] : tail)}".Trim(
            '_'
        );
    }

    /// <summary>A name nobody has yet: with a number where it is taken.</summary>
    public static string Free(string name, ICollection<string> taken)
    {
        var free = name;
        for (var n = 2; taken.Contains(free); n++)
            free = $"{name[..Math.Min(name.Length, Longest - 4)]}_{n}";
        taken.Add(free);
        return free;
    }
}
