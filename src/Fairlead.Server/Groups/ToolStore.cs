using Fairlead.Server.Groups.Views;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Groups;

/// <summary>
/// What an administrator may say of a published tool; replaces what was said before. A null
/// <paramref name="View"/> leaves the view as it is, an empty one takes it away.
/// </summary>
internal sealed record ToolSettings(
    bool Enabled,
    int TimeoutSeconds,
    string? Description,
    string? ConfigData,
    ToolViewConfig? View = null
);

/// <summary>The definition of a native tool as a group has it, by its own name and the group's code; null for none.</summary>
internal delegate ReadOnlyMemory<byte>? NativeDefinition(string name, string group);

/// <summary>
/// Published tools as administered: everything of <c>mcp_tools</c> but the names they were given first, which never
/// change. A view may give another name; that, too, is the tool's for ever.
/// </summary>
internal sealed class ToolStore(
    StoreWriter writer,
    StoreWatcher watcher,
    ReadSecret secrets,
    NativeDefinition native,
    TimeProvider time
)
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

    /// <summary>One live tool; <c>TOOL_NOT_FOUND</c> where there is none.</summary>
    public async Task<StoreResult<ToolRow>> GetAsync(PublicationId id, CancellationToken cancellationToken) =>
        await writer.ReadAsync(
            async db =>
                await db.Tools.SingleOrDefaultAsync(
                    tool => tool.Id == id.Value && tool.RemovedAt == null,
                    cancellationToken
                ),
            cancellationToken
        )
            is { } row
            ? row
            : new StoreError("TOOL_NOT_FOUND", $"There is no tool {id}.");

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
                if (settings.View is { } view)
                {
                    // A tool that takes its first name back has none of a view.
                    if (view.Name == row.ExposedName)
                        view = view with { Name = null };
                    if (await CheckAsync(db, row, view, cancellationToken) is { } wrong)
                        return wrong;
                    row.ToolView = view.IsEmpty ? null : StoreJson.Write(view);
                    await NameAsync(db, row, view, cancellationToken);
                }
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

    private async Task<StoreError?> CheckAsync(
        FairleadDb db,
        ToolRow row,
        ToolViewConfig view,
        CancellationToken cancellationToken
    )
    {
        if (ViewDraft.Check(view) is { } wrong)
            return wrong;
        if (view.Name is { } name && await HolderAsync(db, row, name, cancellationToken) is { } holder)
            return new StoreError(
                "CONFLICT",
                $"The name {name} is or was that of {holder}; names are not given twice in a group.",
                "view.name"
            );
        if (!view.ChangesDefinition)
            return null;
        if (await DefinitionAsync(db, row, cancellationToken) is not { } definition)
            return new StoreError("TOOL_NOT_FOUND", "The tool's owner lists it no longer.");
        StoreSnapshot now = watcher.Current;
        CompiledView compiled = CompiledView.Of(definition, view, one => secrets(now, one));
        return compiled.Problems is [var first, ..]
            ? new StoreError("INVALID_PARAMETER", first.Text, first.Field)
            : null;
    }

    private async Task<ReadOnlyMemory<byte>?> DefinitionAsync(
        FairleadDb db,
        ToolRow row,
        CancellationToken cancellationToken
    )
    {
        if (row.ServiceId is null)
        {
            string code = await db
                .Groups.Where(group => group.Id == row.GroupId)
                .Select(static group => group.ServerCode)
                .SingleAsync(cancellationToken);
            return native(row.UpstreamName, code);
        }
        CatalogueRow? listed = await db.Catalogue.SingleOrDefaultAsync(
            item => item.ServiceId == row.ServiceId && item.Kind == ItemKind.Tool && item.Name == row.UpstreamName,
            cancellationToken
        );
        return listed?.Definition;
    }

    /// <summary>Whose name it is or was, in words; null when it is free for this tool.</summary>
    private static async Task<string?> HolderAsync(
        FairleadDb db,
        ToolRow row,
        string name,
        CancellationToken cancellationToken
    )
    {
        // A model cannot tell Read from read.
        string key = name.ToLowerInvariant();
        var given = await db
            .ToolNames.Where(one => one.GroupId == row.GroupId && one.NameKey == key && one.ToolId != row.Id)
            .Select(static one => one.ToolId)
            .SingleOrDefaultAsync(cancellationToken);
        var others = await db
            .Tools.Where(tool => tool.GroupId == row.GroupId && tool.Id != row.Id)
            .Select(static tool => new
            {
                tool.Id,
                tool.ExposedName,
                tool.UpstreamName,
                tool.ServiceId,
            })
            .ToListAsync(cancellationToken);
        var holder = others.Find(tool =>
            tool.Id == given || tool.ExposedName.Equals(name, StringComparison.OrdinalIgnoreCase)
        );
        if (holder is null)
            return null;
        string? service = await db
            .Services.Where(one => one.Id == holder.ServiceId)
            .Select(static one => one.Name)
            .SingleOrDefaultAsync(cancellationToken);
        return service is null
            ? $"the gateway's own tool {holder.UpstreamName}"
            : $"the tool {holder.UpstreamName} of {service}";
    }

    private async Task NameAsync(FairleadDb db, ToolRow row, ToolViewConfig view, CancellationToken cancellationToken)
    {
        if (view.Name?.ToLowerInvariant() is not { } key)
            return;
        if (await db.ToolNames.FindAsync([row.TenantId, row.GroupId, key], cancellationToken) is not null)
            return;
        db.ToolNames.Add(
            new ToolNameRow
            {
                TenantId = row.TenantId,
                GroupId = row.GroupId,
                NameKey = key,
                ToolId = row.Id,
                CreatedAt = time.GetUtcNow(),
            }
        );
    }
}

internal sealed record ToolPage(IReadOnlyList<ToolRow> Rows, int Total);
