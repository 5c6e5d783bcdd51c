using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Fairlead.Server.Storage.Sqlite;

/// <summary>One SQLite file in WAL mode; an acknowledged write has reached the disk.</summary>
internal sealed class SqliteEngine : IStoreEngine
{
    private readonly string connectionString;
    private int walSet;

    public SqliteEngine(string file)
    {
        SystemSqlite.Bind();
        Location = Path.GetFullPath(file);
        DataFolder.Ensure(Path.GetDirectoryName(Location)!);
        DataFolder.EnsurePrivate(Location);
        connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = Location,
            ForeignKeys = true,
            DefaultTimeout = 10,
        }.ToString();
    }

    public string ScriptFolder => "Storage.Sqlite";
    public string Location { get; }
    public string NotifySql => "";
    public string TurnSql => "";

    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            await using SqliteCommand command = connection.CreateCommand();
            // The journal mode is kept in the file; the rest belongs to the connection.
            command.CommandText =
                (Interlocked.Exchange(ref walSet, 1) == 0 ? "PRAGMA journal_mode=WAL;" : "")
                + "PRAGMA busy_timeout=10000;PRAGMA synchronous=FULL;";
            await command.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }
        catch
        {
            walSet = 0;
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task<int> ReadSchemaVersionAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";
        if ((long)(await command.ExecuteScalarAsync(cancellationToken))! == 0)
            return 0;
        command.CommandText = "SELECT coalesce(max(version), 0) FROM schema_version";
        return (int)(long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

#pragma warning disable CA1849 // Only the blocking overloads know "deferred"; SQLite has no other kind underneath.
    // IMMEDIATE takes the one write lock at once.
    public Task<DbTransaction> BeginMigrationAsync(DbConnection connection, CancellationToken cancellationToken) =>
        Task.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: false));

    public ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken) =>
        new(((SqliteConnection)connection).BeginTransaction(IsolationLevel.Serializable, deferred: true));
#pragma warning restore CA1849

    public void Configure(DbContextOptionsBuilder builder, DbConnection connection) => builder.UseSqlite(connection);

    public Task ListenAsync(Action changed, CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearPool(new SqliteConnection(connectionString));
        return ValueTask.CompletedTask;
    }
}
