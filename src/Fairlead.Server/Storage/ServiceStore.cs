using System.Text.RegularExpressions;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage;

/// <summary>A service to register.</summary>
/// <param name="Name">1 to 64 of <c>A-Z a-z 0-9 _ -</c>, not taken.</param>
/// <param name="Definition">How it is started or reached.</param>
/// <param name="Enabled">Whether it is started.</param>
internal sealed record ServiceDraft(string Name, ServiceDefinition Definition, bool Enabled = true);

/// <summary>Registered services as intended. All writes of <c>mcp_services</c> are here.</summary>
internal sealed partial class ServiceStore(
    StoreWriter writer,
    StoreWatcher watcher,
    PublicationAligner aligner,
    SecretStore secrets,
    Sealer sealer,
    TimeProvider time
)
{
    /// <summary>Registers a service, see <see cref="AddAllAsync"/>.</summary>
    public async Task<StoreResult<ServiceConfig>> AddAsync(ServiceDraft service, CancellationToken cancellationToken)
    {
        var added = await AddAllAsync([service], cancellationToken);
        return added.Ok ? added.Value[0] : added.Error;
    }

    /// <summary>
    /// Registers services at the end of the order, all or none. A taken name is <c>SERVICE_ALREADY_EXISTS</c>. A name
    /// that was removed before comes back as the same service, so that its published names come back with it.
    /// </summary>
    public async Task<StoreResult<ServiceConfig[]>> AddAllAsync(
        IReadOnlyList<ServiceDraft> services,
        CancellationToken cancellationToken
    )
    {
        List<ServiceId> ids = [];
        var problem = await writer.ChangeAsync(db => AddAsync(db, services, ids, cancellationToken), cancellationToken);
        if (problem is not null)
            return problem;
        // The answer is what the swapped snapshot says, not what we meant to write.
        var added = watcher.Current.Services.Where(s => ids.Contains(s.Id)).OrderBy(s => ids.IndexOf(s.Id)).ToArray();
        return added.Length == ids.Count
            ? added
            : new StoreError("SERVICE_NOT_FOUND", "A service was removed meanwhile.");
    }

    /// <summary>
    /// Registers services and replaces the definitions of others, by name, all or none, and sets secrets they use with them.
    /// </summary>
    public async Task<StoreResult<ServiceConfig[]>> PutAllAsync(
        IReadOnlyList<ServiceDraft> added,
        IReadOnlyList<ServiceDraft> replaced,
        IReadOnlyDictionary<string, string> values,
        CancellationToken cancellationToken
    )
    {
        List<ServiceId> ids = [];
        var problem = await writer.ChangeAsync(
            async db =>
            {
                string[] names = [.. replaced.Select(s => s.Name)];
                var rows = await db
                    .Services.Where(s => names.Contains(s.Name) && s.RemovedAt == null)
                    .ToListAsync(cancellationToken);
                if (rows.Count < names.Length)
                    return new StoreError("SERVICE_NOT_FOUND", "A service was removed meanwhile.");
                // After what could be refused, for it saves.
                if (await AddAsync(db, added, ids, cancellationToken) is { } refused)
                    return refused;
                foreach (var row in rows)
                {
                    Replace(row, replaced.First(s => s.Name == row.Name).Definition);
                    ids.Add(new ServiceId(row.Id));
                }
                await secrets.PutAsync(db, values, cancellationToken);
                return null;
            },
            cancellationToken
        );
        return problem is null ? watcher.Current.Services.Where(s => ids.Contains(s.Id)).ToArray() : problem;
    }

    /// <summary>
    /// The same as a part of a larger change; their ids are added to <paramref name="ids"/>. Saves, so that the next part
    /// sees them.
    /// </summary>
    public async Task<StoreError?> AddAsync(
        FairleadDb db,
        IReadOnlyList<ServiceDraft> services,
        List<ServiceId> ids,
        CancellationToken cancellationToken
    )
    {
        if (services.FirstOrDefault(s => !NamePattern().IsMatch(s.Name)) is { } odd)
            return new StoreError(
                "INVALID_PARAMETER",
                $"A service name is 1 to 64 of A-Z a-z 0-9 _ -: {odd.Name} is not.",
                "name"
            );
        string[] names = [.. services.Select(s => s.Name)];
        var known = await db.Services.Where(s => names.Contains(s.Name)).ToListAsync(cancellationToken);
        if (known.Find(row => row.RemovedAt is null) is { } taken)
            return new StoreError("SERVICE_ALREADY_EXISTS", $"There is already a service named {taken.Name}.", "name");
        var last = await db.Services.MaxAsync(s => (int?)s.Position, cancellationToken) ?? 0;
        foreach (var service in services)
            ids.Add(Put(db, known.Find(row => row.Name == service.Name), service, ref last));
        await db.SaveChangesAsync(cancellationToken);
        return null;
    }

    /// <summary>Replaces the definition; the remembered era is forgotten with it.</summary>
    public Task<StoreResult<ServiceConfig>> UpdateAsync(
        ServiceId id,
        ServiceDefinition definition,
        CancellationToken cancellationToken
    ) => UpdateAsync(id, row => Replace(row, definition), cancellationToken);

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

    private void Replace(ServiceRow row, ServiceDefinition definition)
    {
        if (Unsealed(row).AsSpan().SequenceEqual(StoreJson.Write(definition)))
            return;
        row.Definition = Seal(row.Id, definition);
        row.KnownRevision = null;
        row.UpdatedAt = time.GetUtcNow();
    }

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

    private ServiceId Put(FairleadDb db, ServiceRow? row, ServiceDraft service, ref int last)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (row is null)
        {
            row = new ServiceRow
            {
                Id = ServiceId.New(time).Value,
                Name = service.Name,
                Definition = "",
                CreatedAt = now,
                Position = ++last,
            };
            db.Services.Add(row);
        }
        row.RemovedAt = null;
        row.Enabled = service.Enabled;
        row.KnownRevision = null;
        row.UpdatedAt = now;
        row.Definition = Seal(row.Id, service.Definition);
        return new ServiceId(row.Id);
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
