using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Groups;

/// <summary>What an administrator may say of a published tool; replaces what was said before.</summary>
internal sealed record ToolSettings(bool Enabled, int TimeoutSeconds, string? Description, string? ConfigData);

/// <summary>Published tools as administered: everything of <c>mcp_tools</c> but the names, which never change.</summary>
internal sealed class ToolStore(StoreWriter writer, TimeProvider time)
{
    /// <summary>One page of live tools, by group and name, and how many there are. An unknown group is <c>GROUP_NOT_FOUND</c>.</summary>
    public async Task<StoreResult<ToolPage>> ListAsync(
        GroupId? group,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) =>
        await writer.ReadAsync<StoreResult<ToolPage>>(
            async db =>
            {
                IQueryable<ToolRow> rows = db.Tools.Where(static row => row.RemovedAt == null);
                if (group is { Value: var id })
                {
                    if (!await db.Groups.AnyAsync(row => row.Id == id, cancellationToken))
                        return new StoreError("GROUP_NOT_FOUND", $"There is no group {id}.", "group_id");
                    rows = rows.Where(row => row.GroupId == id);
                }
                List<ToolRow> page = await rows.OrderBy(static row => row.GroupId)
                    .ThenBy(static row => row.ExposedName)
                    .Skip(skip)
                    .Take(take)
                    .ToListAsync(cancellationToken);
                return new ToolPage(page, await rows.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    /// <summary>
    /// Changes one tool of one group; in force when this returns. A tool of another group is <c>TOOL_NOT_FOUND</c>,
    /// like one that does not exist.
    /// </summary>
    public Task<StoreResult<ToolRow>> UpdateAsync(
        PublicationId id,
        GroupId group,
        ToolSettings settings,
        CancellationToken cancellationToken
    ) =>
        writer.ChangeAsync<StoreResult<ToolRow>>(
            async db =>
            {
                ToolRow? row = await db.Tools.SingleOrDefaultAsync(
                    tool => tool.Id == id.Value && tool.GroupId == group.Value && tool.RemovedAt == null,
                    cancellationToken
                );
                if (row is null)
                    return new StoreError("TOOL_NOT_FOUND", $"There is no tool {id} in group {group}.");
                row.Enabled = settings.Enabled;
                row.TimeoutSeconds = settings.TimeoutSeconds;
                row.Description = settings.Description;
                row.ConfigData = settings.ConfigData;
                if (db.ChangeTracker.HasChanges())
                    row.UpdatedAt = time.GetUtcNow();
                return row;
            },
            cancellationToken
        );
}

internal sealed record ToolPage(IReadOnlyList<ToolRow> Rows, int Total);
