using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fairlead.Server.Storage.Postgres;

/// <summary>
/// PostgreSQL 15 or newer, shared by many nodes. Unless given: database mcp_db of user postgres at localhost:5432 (P-15),
/// pool 5 to 20, command timeout 60 s (P-08).
/// </summary>
internal sealed class PostgresEngine : IStoreEngine
{
    private const string Place = "Host=localhost;Port=5432;Username=postgres;Database=mcp_db";
    private const string Defaults =
        "Minimum Pool Size=5;Maximum Pool Size=20;Command Timeout=60;Application Name=fairlead";
    private const string Channel = "fairlead_epoch";

    // Any fixed number: it names the lock, nothing else in the database uses it.
    private const string MigrationLock = "SELECT pg_advisory_xact_lock(5062143)";
    private readonly NpgsqlDataSource source;

    public PostgresEngine(string? connectionString, TimeProvider? time = null, ILogger? logger = null)
    {
        var given = Read(connectionString);
        source = NpgsqlDataSource.Create(given);
        Sessions = new SessionPool(source, given.MinPoolSize, given.MaxPoolSize, time ?? TimeProvider.System, logger);
        Location = $"PostgreSQL {given.Host}:{given.Port}/{given.Database}";
    }

    /// <summary>Where the database is, of whoever opens connections of his own (P-15).</summary>
    // Ours first: what the operator wrote comes later in the text and wins.
    public static string WithPlace(string? given) => $"{Place};{given}";

    private static NpgsqlConnectionStringBuilder Read(string? connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder($"{Defaults};{WithPlace(connectionString)}");
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new StoreException($"Storage:ConnectionString is not valid: {e.Message}", e);
        }
    }

    public SessionPool Sessions { get; }
    public string ScriptFolder => "Storage.Postgres";
    public string Location { get; }

    /// <summary>The connection string in force, without the password.</summary>
    public string Settings => source.ConnectionString;
    public string NotifySql => $"NOTIFY {Channel}";
    public string TurnSql => "SELECT pg_advisory_xact_lock(hashtext(@name))";

    public ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken) =>
        Sessions.OpenAsync(cancellationToken);

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
