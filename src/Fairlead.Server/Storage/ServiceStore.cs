using System.Text.RegularExpressions;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage;

/// <summary>Registered services as intended. All writes of <c>mcp_services</c> are here.</summary>
internal sealed partial class ServiceStore(
    StoreWriter writer,
    StoreWatcher watcher,
    PublicationAligner aligner,
    Sealer sealer,
    TimeProvider time
)
{
    /// <summary>
    /// Registers a service at the end of the order. A taken name is <c>SERVICE_ALREADY_EXISTS</c>. A name that was
    /// removed before comes back as the same service, so that its published names come back with it.
    /// </summary>
    public async Task<StoreResult<ServiceConfig>> AddAsync(
        string name,
        ServiceDefinition definition,
        CancellationToken cancellationToken
    )
    {
        if (!NamePattern().IsMatch(name))
            return new StoreError("INVALID_PARAMETER", "A service name is 1 to 64 of A-Z a-z 0-9 _ -.", "name");
        return await ChangeAsync(
            async db =>
            {
                DateTimeOffset now = time.GetUtcNow();
                ServiceRow? row = await db.Services.SingleOrDefaultAsync(s => s.Name == name, cancellationToken);
                if (row is { RemovedAt: null })
                    return new StoreError(
                        "SERVICE_ALREADY_EXISTS",
                        $"There is already a service named {name}.",
                        "name"
                    );
                if (row is null)
                {
                    row = new ServiceRow
                    {
                        Id = ServiceId.New(time).Value,
                        Name = name,
                        Definition = "",
                        CreatedAt = now,
                        Position = (await db.Services.MaxAsync(s => (int?)s.Position, cancellationToken) ?? 0) + 1,
                    };
                    db.Services.Add(row);
                }
                row.RemovedAt = null;
                row.Enabled = true;
                row.KnownRevision = null;
                row.UpdatedAt = now;
                row.Definition = Seal(row.Id, definition);
                return new ServiceId(row.Id);
            },
            cancellationToken
        );
    }

    /// <summary>Replaces the definition; the remembered era is forgotten with it.</summary>
    public Task<StoreResult<ServiceConfig>> UpdateAsync(
        ServiceId id,
        ServiceDefinition definition,
        CancellationToken cancellationToken
    ) =>
        UpdateAsync(
            id,
            row =>
            {
                if (Unsealed(row).AsSpan().SequenceEqual(StoreJson.Write(definition)))
                    return;
                row.Definition = Seal(row.Id, definition);
                row.KnownRevision = null;
                row.UpdatedAt = time.GetUtcNow();
            },
            cancellationToken
        );

    /// <summary>Starts or stops by intent; the reconciler acts on it.</summary>
    public Task<StoreResult<ServiceConfig>> SetEnabledAsync(
        ServiceId id,
        bool enabled,
        CancellationToken cancellationToken
    ) =>
        UpdateAsync(
            id,
            row =>
            {
                if (row.Enabled == enabled)
                    return;
                row.Enabled = enabled;
                row.UpdatedAt = time.GetUtcNow();
            },
            cancellationToken
        );

    /// <summary>Remembers the revision the last probe found. Nothing is written when it is known already.</summary>
    public async Task RememberRevisionAsync(ServiceId id, string revision, CancellationToken cancellationToken)
    {
        if (watcher.Current.Services.Any(service => service.Id == id && service.KnownRevision == revision))
            return;
        await UpdateAsync(id, row => row.KnownRevision = revision, cancellationToken);
    }

    /// <summary>
    /// Removes a service: its catalogue goes, its published names become tombstones. False when it is not there.
    /// </summary>
    public async Task<bool> RemoveAsync(ServiceId id, CancellationToken cancellationToken) =>
        await writer.ChangeAsync(
            async db =>
            {
                if (await FindAsync(db, id, cancellationToken) is not { } row)
                    return false;
                DateTimeOffset now = time.GetUtcNow();
                row.RemovedAt = row.UpdatedAt = now;
                db.Catalogue.RemoveRange(
                    await db.Catalogue.Where(item => item.ServiceId == id.Value).ToListAsync(cancellationToken)
                );
                db.GroupServices.RemoveRange(
                    await db.GroupServices.Where(link => link.ServiceId == id.Value).ToListAsync(cancellationToken)
                );
                await aligner.AlignPublishersAsync(db, id.Value, cancellationToken);
                return true;
            },
            cancellationToken
        );

    private Task<StoreResult<ServiceConfig>> UpdateAsync(
        ServiceId id,
        Action<ServiceRow> update,
        CancellationToken cancellationToken
    ) =>
        ChangeAsync(
            async db =>
            {
                if (await FindAsync(db, id, cancellationToken) is not { } row)
                    return new StoreError("SERVICE_NOT_FOUND", $"There is no service {id}.");
                update(row);
                return id;
            },
            cancellationToken
        );

    // The answer is what the swapped snapshot says, not what we meant to write.
    private async Task<StoreResult<ServiceConfig>> ChangeAsync(
        Func<FairleadDb, Task<Outcome>> change,
        CancellationToken cancellationToken
    )
    {
        Outcome outcome = await writer.ChangeAsync(change, cancellationToken);
        if (outcome.Error is { } error)
            return error;
        return watcher.Current.Services.FirstOrDefault(service => service.Id == outcome.Id) is { } config
            ? config
            : new StoreError("SERVICE_NOT_FOUND", $"Service {outcome.Id} was removed meanwhile.");
    }

    private static Task<ServiceRow?> FindAsync(FairleadDb db, ServiceId id, CancellationToken cancellationToken) =>
        db.Services.SingleOrDefaultAsync(row => row.Id == id.Value && row.RemovedAt == null, cancellationToken);

    private string Seal(string id, ServiceDefinition definition) =>
        sealer.Seal("mcp_services", "definition", id, StoreJson.Write(definition));

    private byte[] Unsealed(ServiceRow row) => sealer.Open("mcp_services", "definition", row.Id, row.Definition);

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex NamePattern();

    private readonly record struct Outcome(ServiceId Id, StoreError? Error)
    {
        public static implicit operator Outcome(ServiceId id) => new(id, null);

        public static implicit operator Outcome(StoreError error) => new(default, error);
    }
}
