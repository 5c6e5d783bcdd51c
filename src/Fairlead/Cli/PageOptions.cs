using System.CommandLine;

namespace Fairlead.Cli;

/// <summary>A part of a long list: <c>--page</c> and <c>--page-size</c>; without them all of it.</summary>
internal sealed class PageOptions
{
    private const int UsualSize = 50;
    private const int LargestSize = 1000;

    private readonly Option<int?> page = NumberOption.Create("--page", "Only this page, from 1", "N", 1, int.MaxValue);

    private readonly Option<int?> size = NumberOption.Create(
        "--page-size",
        $"Rows of a page, 1 to {LargestSize}; alone it is the first page [{UsualSize}]",
        "N",
        1,
        LargestSize
    );

    public IReadOnlyList<Option> All => [page, size];

    /// <summary>The rows that are wanted.</summary>
    public async Task<IReadOnlyList<T>> TakeAsync<T>(
        ParseResult parsed,
        IAsyncEnumerable<T> rows,
        CancellationToken cancellationToken
    )
    {
        if (parsed.GetValue(page) is not null || parsed.GetValue(size) is not null)
        {
            var most = parsed.GetValue(size) ?? UsualSize;
            rows = rows.Skip(((parsed.GetValue(page) ?? 1) - 1) * most).Take(most);
        }
        return await rows.ToListAsync(cancellationToken);
    }
}
