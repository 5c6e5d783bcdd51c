namespace Fairlead.Server.Gateway.Finding;

/// <summary>
/// Finds tools by words in their names, titles and descriptions. A word says the more the fewer tools have it; in a name
/// it counts more than in a description, whole more than as a beginning.
/// </summary>
internal sealed class ToolIndex
{
    private const double InName = 3;
    private const double InTitle = 2;
    private const double InDescription = 1;

    // A word that only begins like another, in either direction, for those long enough to mean something.
    private const double Begins = 0.5;
    private const int ShortestBeginning = 3;
    private const int ShortestStem = 4;
    private const int MostWords = 64;

    private readonly Dictionary<string, List<(int Tool, double Weight)>> found = [];
    private readonly string[] names;

    /// <summary>Reads the tools once.</summary>
    /// <param name="tools">Name, title and description of each.</param>
    public ToolIndex(IReadOnlyList<(string Name, string Title, string Description)> tools)
    {
        names = [.. tools.Select(static t => t.Name)];
        for (var i = 0; i < tools.Count; i++)
        {
            var weights = new Dictionary<string, double>();
            Note(weights, tools[i].Description, InDescription);
            Note(weights, tools[i].Title, InTitle);
            Note(weights, tools[i].Name, InName);
            foreach (var (word, weight) in weights)
            {
                if (!found.TryGetValue(word, out var places))
                    found[word] = places = [];
                places.Add((i, weight));
            }
        }
    }

    /// <summary>Places of the tools that fit, best first; all, in their own order, where nothing is asked.</summary>
    public IReadOnlyList<int> Find(string query)
    {
        var wanted = SearchWords.OfQuery(query).Take(MostWords).ToList();
        if (string.IsNullOrWhiteSpace(query))
            return [.. Enumerable.Range(0, names.Length)];
        var scores = new double[names.Length];
        var hits = new int[names.Length];
        foreach (var word in wanted)
        {
            foreach (var (tool, score) in Scores(word))
            {
                scores[tool] += score;
                hits[tool]++;
            }
        }
        var exact = query.Trim();
        return
        [
            .. Enumerable
                .Range(0, names.Length)
                .Where(i => hits[i] > 0 || names[i].Equals(exact, StringComparison.OrdinalIgnoreCase))
                .OrderByDescending(i => names[i].Equals(exact, StringComparison.OrdinalIgnoreCase))
                // One that has all words is better than one that has one of them often.
                .ThenByDescending(i => scores[i] * (wanted.Count + hits[i]))
                .ThenBy(static i => i),
        ];
    }

    // The best that each tool has for a word.
    private Dictionary<int, double> Scores(string word)
    {
        var best = new Dictionary<int, double>();
        if (found.TryGetValue(word, out var whole))
            Take(best, whole, 1);
        if (word.Length < ShortestBeginning)
            return best;
        foreach (var (other, places) in found)
        {
            if (
                other.Length != word.Length
                && (
                    other.StartsWith(word, StringComparison.Ordinal)
                    || (other.Length >= ShortestStem && word.StartsWith(other, StringComparison.Ordinal))
                )
            )
                Take(best, places, Begins);
        }
        return best;
    }

    private void Take(Dictionary<int, double> best, List<(int Tool, double Weight)> places, double part)
    {
        var rarity = Math.Log(1 + ((names.Length - places.Count + 0.5) / (places.Count + 0.5)));
        foreach (var (tool, weight) in places)
        {
            var score = weight * rarity * part;
            if (!best.TryGetValue(tool, out var known) || known < score)
                best[tool] = score;
        }
    }

    private static void Note(Dictionary<string, double> weights, string text, double weight)
    {
        foreach (var word in SearchWords.OfText(text))
            weights[word] = Math.Max(weight, weights.GetValueOrDefault(word));
    }
}
