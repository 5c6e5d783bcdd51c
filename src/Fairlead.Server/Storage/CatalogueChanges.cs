using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage;

/// <summary>What a reading of a service's lists found: names with their kinds before them, as in <c>tool/read</c>.</summary>
/// <param name="Added">Not listed before.</param>
/// <param name="Changed">Listed with another definition.</param>
/// <param name="Removed">Not listed any more.</param>
internal sealed record CatalogueChange(
    IReadOnlyList<string> Added,
    IReadOnlyList<string> Changed,
    IReadOnlyList<string> Removed
)
{
    /// <summary>Names kept of each sort; a last one says how many more there were.</summary>
    public const int MostNames = 50;

    /// <summary>Changes kept of each service.</summary>
    public const int MostOfOne = 100;

    public bool IsEmpty => Added.Count + Changed.Count + Removed.Count == 0;

    /// <summary>Notes it as a part of a larger change; the oldest beyond <see cref="MostOfOne"/> go.</summary>
    public async Task NoteAsync(
        FairleadDb db,
        ServiceId service,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        if (IsEmpty)
            return;
        db.CatalogueChanges.Add(
            new CatalogueChangeRow
            {
                Id = NewId.At(time),
                ServiceId = service.Value,
                At = time.GetUtcNow(),
                What = StoreJson.Write(new CatalogueChange(Cut(Added), Cut(Changed), Cut(Removed))),
            }
        );
        db.CatalogueChanges.RemoveRange(
            await db
                .CatalogueChanges.Where(row => row.ServiceId == service.Value)
                .OrderByDescending(row => row.Id)
                .Skip(MostOfOne - 1)
                .ToListAsync(cancellationToken)
        );
    }

    private static IReadOnlyList<string> Cut(IReadOnlyList<string> names) =>
        names.Count <= MostNames ? names : [.. names.Take(MostNames), $"and {names.Count - MostNames} more"];
}
