using System.CommandLine;

namespace Fairlead.Cli;

/// <summary>A part of a long list: <c>--page</c> and <c>--page-size</c>; without them all of it.</summary>
internal sealed class PageOptions
{
    private const int UsualSize = 50;

    private readonly Option<int?> page = new("--page") { Description = "Only this page, from 1", HelpName = "N" };

    private readonly Option<int?> size = new("--page-size")
    {
        Description = $"Rows of a page, 1 to 1000; alone it is the first page [{UsualSize}]",
        HelpName = "N",
    };

    public PageOptions()
    {
        page.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1)
                result.AddError("--page begins with 1.");
        });
        size.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > 1000)
                result.AddError("--page-size is 1 to 1000.");
        });
    }

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
