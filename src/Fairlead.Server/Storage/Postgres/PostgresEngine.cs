using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Fairlead.Server.Storage.Postgres;

/// <summary>PostgreSQL 15 or newer, shared by many nodes. Pool 5 to 20, command timeout 60 s unless given (P-08).</summary>
internal sealed class PostgresEngine : IStoreEngine
{
    private const string Channel = "fairlead_epoch";

    // Any fixed number: it names the lock, nothing else in the database uses it.
    private const string MigrationLock = "SELECT pg_advisory_xact_lock(5062143)";
    private readonly NpgsqlDataSource source;

    public PostgresEngine(string connectionString)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        if (!given.ShouldSerialize("Minimum Pool Size"))
            given.MinPoolSize = 5;
        if (!given.ShouldSerialize("Maximum Pool Size"))
            given.MaxPoolSize = 20;
        if (!given.ShouldSerialize("Command Timeout"))
            given.CommandTimeout = 60;
        given.ApplicationName ??= "fairlead";
        source = NpgsqlDataSource.Create(given);
        Location = $"PostgreSQL {given.Host}:{given.Port}/{given.Database}";
    }

    public string ScriptFolder => "Storage.Postgres";
    public string Location { get; }
    public string NotifySql => $"NOTIFY {Channel}";

    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken) =>
        await source.OpenConnectionAsync(cancellationToken);

    public async Task<int> ReadSchemaVersionAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = "SELECT to_regclass('schema_version') IS NOT NULL";
        if (!(bool)(await command.ExecuteScalarAsync(cancellationToken))!)
            return 0;
        command.CommandText = "SELECT coalesce(max(version), 0) FROM schema_version";
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task<DbTransaction> BeginMigrationAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        DbTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using DbCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = MigrationLock;
        await command.ExecuteNonQueryAsync(cancellationToken);
        return transaction;
    }

    public async ValueTask<DbTransaction> BeginReadAsync(
        DbConnection connection,
        CancellationToken cancellationToken
    ) => await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);

    public void Configure(DbContextOptionsBuilder builder, DbConnection connection) => builder.UseNpgsql(connection);

    public async Task ListenAsync(Action changed, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, _) => changed();
        await using (NpgsqlCommand command = connection.CreateCommand())
        {
            command.CommandText = $"LISTEN {Channel}";
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        // What happened while nobody listened.
        changed();
        while (true)
            await connection.WaitAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
