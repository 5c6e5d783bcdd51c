using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Fairlead.Server.Storage;

/// <summary>
/// The one way to change the store. The epoch row is bumped first, which also makes all changes of all nodes take
/// turns: a change may read, decide and write without being overtaken.
/// </summary>
internal sealed class StoreWriter(IStoreEngine engine, StoreWatcher watcher)
{
    /// <summary>
    /// Runs <paramref name="change"/> in one transaction and saves what it did to the tracked rows. Where it did
    /// nothing (or refused), nothing is written and the epoch stays. Returns after the snapshot of this node was swapped.
    /// </summary>
    public async Task<T> ChangeAsync<T>(Func<FairleadDb, Task<T>> change, CancellationToken cancellationToken)
    {
        // Its connection is back before the reload wants one: writers that all kept theirs would wait for each other.
        var (result, changed) = await WriteAsync(change, cancellationToken);
        if (changed)
            await watcher.ReloadAsync(CancellationToken.None);
        return result;
    }

    /// <summary>Reads rows that are not in the snapshot.</summary>
    public async Task<T> ReadAsync<T>(Func<FairleadDb, Task<T>> read, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await engine.OpenAsync(cancellationToken);
        await using FairleadDb db = Context(connection);
        return await read(db);
    }

    /// <summary>
    /// Writes rows that no snapshot holds: the epoch stays, so no node reads anything anew. <paramref name="write"/> saves
    /// itself.
    /// </summary>
    public Task<T> RecordAsync<T>(Func<FairleadDb, Task<T>> write, CancellationToken cancellationToken) =>
        ReadAsync(write, cancellationToken);

    private async Task<(T Result, bool Changed)> WriteAsync<T>(
        Func<FairleadDb, Task<T>> change,
        CancellationToken cancellationToken
    )
    {
        await using DbConnection connection = await engine.OpenAsync(cancellationToken);
        await using FairleadDb db = Context(connection);
        await using IDbContextTransaction transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlRawAsync("UPDATE epoch SET value = value + 1", cancellationToken);
        int written = 0;
        db.SavedChanges += (_, saved) => written += saved.EntitiesSavedCount;
        T result = await change(db);
        await db.SaveChangesAsync(cancellationToken);
        if (written == 0)
            return (result, false);
        if (engine.NotifySql.Length > 0)
            await db.Database.ExecuteSqlRawAsync(engine.NotifySql, cancellationToken);
        // From here the change stands; giving up half way would leave the caller with a wrong belief.
        await transaction.CommitAsync(CancellationToken.None);
        return (result, true);
    }

    private FairleadDb Context(DbConnection connection)
    {
        var builder = new DbContextOptionsBuilder<FairleadDb>();
        engine.Configure(builder, connection);
        return new FairleadDb(builder.Options);
    }
}
