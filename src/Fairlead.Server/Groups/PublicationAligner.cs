using Fairlead.Server.Storage;
using Fairlead.Server.Tools;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Groups;

/// <summary>
/// Brings the rows of a group in line with what it publishes: what is new gets a name, what is gone becomes a
/// tombstone, what came back gets its own row again. No row is ever renamed.
/// </summary>
internal sealed class PublicationAligner(TimeProvider time)
{
    private volatile IReadOnlyList<NativeName>? nativeNames;

    /// <summary>The native items of this program; null until they are known, then they are left alone.</summary>
    public IReadOnlyList<NativeName>? NativeNames
    {
        get => nativeNames;
        set => nativeNames = value;
    }

    /// <summary>Whether a group that publishes native items publishes this one.</summary>
    public static bool IsFor(NativeName item, string serverCode) => item.Group is null || item.Group == serverCode;

    /// <summary>Aligns every group that publishes <paramref name="serviceId"/>. Saves pending changes first.</summary>
    public async Task AlignPublishersAsync(FairleadDb db, string serviceId, CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        List<GroupRow> groups = await db
            .Groups.Where(group =>
                db.GroupServices.Any(link => link.GroupId == group.Id && link.ServiceId == serviceId)
                || db.Tools.Any(row => row.GroupId == group.Id && row.ServiceId == serviceId)
                || db.Publications.Any(row => row.GroupId == group.Id && row.ServiceId == serviceId)
            )
            .OrderBy(group => group.Id)
            .ToListAsync(cancellationToken);
        foreach (GroupRow group in groups)
            await AlignAsync(db, group, cancellationToken);
    }

    /// <summary>Aligns one group. Saves pending changes first, so that what was just written is seen.</summary>
    public async Task AlignAsync(FairleadDb db, GroupRow group, CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        List<PublishedRow> rows =
        [
            .. await db.Tools.Where(row => row.GroupId == group.Id).ToListAsync(cancellationToken),
            .. await db.Publications.Where(row => row.GroupId == group.Id).ToListAsync(cancellationToken),
        ];
        var owned = rows.ToDictionary(static row => new Owner(Kind(row), row.ServiceId, row.UpstreamName));
        List<Wanted> wanted = await WantedAsync(db, group, cancellationToken);
        DateTimeOffset now = time.GetUtcNow();

        var alive = wanted.Select(static item => item.Owner).ToHashSet();
        foreach ((Owner owner, PublishedRow row) in owned)
        {
            bool gone = !alive.Contains(owner);
            bool unknownYet = row.ServiceId is null && NativeNames is null && group.PublishNative;
            if (unknownYet || gone == row.RemovedAt is not null)
                continue;
            row.RemovedAt = gone ? now : null;
            row.UpdatedAt = now;
        }

        foreach (var fresh in wanted.Where(item => !owned.ContainsKey(item.Owner)).GroupBy(static w => w.Owner.Kind))
        {
            Wanted[] items = [.. fresh];
            List<string> taken = [.. rows.Where(row => Kind(row) == fresh.Key).Select(static row => row.ExposedName)];
            if (fresh.Key is ItemKind.Tool)
                taken.AddRange(
                    await db
                        .ToolNames.Where(name => name.GroupId == group.Id)
                        .Select(static name => name.NameKey)
                        .ToListAsync(cancellationToken)
                );
            IReadOnlyList<string> names = ExposedNames.Assign(
                fresh.Key,
                taken,
                [.. items.Select(static item => new NameWish(item.ServiceName, item.Owner.UpstreamName))]
            );
            for (int i = 0; i < items.Length; i++)
                db.Add(Row(group, items[i].Owner, names[i], now));
        }
    }

    private async Task<List<Wanted>> WantedAsync(FairleadDb db, GroupRow group, CancellationToken cancellationToken)
    {
        string id = group.Id;
        var items = await (
            from link in db.GroupServices
            join service in db.Services on link.ServiceId equals service.Id
            join item in db.Catalogue on service.Id equals item.ServiceId
            // What was never approved gets no name: it could take one from what comes after.
            where link.GroupId == id && service.RemovedAt == null && item.State != ItemState.Pending
            orderby service.Position, service.Id, item.Position, item.Name
            select new
            {
                service.Id,
                ServiceName = service.Name,
                item.Kind,
                item.Name,
            }
        ).ToListAsync(cancellationToken);
        List<Wanted> wanted = [];
        // Ours first: no service can take a native tool's name when both are new.
        if (group.PublishNative && NativeNames is { } native)
        {
            wanted.AddRange(
                native
                    .Where(item => IsFor(item, group.ServerCode))
                    .Select(static item => new Wanted(new Owner(item.Kind, null, item.Name), null))
                    // A tool of this group alone takes the place of one for all groups.
                    .Distinct()
            );
        }
        wanted.AddRange(items.Select(i => new Wanted(new Owner(i.Kind, i.Id, i.Name), i.ServiceName)));
        return wanted;
    }

    private PublishedRow Row(GroupRow group, Owner owner, string name, DateTimeOffset now)
    {
        string id = PublicationId.New(time).Value;
        return owner.Kind is ItemKind.Tool
            ? new ToolRow
            {
                Id = id,
                TenantId = group.TenantId,
                GroupId = group.Id,
                ServiceId = owner.ServiceId,
                ExposedName = name,
                UpstreamName = owner.UpstreamName,
                CreatedAt = now,
                UpdatedAt = now,
            }
            : new PublicationRow
            {
                Id = id,
                TenantId = group.TenantId,
                GroupId = group.Id,
                ServiceId = owner.ServiceId,
                Kind = owner.Kind,
                ExposedName = name,
                UpstreamName = owner.UpstreamName,
                CreatedAt = now,
                UpdatedAt = now,
            };
    }

    private static ItemKind Kind(PublishedRow row) => row is PublicationRow other ? other.Kind : ItemKind.Tool;

    private readonly record struct Owner(ItemKind Kind, string? ServiceId, string UpstreamName);

    private readonly record struct Wanted(Owner Owner, string? ServiceName);
}
