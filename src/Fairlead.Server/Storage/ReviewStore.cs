using Fairlead.Server.Groups;
using Fairlead.Server.Services.Trust;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage;

/// <summary>A definition and the one it is to replace.</summary>
/// <param name="Row">The definition.</param>
/// <param name="Before">What was approved last under the same name; null where nothing was.</param>
internal sealed record Review(DefinitionRow Row, DefinitionRow? Before);

/// <summary>Which definitions to show; null matches all.</summary>
/// <param name="Service">Whose.</param>
/// <param name="Kind">One of <see cref="PinnedKind"/>.</param>
/// <param name="State">What was decided.</param>
internal sealed record ReviewQuery(ServiceId? Service, string? Kind, PinState? State);

/// <summary>Definitions that wait for a decision, and the decisions (security.md section 4.1).</summary>
internal sealed class ReviewStore(
    StoreWriter writer,
    PublicationAligner aligner,
    TrustOptions options,
    TimeProvider time
)
{
    /// <summary>Definitions that services have now, the newest first, and how many there are.</summary>
    public Task<(IReadOnlyList<Review> Reviews, int Total)> ListAsync(
        ReviewQuery query,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) =>
        writer.ReadAsync<(IReadOnlyList<Review>, int)>(
            async db =>
            {
                var rows = db.Definitions.AsNoTracking().Where(row => row.IsCurrent);
                if (query.Service is { Value: var service })
                    rows = rows.Where(row => row.ServiceId == service);
                if (query.Kind is { } kind)
                    rows = rows.Where(row => row.Kind == kind);
                if (query.State is { } state)
                    rows = rows.Where(row => row.State == state);
                var page = await rows.OrderByDescending(row => row.Id)
                    .Skip(skip)
                    .Take(take)
                    .ToListAsync(cancellationToken);
                var reviews = new List<Review>(page.Count);
                foreach (var row in page)
                    reviews.Add(new Review(row, await BeforeAsync(db, row, cancellationToken)));
                return (reviews, await rows.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    /// <summary>One definition, also one that its service has no more; null for an unknown id.</summary>
    public Task<Review?> FindAsync(string id, CancellationToken cancellationToken) =>
        writer.ReadAsync(
            async db =>
                await db.Definitions.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken)
                    is { } row
                    ? new Review(row, await BeforeAsync(db, row, cancellationToken))
                    : null,
            cancellationToken
        );

    /// <summary>
    /// Approves or rejects definitions, all or none; in force when this returns. One that its service has replaced
    /// meanwhile is a conflict: what is decided on is what was looked at.
    /// </summary>
    /// <param name="ids">Which.</param>
    /// <param name="approve">False rejects, also what was approved before.</param>
    /// <param name="by">Id of the user who decides.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<StoreResult<IReadOnlyList<DefinitionRow>>> DecideAsync(
        IReadOnlyCollection<string> ids,
        bool approve,
        string by,
        CancellationToken cancellationToken
    ) =>
        writer.ChangeAsync<StoreResult<IReadOnlyList<DefinitionRow>>>(
            async db =>
            {
                var rows = await db.Definitions.Where(row => ids.Contains(row.Id)).ToListAsync(cancellationToken);
                if (ids.Except(rows.Select(r => r.Id)).FirstOrDefault() is { } missing)
                    return new StoreError("NOT_FOUND", $"There is no review {missing}.", "ids");
                foreach (var row in rows)
                {
                    if (Refusal(row, approve) is { } refusal)
                        return refusal;
                }
                foreach (var row in rows)
                {
                    row.State = approve ? PinState.Approved : PinState.Rejected;
                    row.DecidedAt = time.GetUtcNow();
                    row.DecidedBy = by;
                }
                await db.SaveChangesAsync(cancellationToken);
                foreach (var row in rows)
                    await ApplyAsync(db, row, approve, cancellationToken);
                foreach (var service in rows.Select(r => r.ServiceId).Distinct())
                    await aligner.AlignPublishersAsync(db, service, cancellationToken);
                return rows;
            },
            cancellationToken
        );

    private StoreError? Refusal(DefinitionRow row, bool approve) =>
        !row.IsCurrent
            ? new StoreError("CONFLICT", $"{row.Kind} {row.Name} is another by now: look at its new review.", "ids")
        : approve && options.LevelOf(StoreJson.ReadFindings(row.Findings)) == FindingLevel.Block
            ? new StoreError("CONFLICT", $"{row.Kind} {row.Name} has a finding of level block.", "ids")
        : null;

    private static async Task ApplyAsync(
        FairleadDb db,
        DefinitionRow row,
        bool approve,
        CancellationToken cancellationToken
    )
    {
        if (row.Kind == PinnedKind.Launch)
        {
            var service = await db.Services.SingleAsync(s => s.Id == row.ServiceId, cancellationToken);
            service.LaunchHash = approve ? row.Hash : "";
            service.UpdatedAt = row.DecidedAt!.Value;
            return;
        }
        if (row.Kind == PinnedKind.Instructions)
            return;
        var kind = ItemKindText.Parse(row.Kind);
        var item = await db.Catalogue.SingleOrDefaultAsync(
            i => i.ServiceId == row.ServiceId && i.Kind == kind && i.Name == row.Name && i.Hash == row.Hash,
            cancellationToken
        );
        if (item is not null)
            item.State =
                approve ? ItemState.Served
                : await BeforeAsync(db, row, cancellationToken) is not null ? ItemState.Held
                : ItemState.Pending;
    }

    private static async Task<DefinitionRow?> BeforeAsync(
        FairleadDb db,
        DefinitionRow row,
        CancellationToken cancellationToken
    )
    {
        var approved = await db
            .Definitions.AsNoTracking()
            .Where(other =>
                other.ServiceId == row.ServiceId
                && other.Kind == row.Kind
                && other.Name == row.Name
                && other.State == PinState.Approved
                && other.Id != row.Id
            )
            .ToListAsync(cancellationToken);
        // A few; SQLite orders no times.
        return approved
            .OrderByDescending(other => other.DecidedAt)
            .ThenByDescending(other => other.Id, StringComparer.Ordinal)
            .FirstOrDefault();
    }
}
