using System.Data.Common;
using System.Reflection;

namespace Fairlead.Server.Storage;

/// <summary>
/// Brings a store to this program's schema with the numbered scripts of its provider, all or nothing. A store that is
/// already there costs one query; Entity Framework is not touched.
/// </summary>
internal static class StoreSchema
{
    /// <summary>Newest version this program knows: the number of the last script.</summary>
    public const int Version = 14;

    /// <exception cref="StoreException">The store was written by a newer program.</exception>
    public static async Task EnsureAsync(IStoreEngine engine, TimeProvider time, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await engine.OpenAsync(cancellationToken);
        if (await CurrentAsync(engine, connection, cancellationToken) == Version)
            return;
        await using DbTransaction transaction = await engine.BeginMigrationAsync(connection, cancellationToken);
        // Again under the lock: another node may have been faster.
        int found = await CurrentAsync(engine, connection, cancellationToken);
        if (found == 0)
            await RunAsync(
                connection,
                transaction,
                "CREATE TABLE schema_version (version integer NOT NULL PRIMARY KEY, applied_at varchar(40) NOT NULL)",
                cancellationToken
            );
        for (int version = found + 1; version <= Version; version++)
        {
            await RunAsync(connection, transaction, Script(engine.ScriptFolder, version), cancellationToken);
            await RunAsync(
                connection,
                transaction,
                $"INSERT INTO schema_version (version, applied_at) VALUES ({version}, '{time.GetUtcNow():O}')",
                cancellationToken
            );
        }
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<int> CurrentAsync(
        IStoreEngine engine,
        DbConnection connection,
        CancellationToken cancellationToken
    )
    {
        int found = await engine.ReadSchemaVersionAsync(connection, cancellationToken);
        return found <= Version
            ? found
            : throw new StoreException(
                $"The store {engine.Location} has schema version {found}; this program knows versions up to {Version}."
                    + " It was written by a newer Fairlead: run that one, or restore a backup."
            );
    }

    private static string Script(string folder, int version)
    {
        string name = $"Fairlead.Server.{folder}.{version:D4}.sql";
        using Stream stream =
            Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"Script {name} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static async Task RunAsync(
        DbConnection connection,
        DbTransaction transaction,
        string sql,
        CancellationToken cancellationToken
    )
    {
        await using DbCommand command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Only scripts of this assembly and numbers come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
