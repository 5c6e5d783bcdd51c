using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Telemetry;

/// <summary>The table of the audit trail: <c>audit.db</c> beside the SQLite store, or a table of PostgreSQL.</summary>
internal sealed class AuditStore(IStoreEngine engine, AuditSeal seal, bool ownsEngine) : IAsyncDisposable
{
    private const string Columns =
        "node, seq, at, user_id, action, resource, result, ip_address, details, key_id, previous, hash";
    private const string HeadColumns = "node, first_seq, first_previous, seq, hash, key_id, mac";
    private volatile bool ready;

    /// <summary>Fixed width, UTC: sorts as text.</summary>
    public static string Stamp(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    /// <summary>
    /// Adds the row that <paramref name="make"/> builds on the node's head and last row, and its new head where there is
    /// one, in one transaction. Gives the row's number.
    /// </summary>
    public async Task<long> AppendAsync(
        string node,
        Func<AuditHead?, AuditRow?, (AuditRow Row, AuditHead? Head)> make,
        CancellationToken cancellationToken
    )
    {
        await using DbConnection connection = await OpenAsync(cancellationToken);
        await using DbTransaction transaction = await BeginTurnAsync(connection, node, cancellationToken);
        AuditHead? head = (await HeadsAsync(connection, node, cancellationToken)).SingleOrDefault();
        AuditRow? last = await RowAsync(connection, node, "ORDER BY seq DESC LIMIT 1", cancellationToken);
        (AuditRow row, AuditHead? next) = make(head, last);
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
        if (next is not null)
            await PutAsync(connection, next, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.Seq;
    }

    /// <summary>Drops the node's rows before <paramref name="firstSeq"/>; its head says so from then on.</summary>
    public async Task CutAsync(string node, long firstSeq, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await OpenAsync(cancellationToken);
        await using DbTransaction transaction = await BeginTurnAsync(connection, node, cancellationToken);
        if (
            (await HeadsAsync(connection, node, cancellationToken)).SingleOrDefault() is not { } head
            || !seal.IsSound(head)
            || await RowAsync(connection, node, $"AND seq = {firstSeq}", cancellationToken) is not { } first
        )
            return;
        await PutAsync(connection, seal.Head(node, first.Seq, first.Previous, head.Seq, head.Hash), cancellationToken);
        await using DbCommand delete = Command(
            connection,
            "DELETE FROM audit_log WHERE node = @node AND seq < @seq",
            ("node", node),
            ("seq", first.Seq)
        );
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// All records, node by node in order. <paramref name="heads"/> is filled before the first, from the same moment.
    /// </summary>
    public async IAsyncEnumerable<AuditRow> ReadChainsAsync(
        Dictionary<string, AuditHead> heads,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await using DbConnection connection = await OpenAsync(cancellationToken);
        await using DbTransaction transaction = await engine.BeginReadAsync(connection, cancellationToken);
        foreach (AuditHead head in await HeadsAsync(connection, null, cancellationToken))
            heads[head.Node] = head;
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
                CREATE INDEX IF NOT EXISTS idx_audit_at ON audit_log (at);
                CREATE TABLE IF NOT EXISTS audit_heads (
                    node           varchar(100) NOT NULL PRIMARY KEY,
                    first_seq      bigint       NOT NULL,
                    first_previous varchar(64)  NOT NULL,
                    seq            bigint       NOT NULL,
                    hash           varchar(64)  NOT NULL,
                    key_id         varchar(16)  NOT NULL,
                    mac            varchar(64)  NOT NULL
                )
                """
            );
            command.Transaction = transaction;
            await command.ExecuteNonQueryAsync(cancellationToken);
            await AdoptAsync(connection, cancellationToken);
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

    // Chains written before heads were kept end where they end now.
    private async Task AdoptAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        if ((await HeadsAsync(connection, null, cancellationToken)).Count > 0)
            return;
        List<AuditRow> last = [];
        await using (
            DbCommand command = Command(
                connection,
                $"SELECT {Columns} FROM audit_log a WHERE seq = (SELECT max(seq) FROM audit_log b WHERE b.node = a.node)"
            )
        )
        {
            await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                last.Add(Row(reader));
        }
        foreach (AuditRow row in last)
            await PutAsync(connection, seal.Head(row.Node, 1, AuditSeal.Genesis, row.Seq, row.Hash), cancellationToken);
    }

    // Another process with this node's name is a mistake, but one that must not break the chain.
    private async Task<DbTransaction> BeginTurnAsync(
        DbConnection connection,
        string node,
        CancellationToken cancellationToken
    )
    {
        DbTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (engine.TurnSql.Length > 0)
        {
            await using DbCommand turn = Command(connection, engine.TurnSql, ("name", "audit " + node));
            await turn.ExecuteNonQueryAsync(cancellationToken);
        }
        return transaction;
    }

    private static async Task<AuditRow?> RowAsync(
        DbConnection connection,
        string node,
        string which,
        CancellationToken cancellationToken
    )
    {
        await using DbCommand select = Command(
            connection,
            $"SELECT {Columns} FROM audit_log WHERE node = @node {which}",
            ("node", node)
        );
        await using DbDataReader reader = await select.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Row(reader) : null;
    }

    private static async Task<List<AuditHead>> HeadsAsync(
        DbConnection connection,
        string? node,
        CancellationToken cancellationToken
    )
    {
        await using DbCommand select = node is null
            ? Command(connection, $"SELECT {HeadColumns} FROM audit_heads")
            : Command(connection, $"SELECT {HeadColumns} FROM audit_heads WHERE node = @node", ("node", node));
        await using DbDataReader row = await select.ExecuteReaderAsync(cancellationToken);
        List<AuditHead> heads = [];
        while (await row.ReadAsync(cancellationToken))
            heads.Add(
                new AuditHead(
                    row.GetString(0),
                    row.GetInt64(1),
                    row.GetString(2),
                    row.GetInt64(3),
                    row.GetString(4),
                    row.GetString(5),
                    row.GetString(6)
                )
            );
        return heads;
    }

    private static async Task PutAsync(DbConnection connection, AuditHead head, CancellationToken cancellationToken)
    {
        await using DbCommand put = Command(
            connection,
            $"""
            INSERT INTO audit_heads ({HeadColumns}) VALUES (@node, @first, @before, @seq, @hash, @key, @mac)
            ON CONFLICT (node) DO UPDATE SET first_seq = excluded.first_seq, first_previous = excluded.first_previous,
                seq = excluded.seq, hash = excluded.hash, key_id = excluded.key_id, mac = excluded.mac
            """,
            ("node", head.Node),
            ("first", head.FirstSeq),
            ("before", head.FirstPrevious),
            ("seq", head.Seq),
            ("hash", head.Hash),
            ("key", head.KeyId),
            ("mac", head.Mac)
        );
        await put.ExecuteNonQueryAsync(cancellationToken);
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
