using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Telemetry;

/// <summary>The table of the audit trail: <c>audit.db</c> beside the SQLite store, or a table of PostgreSQL.</summary>
internal sealed class AuditStore(IStoreEngine engine, bool ownsEngine) : IAsyncDisposable
{
    private const string Columns =
        "node, seq, at, user_id, action, resource, result, ip_address, details, key_id, previous, hash";
    private volatile bool ready;

    /// <summary>Fixed width, UTC: sorts as text.</summary>
    public static string Stamp(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    /// <summary>Adds the row that <paramref name="make"/> builds on the node's last one, in one transaction.</summary>
    public async Task AppendAsync(string node, Func<AuditRow?, AuditRow> make, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await OpenAsync(cancellationToken);
        await using DbTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Another process with this node's name is a mistake, but one that must not break the chain.
        if (engine.TurnSql.Length > 0)
        {
            await using DbCommand turn = Command(connection, engine.TurnSql, ("name", "audit " + node));
            await turn.ExecuteNonQueryAsync(cancellationToken);
        }
        AuditRow? tail = null;
        await using (
            DbCommand select = Command(
                connection,
                $"SELECT {Columns} FROM audit_log WHERE node = @node ORDER BY seq DESC LIMIT 1",
                ("node", node)
            )
        )
        {
            await using DbDataReader reader = await select.ExecuteReaderAsync(cancellationToken);
            if (await reader.ReadAsync(cancellationToken))
                tail = Row(reader);
        }
        AuditRow row = make(tail);
        await using DbCommand insert = Command(
            connection,
            $"INSERT INTO audit_log ({Columns}) VALUES (@node, @seq, @at, @user, @action, @resource, @result, @ip, @details, @key, @previous, @hash)",
            ("node", row.Node),
            ("seq", row.Seq),
            ("at", Stamp(row.Record.At)),
            ("user", row.Record.UserId),
            ("action", row.Record.Action),
            ("resource", row.Record.Resource),
            ("result", row.Record.Result),
            ("ip", row.Record.IpAddress),
            ("details", row.Record.Details),
            ("key", row.KeyId),
            ("previous", row.Previous),
            ("hash", row.Hash)
        );
        await insert.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>All records, node by node in order.</summary>
    public async IAsyncEnumerable<AuditRow> ReadChainsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await using DbConnection connection = await OpenAsync(cancellationToken);
        await using DbCommand command = Command(connection, $"SELECT {Columns} FROM audit_log ORDER BY node, seq");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            yield return Row(reader);
    }

    /// <summary>One page, newest first, and how many there are in all.</summary>
    public async Task<(IReadOnlyList<AuditRow> Rows, int Total)> ReadAsync(
        AuditQuery query,
        int skip,
        int take,
        CancellationToken cancellationToken
    )
    {
        List<string> conditions = [];
        List<(string, object?)> parameters = [];
        Add("action", "=", query.Action);
        Add("user_id", "=", query.UserId);
        Add("result", "=", query.Result);
        Add("at", ">=", query.From is { } from ? Stamp(from) : null, "since");
        Add("at", "<", query.To is { } to ? Stamp(to) : null, "until");
        string where = conditions.Count == 0 ? "" : " WHERE " + string.Join(" AND ", conditions);

        await using DbConnection connection = await OpenAsync(cancellationToken);
        await using DbCommand count = Command(connection, "SELECT count(*) FROM audit_log" + where, [.. parameters]);
        int total = Convert.ToInt32(await count.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
        await using DbCommand page = Command(
            connection,
            $"SELECT {Columns} FROM audit_log{where} ORDER BY at DESC, node, seq DESC LIMIT @take OFFSET @skip",
            [.. parameters, ("take", take), ("skip", skip)]
        );
        await using DbDataReader reader = await page.ExecuteReaderAsync(cancellationToken);
        List<AuditRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(Row(reader));
        return (rows, total);

        void Add(string column, string comparison, string? value, string? parameter = null)
        {
            if (value is null)
                return;
            conditions.Add($"{column} {comparison} @{parameter ?? column}");
            parameters.Add((parameter ?? column, value));
        }
    }

    public ValueTask DisposeAsync() => ownsEngine ? engine.DisposeAsync() : ValueTask.CompletedTask;

    private async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        DbConnection connection = await engine.OpenAsync(cancellationToken);
        if (ready)
            return connection;
        try
        {
            await using DbTransaction transaction = await engine.BeginMigrationAsync(connection, cancellationToken);
            await using DbCommand command = Command(
                connection,
                """
                CREATE TABLE IF NOT EXISTS audit_log (
                    node       varchar(100) NOT NULL,
                    seq        bigint       NOT NULL,
                    at         varchar(40)  NOT NULL,
                    user_id    varchar(100) NOT NULL,
                    action     varchar(100) NOT NULL,
                    resource   text         NOT NULL,
                    result     varchar(100) NOT NULL,
                    ip_address varchar(60),
                    details    text,
                    key_id     varchar(16)  NOT NULL,
                    previous   varchar(64)  NOT NULL,
                    hash       varchar(64)  NOT NULL,
                    PRIMARY KEY (node, seq)
                );
                CREATE INDEX IF NOT EXISTS idx_audit_at ON audit_log (at)
                """
            );
            command.Transaction = transaction;
            await command.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            ready = true;
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static DbCommand Command(
        DbConnection connection,
        string sql,
        params ReadOnlySpan<(string Name, object? Value)> parameters
    )
    {
        DbCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Column names and operators of this file; every value is a parameter.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object? value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }
        return command;
    }

    private static AuditRow Row(DbDataReader row) =>
        new(
            row.GetString(0),
            row.GetInt64(1),
            new AuditRecord
            {
                At = DateTimeOffset.Parse(row.GetString(2), CultureInfo.InvariantCulture),
                UserId = row.GetString(3),
                Action = row.GetString(4),
                Resource = row.GetString(5),
                Result = row.GetString(6),
                IpAddress = row.IsDBNull(7) ? null : row.GetString(7),
                Details = row.IsDBNull(8) ? null : row.GetString(8),
            },
            row.GetString(9),
            row.GetString(10),
            row.GetString(11)
        );
}
