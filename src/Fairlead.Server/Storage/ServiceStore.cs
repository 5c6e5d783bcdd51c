using System.Text.RegularExpressions;
using Fairlead.Server.Groups;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage;

/// <summary>A service to register.</summary>
/// <param name="Name">1 to 64 of <c>A-Z a-z 0-9 _ -</c>, not taken.</param>
/// <param name="Definition">How it is started or reached.</param>
/// <param name="Enabled">Whether it is started.</param>
/// <param name="IsTrusted">Whether it comes from the operator of the machine, so that it starts without a review.</param>
internal sealed record ServiceDraft(
    string Name,
    ServiceDefinition Definition,
    bool Enabled = true,
    bool IsTrusted = false
);

/// <summary>Registered services as intended. All writes of <c>mcp_services</c> are here.</summary>
internal sealed partial class ServiceStore(
    StoreWriter writer,
    StoreWatcher watcher,
    PublicationAligner aligner,
    SecretStore secrets,
    PinStore pins,
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
                    await ReplaceAsync(db, row, replaced.First(s => s.Name == row.Name).Definition, cancellationToken);
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
        var live = db.Services.Where(s => s.RemovedAt == null).Select(s => s.Name);
        // Also one in other letters: a dependency is named without regard to them.
        var taken = (await live.ToListAsync(cancellationToken)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var service in services)
        {
            if (taken.TryGetValue(service.Name, out var same))
                return new StoreError("SERVICE_ALREADY_EXISTS", $"There is already a service named {same}.", "name");
            taken.Add(service.Name);
        }
        var last = await db.Services.MaxAsync(s => (int?)s.Position, cancellationToken) ?? 0;
        foreach (var service in services)
        {
            var row = Put(db, known.Find(row => row.Name == service.Name), service, ref last);
            var policy = service.IsTrusted ? TrustPolicy.Open : pins.PolicyOf(service.Definition);
            await pins.SeeLaunchAsync(db, row, service.Definition, policy, cancellationToken);
            ids.Add(new ServiceId(row.Id));
        }
        await db.SaveChangesAsync(cancellationToken);
        return null;
    }

    /// <summary>Replaces the definition; with another program or address the remembered era is forgotten.</summary>
    public Task<StoreResult<ServiceConfig>> UpdateAsync(
        ServiceId id,
        ServiceDefinition definition,
        CancellationToken cancellationToken
    ) => UpdateAsync(id, (db, row) => ReplaceAsync(db, row, definition, cancellationToken), cancellationToken);

    /// <summary>Starts or stops by intent; the reconciler acts on it.</summary>
    public Task<StoreResult<ServiceConfig>> SetEnabledAsync(
        ServiceId id,
        bool enabled,
        CancellationToken cancellationToken
    ) =>
        UpdateAsync(
            id,
            (_, row) =>
            {
                if (row.Enabled == enabled)
                    return Task.CompletedTask;
                row.Enabled = enabled;
                row.UpdatedAt = time.GetUtcNow();
                return Task.CompletedTask;
            },
            cancellationToken
        );

    /// <summary>Remembers the revision the last probe found. Nothing is written when it is known already.</summary>
    public async Task RememberRevisionAsync(ServiceId id, string revision, CancellationToken cancellationToken)
    {
        if (watcher.Current.Services.Any(service => service.Id == id && service.KnownRevision == revision))
            return;
        await UpdateAsync(
            id,
            (_, row) =>
            {
                row.KnownRevision = revision;
                return Task.CompletedTask;
            },
            cancellationToken
        );
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
                row.LaunchHash = null;
                await PinStore.ForgetAsync(db, id, cancellationToken);
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

    private async Task ReplaceAsync(
        FairleadDb db,
        ServiceRow row,
        ServiceDefinition definition,
        CancellationToken cancellationToken
    )
    {
        var old = Unsealed(row);
        if (old.AsSpan().SequenceEqual(StoreJson.Write(definition)))
            return;
        var before = StoreJson.ReadDefinition(old);
        if (row.LaunchHash is null)
        {
            // Registered before there were pins: what it was started from so far counts as approved.
            await pins.SeeLaunchAsync(db, row, before, TrustPolicy.Open, cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
        }
        // Who turns the review off in the same breath is reviewed once more.
        var policy = pins.PolicyOf(before) == TrustPolicy.Review ? TrustPolicy.Review : pins.PolicyOf(definition);
        await pins.SeeLaunchAsync(db, row, definition, policy, cancellationToken);
        row.Definition = Seal(row.Id, definition);
        // A change that starts nothing anew finds nothing out again either.
        if (PinnedDefinition.OfLaunch(before).Hash != PinnedDefinition.OfLaunch(definition).Hash)
            row.KnownRevision = null;
        row.UpdatedAt = time.GetUtcNow();
    }

    private Task<StoreResult<ServiceConfig>> UpdateAsync(
        ServiceId id,
        Func<FairleadDb, ServiceRow, Task> update,
        CancellationToken cancellationToken
    ) =>
        ChangeAsync(
            async db =>
            {
                if (await FindAsync(db, id, cancellationToken) is not { } row)
                    return new StoreError("SERVICE_NOT_FOUND", $"There is no service {id}.");
                await update(db, row);
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

    private ServiceRow Put(FairleadDb db, ServiceRow? row, ServiceDraft service, ref int last)
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
        return row;
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
