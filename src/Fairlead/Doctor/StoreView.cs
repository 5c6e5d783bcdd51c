using System.Data.Common;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Postgres;
using Fairlead.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Fairlead.Doctor;

/// <summary>The store, looked into without changing it or its files, whether a gateway runs on it or not.</summary>
internal sealed class StoreView : IAsyncDisposable
{
    private readonly DbConnection connection;
    private readonly IStoreEngine? engine;

    private StoreView(DbConnection connection, IStoreEngine? engine) =>
        (this.connection, this.engine) = (connection, engine);

    /// <exception cref="DbException">It cannot be opened.</exception>
    /// <exception cref="StoreException">Its settings are wrong, or the system has no SQLite.</exception>
    public static async Task<StoreView> OpenAsync(Site site, CancellationToken cancellationToken)
    {
        if (!site.IsSqlite)
        {
            var postgres = new PostgresEngine(site.Storage.ConnectionString);
            try
            {
                return new(await postgres.OpenAsync(cancellationToken), postgres);
            }
            catch
            {
                await postgres.DisposeAsync();
                throw;
            }
        }
        SystemSqlite.Bind();
        // With no log beside it the file is complete. Read as immutable it gets none: made by another user, root for
        // instance, a log would lock the gateway out.
        var file = File.Exists(site.StoreFile + "-wal")
            ? site.StoreFile
            : $"{new Uri(site.StoreFile).AbsoluteUri}?immutable=1";
        var sqlite = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = file,
                Mode = SqliteOpenMode.ReadOnly,
                Pooling = false,
                DefaultTimeout = 5,
            }.ToString()
        );
        try
        {
            await sqlite.OpenAsync(cancellationToken);
            return new(sqlite, null);
        }
        catch
        {
            await sqlite.DisposeAsync();
            throw;
        }
    }

    public async Task<object?> ScalarAsync(string sql, CancellationToken cancellationToken) =>
        await RowsAsync(sql, static row => row.GetValue(0), cancellationToken) is [var first, ..] ? first : null;

    public async Task<IReadOnlyList<T>> RowsAsync<T>(
        string sql,
        Func<DbDataReader, T> read,
        CancellationToken cancellationToken
    )
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of the checks come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>Version of the schema; 0 for an empty store.</summary>
    public async Task<int> SchemaVersionAsync(CancellationToken cancellationToken)
    {
        var there = engine is null
            ? "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'"
            : "SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_version')";
        return Number(await ScalarAsync(there, cancellationToken)) == 0
            ? 0
            : Number(await ScalarAsync("SELECT coalesce(max(version), 0) FROM schema_version", cancellationToken));
    }

    public static int Number(object? value) =>
        Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        if (engine is not null)
            await engine.DisposeAsync();
    }
}
