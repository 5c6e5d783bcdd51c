using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Groups;

/// <summary>Publishes the native tools of this program in the groups that want them.</summary>
internal sealed class NativePublications(StoreWriter writer, StoreWatcher watcher, PublicationAligner aligner)
{
    /// <summary>
    /// Tells which native tools there are, once at start. Missing names are given, those gone become tombstones. Where
    /// all is as it was, the snapshot says so and the database is not touched: every start comes this way.
    /// </summary>
    public async Task SyncAsync(IReadOnlyList<string> nativeToolNames, CancellationToken cancellationToken)
    {
        HashSet<string> names = [.. nativeToolNames];
        aligner.NativeNames = [.. nativeToolNames.Distinct(StringComparer.Ordinal)];
        if (IsInLine(watcher.Current, names))
            return;
        await writer.ChangeAsync(
            async db =>
            {
                List<GroupRow> groups = await db
                    .Groups.Where(group => group.PublishNative)
                    .OrderBy(group => group.Id)
                    .ToListAsync(cancellationToken);
                foreach (GroupRow group in groups)
                    await aligner.AlignAsync(db, group, cancellationToken);
                return groups.Count;
            },
            cancellationToken
        );
    }

    private static bool IsInLine(StoreSnapshot snapshot, HashSet<string> names)
    {
        ILookup<GroupId, string> live = snapshot
            .Publications.Where(static row => row is { Service: null, Kind: ItemKind.Tool, Removed: false })
            .ToLookup(static row => row.Group, static row => row.UpstreamName);
        return snapshot.Groups.Where(static group => group.PublishNative).All(group => names.SetEquals(live[group.Id]));
    }
}
