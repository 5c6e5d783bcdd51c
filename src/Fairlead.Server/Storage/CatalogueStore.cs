using Fairlead.Server.Groups;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Storage;

/// <summary>The last listed tools, prompts, resources and templates of each service.</summary>
internal sealed partial class CatalogueStore(
    StoreWriter writer,
    StoreWatcher watcher,
    PublicationAligner aligner,
    ILogger<CatalogueStore> logger
)
{
    /// <summary>Longest tool name a service may use (security.md section 2); longer ones are left out.</summary>
    public const int MaxNameLength = 128;

    /// <summary>Longest URI or URI template; longer ones are left out.</summary>
    public const int MaxUriLength = 2048;

    /// <summary>
    /// Replaces what <paramref name="service"/> lists and gives the new items their names in every group that publishes
    /// it, in one transaction. Writes nothing when nothing differs. True when something changed.
    /// </summary>
    public async Task<bool> SaveAsync(
        ServiceId service,
        IReadOnlyList<CatalogueItem> items,
        CancellationToken cancellationToken
    )
    {
        List<CatalogueItem> usable = Usable(service, items);
        if (SameAsCurrent(service, usable))
            return false;
        return await writer.ChangeAsync(
            async db =>
            {
                if (!await db.Services.AnyAsync(s => s.Id == service.Value && s.RemovedAt == null, cancellationToken))
                    return false;
                var known = await db
                    .Catalogue.Where(row => row.ServiceId == service.Value)
                    .ToDictionaryAsync(static row => (row.Kind, row.Name), cancellationToken);
                foreach (CatalogueItem item in usable)
                    Put(db, item, known);
                db.Catalogue.RemoveRange(known.Values);
                await aligner.AlignPublishersAsync(db, service.Value, cancellationToken);
                return true;
            },
            cancellationToken
        );
    }

    private static void Put(FairleadDb db, CatalogueItem item, Dictionary<(ItemKind, string), CatalogueRow> known)
    {
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
                }
            );
            return;
        }
        row.Position = item.Position;
        if (!row.Definition.AsSpan().SequenceEqual(item.Definition.Span))
            row.Definition = item.Definition.ToArray();
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
    private bool SameAsCurrent(ServiceId service, List<CatalogueItem> items)
    {
        var known = watcher
            .Current.Catalogue.Where(item => item.Service == service)
            .ToDictionary(static item => (item.Kind, item.Name));
        return known.Count == items.Count
            && items.TrueForAll(item =>
                known.TryGetValue((item.Kind, item.Name), out CatalogueItem? old)
                && old.Position == item.Position
                && old.Definition.Span.SequenceEqual(item.Definition.Span)
            );
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Count} items of service {Service} are left out: named twice, without a name, or with one too long"
    )]
    private partial void LogLeftOut(int count, ServiceId service);
}
