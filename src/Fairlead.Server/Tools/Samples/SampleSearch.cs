using Fairlead.Server.Storage;

namespace Fairlead.Server.Tools.Samples;

/// <summary>Finds projects by words; what several of the samples search with.</summary>
internal sealed class SampleSearch(SampleDb db)
{
    /// <summary>The projects that have most of the words, best first. Without a word in common there is none.</summary>
    public async Task<IReadOnlyList<ProjectInfo>> FindAsync(
        string query,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var words = query
            .Split(
                [' ', ',', '.', ';', '?', '!'],
                StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
            )
            .Where(static w => w.Length > 2)
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .ToList();
        var all = await ProjectSamples.AllAsync(db, cancellationToken);
        return
        [
            .. all.Select(p => (Project: p, Score: words.Sum(w => Score(p, w))))
                .Where(static hit => hit.Score > 0)
                .OrderByDescending(static hit => hit.Score)
                .Take(limit)
                .Select(static hit => ProjectSamples.Info(hit.Project)),
        ];
    }

    private static int Score(SampleProjectRow project, string word) =>
        (Has(project.Name, word) ? 3 : 0)
        + (Has(project.Category, word) ? 2 : 0)
        + (Has(project.Description, word) ? 1 : 0);

    private static bool Has(string text, string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
}
