using System.Text;

namespace Fairlead.Server.Gateway.Finding;

/// <summary>
/// The words of a text as search knows them: lower case, camelCase and snake_case taken apart, plurals as their singular.
/// Scripts that put no spaces between words (Chinese, Japanese, Korean) give their signs one by one and in pairs.
/// </summary>
internal static class SearchWords
{
    private const int LongestWord = 64;

    /// <summary>All words of what is searched.</summary>
    public static HashSet<string> OfText(string text)
    {
        var words = new HashSet<string>();
        foreach (var (run, isDense) in Runs(text))
        {
            if (!isDense)
            {
                Parts(run, words);
                continue;
            }
            var signs = Signs(run);
            words.UnionWith(signs);
            words.UnionWith(Pairs(signs));
        }
        return words;
    }

    /// <summary>The words that are looked for: of dense scripts pairs only, as single signs are everywhere.</summary>
    public static HashSet<string> OfQuery(string text)
    {
        var words = new HashSet<string>();
        foreach (var (run, isDense) in Runs(text))
        {
            if (!isDense)
            {
                Parts(run, words);
                continue;
            }
            var signs = Signs(run);
            words.UnionWith(signs.Count == 1 ? signs : Pairs(signs));
        }
        return words;
    }

    private static IEnumerable<(string Run, bool IsDense)> Runs(string text)
    {
        var run = new StringBuilder();
        var dense = false;
        foreach (var c in text)
        {
            var sign = Narrow(c);
            var isDense = IsDense(sign);
            if (run.Length > 0 && (isDense != dense || !(isDense || char.IsLetterOrDigit(sign))))
            {
                yield return (run.ToString(), dense);
                run.Clear();
            }
            dense = isDense;
            if (isDense || char.IsLetterOrDigit(sign))
                run.Append(sign);
        }
        if (run.Length > 0)
            yield return (run.ToString(), dense);
    }

    // Full-width letters and digits of Chinese and Japanese texts are the plain ones.
    private static char Narrow(char c) => c is >= '\uFF01' and <= '\uFF5E' ? (char)(c - 0xFEE0) : c;

    // Han, kana, hangul; surrogates are rare Han here, or signs that match only themselves.
    private static bool IsDense(char c) =>
        c
            is (>= '\u3040' and <= '\u30FF')
                or (>= '\u3400' and <= '\u9FFF')
                or (>= '\uAC00' and <= '\uD7A3')
                or (>= '\uF900' and <= '\uFAFF')
        || char.IsSurrogate(c);

    // Signs of two UTF-16 units stay together.
    private static List<string> Signs(string run) => [.. run.EnumerateRunes().Select(static r => r.ToString())];

    private static IEnumerable<string> Pairs(List<string> signs) =>
        signs.Zip(signs.Skip(1), static (one, next) => one + next);

    private static void Parts(string run, HashSet<string> words)
    {
        Add(run, words);
        var start = 0;
        for (var i = 1; i < run.Length; i++)
        {
            var begins =
                (char.IsUpper(run[i]) && !char.IsUpper(run[i - 1]))
                || (char.IsDigit(run[i]) != char.IsDigit(run[i - 1]))
                // The last capital of several begins the next word: HTTPServer.
                || (i + 1 < run.Length && char.IsUpper(run[i]) && char.IsLower(run[i + 1]));
            if (!begins)
                continue;
            Add(run[start..i], words);
            start = i;
        }
        if (start > 0)
            Add(run[start..], words);
    }

    private static void Add(string word, HashSet<string> words)
    {
        var lower = word.ToLowerInvariant();
        if (lower.Length <= LongestWord)
            words.Add(Singular(lower));
    }

    private static string Singular(string word) =>
        word.Length <= 3 || word[^1] != 's' || word[^2] is 's' or 'u' or 'i' ? word
        : word.EndsWith("ies", StringComparison.Ordinal) && word.Length > 4 ? word[..^3] + "y"
        : word[..^1];
}
