using System.Collections.Immutable;
using Fairlead.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Groups;

/// <summary>A new group and its key, which is shown this once without an audit row.</summary>
internal sealed record CreatedGroup(GroupConfig Group, string Key);

/// <summary>Groups as administered. All writes of <c>mcp_tool_groups</c> and <c>mcp_group_services</c> are here.</summary>
internal sealed class GroupStore(
    StoreWriter writer,
    StoreWatcher watcher,
    PublicationAligner aligner,
    GroupKeys keys,
    TimeProvider time
)
{
    /// <summary>
    /// Makes a group. <paramref name="givenKey"/> (first start, FAIRLEAD_DEFAULT_KEY) must have the key format and be
    /// unused; null makes a new one. A taken name or code is <c>GROUP_ALREADY_EXISTS</c> with its field.
    /// </summary>
    public async Task<StoreResult<CreatedGroup>> CreateAsync(
        GroupDraft draft,
        string? givenKey,
        CancellationToken cancellationToken
    )
    {
        string key = givenKey ?? GroupKeys.New();
        var id = GroupId.New(time);
        StoreError? error = await writer.ChangeAsync(
            db => CreateAsync(db, id, draft, key, cancellationToken),
            cancellationToken
        );
        return error is null ? new CreatedGroup(Find(id)!, key) : error;
    }

    /// <summary>The same as a part of a larger change, with an id and a key given by the caller.</summary>
    public async Task<StoreError?> CreateAsync(
        FairleadDb db,
        GroupId newId,
        GroupDraft draft,
        string key,
        CancellationToken cancellationToken
    )
    {
        if (draft.Name is null)
            return new StoreError("MISSING_PARAMETER", "A group needs a name.", "name");
        if (draft.Check() is { } wrong)
            return wrong;
        if (!GroupKeys.IsWellFormed(key))
            return new StoreError(
                "INVALID_PARAMETER",
                "A group key is mcp_key_ and 32 bytes as base64url without padding (43 characters).",
                "key"
            );
        string id = newId.Value;
        string hash = GroupKeys.Hash(key);
        if (await db.Groups.AnyAsync(g => g.HashedApiKey == hash || g.PreviousHashedApiKey == hash, cancellationToken))
            return new StoreError("GROUP_ALREADY_EXISTS", "Another group has this key.", "key");
        string name = draft.Name!.Trim();
        if (await TakenAsync(db, id, name, draft.ServerCode, cancellationToken) is { } taken)
            return taken;
        var row = new GroupRow
        {
            Id = id,
            Name = name,
            Description = draft.Description ?? "",
            ServerCode = draft.ServerCode ?? await FreeCodeAsync(db, name, cancellationToken),
            HashedApiKey = hash,
            ApiKey = keys.Seal(id, key),
            CreatedBy = draft.CreatedBy,
            CreatedAt = time.GetUtcNow(),
            UpdatedAt = time.GetUtcNow(),
        };
        Apply(draft, row);
        db.Groups.Add(row);
        if (await LinkAsync(db, row, draft.Services ?? [], cancellationToken) is { } unknown)
        {
            db.ChangeTracker.Clear();
            return unknown;
        }
        await aligner.AlignAsync(db, row, cancellationToken);
        return null;
    }

    /// <summary>Changes what the draft names; the rest stays.</summary>
    public Task<StoreResult<GroupConfig>> UpdateAsync(
        GroupId id,
        GroupDraft draft,
        CancellationToken cancellationToken
    ) =>
        ChangeAsync(
            id,
            async (db, row) =>
            {
                if (
                    (draft.Check() ?? await TakenAsync(db, row.Id, draft.Name, draft.ServerCode, cancellationToken)) is
                    { } no
                )
                    return no;
                row.Name = draft.Name?.Trim() ?? row.Name;
                row.Description = draft.Description ?? row.Description;
                row.ServerCode = draft.ServerCode ?? row.ServerCode;
                Apply(draft, row);
                if (draft.PublishNative is not null)
                    await aligner.AlignAsync(db, row, cancellationToken);
                return null;
            },
            cancellationToken
        );

    public Task<StoreResult<GroupConfig>> SetEnabledAsync(
        GroupId id,
        bool enabled,
        CancellationToken cancellationToken
    ) =>
        ChangeAsync(
            id,
            (_, row) =>
            {
                row.Enabled = enabled;
                return Task.FromResult<StoreError?>(null);
            },
            cancellationToken
        );

    /// <summary>Deletes a group with its key, tools and tombstones. False when it is not there.</summary>
    public Task<bool> DeleteAsync(GroupId id, CancellationToken cancellationToken) =>
        writer.ChangeAsync(
            async db =>
            {
                if (await db.Groups.FindAsync([id.Value], cancellationToken) is not { } row)
                    return false;
                db.Groups.Remove(row);
                return true;
            },
            cancellationToken
        );

    /// <summary>
    /// Publishes services in a group, in one transaction: names are given in registration order of the services, then in
    /// the order each lists its items. Services already published keep their place.
    /// </summary>
    public Task<StoreResult<GroupConfig>> PublishAsync(
        GroupId id,
        IReadOnlyList<ServiceId> services,
        CancellationToken cancellationToken
    ) =>
        ChangeAsync(
            id,
            async (db, row) =>
            {
                if (await LinkAsync(db, row, services, cancellationToken) is { } wrong)
                    return wrong;
                await aligner.AlignAsync(db, row, cancellationToken);
                return null;
            },
            cancellationToken
        );

    /// <summary>Takes a service out of a group; its names become tombstones and come back with it.</summary>
    public Task<StoreResult<GroupConfig>> UnpublishAsync(
        GroupId id,
        ServiceId service,
        CancellationToken cancellationToken
    ) =>
        ChangeAsync(
            id,
            async (db, row) =>
            {
                db.GroupServices.RemoveRange(
                    await db
                        .GroupServices.Where(link => link.GroupId == id.Value && link.ServiceId == service.Value)
                        .ToListAsync(cancellationToken)
                );
                await aligner.AlignAsync(db, row, cancellationToken);
                return null;
            },
            cancellationToken
        );

    /// <summary>The key in plain text. The caller audits the view.</summary>
    public async Task<StoreResult<string>> ReadKeyAsync(GroupId id, CancellationToken cancellationToken)
    {
        GroupRow? row = await writer.ReadAsync(
            async db => await db.Groups.FindAsync([id.Value], cancellationToken),
            cancellationToken
        );
        return row is null ? NotFound(id) : keys.Open(row.Id, row.ApiKey);
    }

    /// <summary>
    /// Gives the group a new key. The old one stops at once, or after <paramref name="grace"/> (C-45); an older one
    /// still in its grace period stops in any case.
    /// </summary>
    public async Task<StoreResult<string>> RegenerateKeyAsync(
        GroupId id,
        TimeSpan grace,
        CancellationToken cancellationToken
    )
    {
        string key = GroupKeys.New();
        StoreResult<GroupConfig> changed = await ChangeAsync(
            id,
            (_, row) =>
            {
                bool keepOld = grace > TimeSpan.Zero;
                row.PreviousHashedApiKey = keepOld ? row.HashedApiKey : null;
                row.PreviousValidUntil = keepOld ? time.GetUtcNow() + grace : null;
                row.HashedApiKey = GroupKeys.Hash(key);
                row.ApiKey = keys.Seal(row.Id, key);
                return Task.FromResult<StoreError?>(null);
            },
            cancellationToken
        );
        return changed.Ok ? key : changed.Error;
    }

    /// <summary>One page of rows, oldest first, and how many there are.</summary>
    public Task<(List<GroupRow> Rows, int Total)> ListAsync(int skip, int take, CancellationToken cancellationToken) =>
        writer.ReadAsync(
            async db =>
            {
                List<GroupRow> rows = await db
                    .Groups.OrderBy(static group => group.Id)
                    .Skip(skip)
                    .Take(take)
                    .ToListAsync(cancellationToken);
                return (rows, await db.Groups.CountAsync(cancellationToken));
            },
            cancellationToken
        );

    /// <summary>The row with what the snapshot leaves out: who made it and when.</summary>
    public async Task<StoreResult<GroupRow>> GetAsync(GroupId id, CancellationToken cancellationToken) =>
        await writer.ReadAsync(async db => await db.Groups.FindAsync([id.Value], cancellationToken), cancellationToken)
            is { } row
            ? row
            : NotFound(id);

    private static void Apply(GroupDraft draft, GroupRow row)
    {
        row.AllowedRoles = draft.AllowedRoles is { } roles ? [.. roles] : row.AllowedRoles;
        row.UserTierAccess = draft.UserTierAccess is { } tiers ? [.. tiers] : row.UserTierAccess;
        row.CallsPerMinute = Limit(draft.CallsPerMinute, row.CallsPerMinute);
        row.ConcurrentCalls = Limit(draft.ConcurrentCalls, row.ConcurrentCalls);
        row.PublishNative = draft.PublishNative ?? row.PublishNative;
        row.LogBodies = draft.LogBodies ?? row.LogBodies;
        row.FindTools = draft.FindTools ?? row.FindTools;
    }

    private static int? Limit(int? given, int? before) =>
        given switch
        {
            null => before,
            < 0 => null,
            _ => given,
        };

    private static async Task<StoreError?> LinkAsync(
        FairleadDb db,
        GroupRow group,
        IReadOnlyList<ServiceId> services,
        CancellationToken cancellationToken
    )
    {
        string id = group.Id;
        var linked = await db.GroupServices.Where(link => link.GroupId == id).ToListAsync(cancellationToken);
        int last = linked.Select(static link => link.Position).DefaultIfEmpty().Max();
        foreach (ServiceId service in services.Distinct())
        {
            if (linked.Exists(link => link.ServiceId == service.Value))
                continue;
            if (!await db.Services.AnyAsync(s => s.Id == service.Value && s.RemovedAt == null, cancellationToken))
                return new StoreError("SERVICE_NOT_FOUND", $"There is no service {service}.", "services");
            db.GroupServices.Add(
                new GroupServiceRow
                {
                    TenantId = group.TenantId,
                    GroupId = id,
                    ServiceId = service.Value,
                    Position = ++last,
                }
            );
        }
        return null;
    }

    private static async Task<StoreError?> TakenAsync(
        FairleadDb db,
        string id,
        string? name,
        string? code,
        CancellationToken cancellationToken
    )
    {
        string? trimmed = name?.Trim();
        if (trimmed is not null && await db.Groups.AnyAsync(g => g.Name == trimmed && g.Id != id, cancellationToken))
            return new StoreError("GROUP_ALREADY_EXISTS", $"There is already a group named {trimmed}.", "name");
        if (code is not null && await db.Groups.AnyAsync(g => g.ServerCode == code && g.Id != id, cancellationToken))
            return new StoreError("GROUP_ALREADY_EXISTS", $"The server code {code} is taken.", "server_code");
        return null;
    }

    private static async Task<string> FreeCodeAsync(FairleadDb db, string name, CancellationToken cancellationToken)
    {
        string code = GroupDraft.CodeOf(name);
        string candidate = code;
        for (int n = 2; await db.Groups.AnyAsync(g => g.ServerCode == candidate, cancellationToken); n++)
            candidate = $"{code}-{n}";
        return candidate;
    }

    private async Task<StoreResult<GroupConfig>> ChangeAsync(
        GroupId id,
        Func<FairleadDb, GroupRow, Task<StoreError?>> change,
        CancellationToken cancellationToken
    )
    {
        StoreError? error = await writer.ChangeAsync(
            async db =>
            {
                if (await db.Groups.FindAsync([id.Value], cancellationToken) is not { } row)
                    return NotFound(id);
                if (await change(db, row) is { } refused)
                {
                    db.ChangeTracker.Clear();
                    return refused;
                }
                if (db.ChangeTracker.HasChanges())
                    row.UpdatedAt = time.GetUtcNow();
                return null;
            },
            cancellationToken
        );
        if (error is not null)
            return error;
        return Find(id) is { } group ? group : NotFound(id);
    }

    private GroupConfig? Find(GroupId id) => watcher.Current.Groups.FirstOrDefault(group => group.Id == id);

    private static StoreError NotFound(GroupId id) => new("GROUP_NOT_FOUND", $"There is no group {id}.");
}
