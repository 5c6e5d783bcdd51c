using Fairlead.Server.Storage;
using Fairlead.Server.Tools;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Groups;

/// <summary>Publishes the native tools, prompts and resources of this program in the groups that want them.</summary>
internal sealed class NativePublications(StoreWriter writer, StoreWatcher watcher, PublicationAligner aligner)
{
    /// <summary>
    /// Tells which native items there are, once at start. Missing names are given, those gone become tombstones. Where
    /// all is as it was, the snapshot says so and the database is not touched: every start comes this way.
    /// </summary>
    public async Task SyncAsync(IReadOnlyList<NativeName> native, CancellationToken cancellationToken)
    {
        aligner.NativeNames = native;
        if (IsInLine(watcher.Current, native))
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

    private static bool IsInLine(StoreSnapshot snapshot, IReadOnlyList<NativeName> native)
    {
        ILookup<GroupId, (ItemKind, string)> live = snapshot
            .Publications.Where(static row => row is { Service: null, Removed: false })
            .ToLookup(static row => row.Group, static row => (row.Kind, row.UpstreamName));
        return snapshot
            .Groups.Where(static group => group.PublishNative)
            .All(group =>
                native
                    .Where(item => PublicationAligner.IsFor(item, group.ServerCode))
                    .Select(static item => (item.Kind, item.Name))
                    .ToHashSet()
                    .SetEquals(live[group.Id])
            );
    }
}
