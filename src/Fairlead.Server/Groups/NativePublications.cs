using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Groups;

/// <summary>Publishes the native tools of this program in the groups that want them.</summary>
internal sealed class NativePublications(StoreWriter writer, PublicationAligner aligner)
{
    /// <summary>
    /// Tells which native tools there are, once at start. Missing names are given, those gone become tombstones;
    /// nothing is written when nothing changed.
    /// </summary>
    public Task SyncAsync(IReadOnlyList<string> nativeToolNames, CancellationToken cancellationToken)
    {
        aligner.NativeNames = [.. nativeToolNames.Distinct(StringComparer.Ordinal)];
        return writer.ChangeAsync(
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
}
