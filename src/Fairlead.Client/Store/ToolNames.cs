namespace Fairlead.Client.Store;

/// <summary>
/// Finds the tool somebody means: its published name, then <c>service_tool</c> or the older <c>service.tool</c>, then the
/// only one that contains the text.
/// </summary>
internal static class ToolNames
{
    private const int MostSuggestions = 5;

    /// <param name="wanted">What was asked for.</param>
    /// <param name="published">Names that can be called, with the service and the service's own name of each.</param>
    /// <exception cref="ArgumentException">No tool or several are meant; the message suggests some.</exception>
    public static string Resolve(string wanted, IReadOnlyList<PublishedTool> published)
    {
        if (published.Any(t => t.ToolName == wanted))
            return wanted;
        var owned = published
            .Where(t => $"{t.ServiceName}_{t.UpstreamName}" == wanted || $"{t.ServiceName}.{t.UpstreamName}" == wanted)
            .ToList();
        if (owned.Count == 1)
            return owned[0].ToolName;
        var alike = published
            .Where(t => t.ToolName.Contains(wanted, StringComparison.OrdinalIgnoreCase))
            .Select(t => t.ToolName)
            .Order(StringComparer.Ordinal)
            .ToList();
        if (alike.Count == 1)
            return alike[0];
        if (alike.Count > 0)
            throw new ArgumentException(
                $"Several tools are like {wanted}: {string.Join(", ", alike.Take(MostSuggestions))}.",
                nameof(wanted)
            );
        var near = published
            .Select(t => t.ToolName)
            .OrderBy(name => Distance(name, wanted))
            .ThenBy(name => name, StringComparer.Ordinal)
            .Take(MostSuggestions);
        throw new ArgumentException(
            published.Count == 0
                ? $"There is no tool {wanted}: none is published here."
                : $"There is no tool {wanted}. Near it: {string.Join(", ", near)}.",
            nameof(wanted)
        );
    }

    // Levenshtein, for the order of suggestions only.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                var change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(change, Math.Min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[^1];
    }
}
