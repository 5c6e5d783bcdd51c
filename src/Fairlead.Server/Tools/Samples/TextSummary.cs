using System.Text.RegularExpressions;

namespace Fairlead.Server.Tools.Samples;

/// <summary>Shortens a text to the sentences whose words come most often in it, in their order.</summary>
internal static partial class TextSummary
{
    private const int Sentences = 3;

    public static string Of(string text)
    {
        var all = Sentence().Matches(text).Select(static m => m.Value.Trim()).Where(static s => s.Length > 0).ToList();
        if (all.Count <= Sentences)
            return string.Join(" ", all);
        var often = Words(text).CountBy(static w => w, StringComparer.OrdinalIgnoreCase);
        var weight = often.ToDictionary(static w => w.Key, static w => w.Value, StringComparer.OrdinalIgnoreCase);
        return string.Join(
            " ",
            all.Select((s, i) => (Text: s, At: i, Score: Score(s, weight)))
                .OrderByDescending(static s => s.Score)
                .ThenBy(static s => s.At)
                .Take(Sentences)
                .OrderBy(static s => s.At)
                .Select(static s => s.Text)
        );
    }

    /// <summary>Words; signs of scripts without spaces count each.</summary>
    public static int WordCount(string text) => Words(text).Count();

    // The mean, so that a sentence does not win by its length.
    private static double Score(string sentence, Dictionary<string, int> weight) =>
        Words(sentence)
            .Where(static w => w.Length > 3 || w[0] > 0x2e80)
            .Select(w => weight[w])
            .DefaultIfEmpty()
            .Average();

    private static IEnumerable<string> Words(string text) => Word().Matches(text).Select(static m => m.Value);

    [GeneratedRegex(@"[^.!?。！？\n]+[.!?。！？]?", RegexOptions.NonBacktracking)]
    private static partial Regex Sentence();

    [GeneratedRegex(@"[⺀-鿿]|[\p{L}\p{Nd}'’-]+", RegexOptions.NonBacktracking)]
    private static partial Regex Word();
}
