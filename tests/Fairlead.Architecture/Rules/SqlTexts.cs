using System.Text.RegularExpressions;

namespace Fairlead.Architecture.Rules;

/// <summary>
/// No SQL is made of data (P-87): what is put into its text is on a list of names that are constants, dates or numbers, and
/// analyzer CA2100 is silenced only where somebody looked. Everything else is a parameter.
/// </summary>
internal static partial class SqlTexts
{
    /// <param name="files">C# files of <c>src</c>.</param>
    /// <param name="harmless">What may be put into SQL, with the reason.</param>
    /// <param name="silenced">Files in which the analyzer may be silenced, with how often.</param>
    public static IReadOnlyList<string> Check(
        IEnumerable<SourceFile> files,
        IReadOnlyDictionary<string, string> harmless,
        IReadOnlyDictionary<string, int> silenced
    )
    {
        var wrong = new List<string>();
        foreach (var file in files)
        {
            foreach (var text in Interpolated().Matches(file.Text).Where(m => Words().IsMatch(m.Value)))
                wrong.AddRange(
                    Hole()
                        .Matches(text.Value)
                        .Select(h => h.Groups["what"].Value)
                        .Where(what => !harmless.ContainsKey(what))
                        .Select(what => $"{file.Path}: {what} is put into SQL")
                );
            wrong.AddRange(
                Joined()
                    .Matches(file.Text)
                    .Where(m =>
                        Words().IsMatch(m.Groups["text"].Value) && !harmless.ContainsKey(m.Groups["what"].Value)
                    )
                    .Select(m => $"{file.Path}: {m.Groups["what"].Value} is added to SQL")
            );
            var found = Silence().Count(file.Text);
            if (found > silenced.GetValueOrDefault(file.Path))
                wrong.Add($"{file.Path}: the analyzer of SQL is silenced {found} times");
        }
        return wrong;
    }

    // Upper case, as all SQL of the tree is written.
    [GeneratedRegex(
        @"\b(SELECT\s|INSERT INTO|UPDATE\s|DELETE FROM|DROP (TABLE|INDEX|COLUMN)|(CREATE|ALTER) (TABLE|INDEX)|WHERE\s|COPY\s|ORDER BY|VALUES\s*\()",
        RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    )]
    private static partial Regex Words();

    [GeneratedRegex(
        "\\$+\"\"\".*?\"\"\"|\\$@?\"(?!\"\")(\\\\.|[^\"\\\\\n])*\"",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture,
        10_000
    )]
    private static partial Regex Interpolated();

    [GeneratedRegex(@"(?<!\{)\{(?<what>[^{}:]+)(:[^{}]*)?\}", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Hole();

    [GeneratedRegex("\"(?<text>[^\"\n]*)\"\\s*\\+\\s*(?<what>[A-Za-z_][\\w.]*)", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Joined();

    [GeneratedRegex(
        @"#pragma warning disable[^\n]*\b(CA2100|EF100[23])\b|SuppressMessage[^\n]*(CA2100|EF100[23])",
        RegexOptions.ExplicitCapture,
        10_000
    )]
    private static partial Regex Silence();
}
