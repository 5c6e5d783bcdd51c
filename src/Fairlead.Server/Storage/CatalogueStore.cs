using System.Collections.Concurrent;
using Fairlead.Server.Groups;
using Fairlead.Server.Services.Trust;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Storage;

/// <summary>The last listed tools, prompts, resources and templates of each service.</summary>
internal sealed partial class CatalogueStore(
    StoreWriter writer,
    StoreWatcher watcher,
    PublicationAligner aligner,
    PinStore pins,
    TimeProvider time,
    ILogger<CatalogueStore> logger
)
{
    /// <summary>Longest tool name a service may use (security.md section 2); longer ones are left out.</summary>
    public const int MaxNameLength = 128;

    /// <summary>Longest URI or URI template; longer ones are left out.</summary>
    public const int MaxUriLength = 2048;

    // Instructions have no row of their own in the catalogue: what this node last noted of them.
    private readonly ConcurrentDictionary<ServiceId, string> lastTold = new();

    /// <summary>
    /// Replaces what <paramref name="service"/> lists and gives the new items their names in every group that publishes
    /// it, in one transaction. What is another than was approved, or not approved at first sight, is held. Writes nothing
    /// when nothing differs. True when something changed.
    /// </summary>
    /// <param name="service">Whose.</param>
    /// <param name="items">All of its items.</param>
    /// <param name="instructions">What it told at the handshake; null where it told nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> SaveAsync(
        ServiceId service,
        IReadOnlyList<CatalogueItem> items,
        string? instructions,
        CancellationToken cancellationToken
    )
    {
        var before = watcher
            .Current.Catalogue.Where(item => item.Service == service)
            .ToDictionary(static item => (item.Kind, item.Name));
        List<CatalogueItem> usable = Usable(service, items);
        // Hashed here, where lists arrive: nothing on the way of a call looks at a definition again.
        List<PinnedDefinition> definitions = [];
        for (var i = 0; i < usable.Count; i++)
        {
            var pin = PinnedDefinition.Of(usable[i], before.GetValueOrDefault((usable[i].Kind, usable[i].Name)));
            if (pin is null)
                continue;
            usable[i] = usable[i] with { Hash = pin.Hash };
            definitions.Add(pin);
        }
        if (instructions is not null)
            definitions.Add(PinnedDefinition.OfInstructions(instructions));
        var told = instructions is null ? "" : definitions[^1].Hash;
        if (SameAsBefore(before, usable) && lastTold.GetValueOrDefault(service, "") == told)
            return false;
        return await writer.ChangeAsync(
            async db =>
            {
                if (!await db.Services.AnyAsync(s => s.Id == service.Value && s.RemovedAt == null, cancellationToken))
                    return false;
                var states = await pins.SeeAsync(
                    db,
                    service,
                    pins.PolicyOf(watcher.Current.Services.FirstOrDefault(s => s.Id == service)?.Definition),
                    definitions,
                    static kind => kind != PinnedKind.Launch,
                    cancellationToken
                );
                var known = await db
                    .Catalogue.Where(row => row.ServiceId == service.Value)
                    .ToDictionaryAsync(static row => (row.Kind, row.Name), cancellationToken);
                await Change(known, usable).NoteAsync(db, service, time, cancellationToken);
                foreach (CatalogueItem item in usable)
                    Put(db, item with { State = State(item) }, known);
                db.Catalogue.RemoveRange(known.Values);
                await aligner.AlignPublishersAsync(db, service.Value, cancellationToken);
                lastTold[service] = told;
                return true;

                ItemState State(CatalogueItem item) =>
                    PinnedKind.Of(item.Kind) is { } kind ? states[(kind, item.Name)] : ItemState.Served;
            },
            cancellationToken
        );
    }

    private static CatalogueChange Change(Dictionary<(ItemKind, string), CatalogueRow> known, List<CatalogueItem> items)
    {
        var now = items.Select(static item => (item.Kind, item.Name)).ToHashSet();
        return new CatalogueChange(
            [.. now.Where(key => !known.ContainsKey(key)).Select(Named)],
            [
                .. items
                    .Where(item =>
                        known.TryGetValue((item.Kind, item.Name), out CatalogueRow? row)
                        && !row.Definition.AsSpan().SequenceEqual(item.Definition.Span)
                    )
                    .Select(static item => Named((item.Kind, item.Name))),
            ],
            [.. known.Keys.Where(key => !now.Contains(key)).Select(Named)]
        );

        static string Named((ItemKind Kind, string Name) key) => $"{key.Kind.ToText()}/{key.Name}";
    }

    /// <summary>What became of lists, the newest first, and how many changes there are.</summary>
    /// <param name="service">Whose; null is of all.</param>
    /// <param name="skip">How many are left out.</param>
    /// <param name="take">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<(IReadOnlyList<CatalogueChangeRow> Rows, int Total)> ChangesAsync(
        ServiceId? service,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) =>
        writer.ReadAsync<(IReadOnlyList<CatalogueChangeRow>, int)>(
            async db =>
            {
                var rows = db.CatalogueChanges.AsNoTracking();
                if (service is { Value: var id })
                    rows = rows.Where(row => row.ServiceId == id);
                var page = rows.OrderByDescending(row => row.Id).Skip(skip).Take(take);
                return (await page.ToListAsync(cancellationToken), await rows.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    private void Put(FairleadDb db, CatalogueItem item, Dictionary<(ItemKind, string), CatalogueRow> known)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (!known.Remove((item.Kind, item.Name), out CatalogueRow? row))
        {
            db.Catalogue.Add(
                new CatalogueRow
                {
                    ServiceId = item.Service.Value,
                    Kind = item.Kind,
                    Name = item.Name,
                    Position = item.Position,
                    Definition = item.Definition.ToArray(),
                    Hash = item.Hash,
                    State = item.State,
                    ChangedAt = now,
                }
            );
            return;
        }
        row.Position = item.Position;
        row.Hash = item.Hash;
        row.State = item.State;
        if (row.Definition.AsSpan().SequenceEqual(item.Definition.Span))
            return;
        row.Definition = item.Definition.ToArray();
        row.ChangedAt = now;
    }

    private List<CatalogueItem> Usable(ServiceId service, IReadOnlyList<CatalogueItem> items)
    {
        List<CatalogueItem> usable = new(items.Count);
        HashSet<(ItemKind, string)> seen = [];
        foreach (CatalogueItem item in items)
        {
            int limit = item.Kind is ItemKind.Tool or ItemKind.Prompt ? MaxNameLength : MaxUriLength;
            if (
                item.Service == service
                && item.Name.Length > 0
                && item.Name.Length <= limit
                && seen.Add((item.Kind, item.Name))
            )
                usable.Add(item);
        }
        if (usable.Count < items.Count)
            LogLeftOut(items.Count - usable.Count, service);
        return usable;
    }

    // Groups are aligned whenever they or a catalogue change, so an equal catalogue has all its names.
    private static bool SameAsBefore(Dictionary<(ItemKind, string), CatalogueItem> before, List<CatalogueItem> items) =>
        before.Count == items.Count
        && items.TrueForAll(item =>
            before.TryGetValue((item.Kind, item.Name), out CatalogueItem? old)
            && old.Position == item.Position
            && old.Hash == item.Hash
            && old.Definition.Span.SequenceEqual(item.Definition.Span)
        );

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Count} items of service {Service} are left out: named twice, without a name, or with one too long"
    )]
    private partial void LogLeftOut(int count, ServiceId service);
}
