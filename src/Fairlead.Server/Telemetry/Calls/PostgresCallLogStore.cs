using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Fairlead.Server.Telemetry.Calls;

/// <summary>
/// A PostgreSQL partition per UTC day, shared by all nodes. Ids are given out by one counter row per day, in the
/// transaction that copies the rows in: no gaps, and the counter is the number of rows.
/// </summary>
internal sealed class PostgresCallLogStore(NpgsqlDataSource source) : ICallLogStore
{
    // Any fixed number: it names the lock under which nodes create and drop, nothing else uses it.
    private const string Lock = "SELECT pg_advisory_xact_lock(5062144)";

    private const string TablesSql = """
        CREATE TABLE IF NOT EXISTS mcp_call_log_days(day date PRIMARY KEY, rows bigint NOT NULL);
        CREATE TABLE IF NOT EXISTS mcp_call_logs(
          id bigint NOT NULL PRIMARY KEY, created_at timestamptz NOT NULL, request_id uuid NOT NULL,
          method text NOT NULL, tool_name text, group_id text, service_id text, caller_app_id varchar(100),
          user_id text, success boolean NOT NULL, error_code integer NOT NULL, error_message text,
          duration_ms double precision NOT NULL, request_data json, response_data json) PARTITION BY RANGE (id);
        """;

    private static readonly CallLogDialect Dialect = new(
        CallLogSql
            .Columns.Replace(
                "created_at",
                "(extract(epoch FROM created_at) * 1000000)::bigint",
                StringComparison.Ordinal
            )
            .Replace("request_id", "request_id::text", StringComparison.Ordinal),
        t => t.UtcDateTime
    );

    private DateOnly ready;
    private volatile bool hasTables;

    public void Write(ReadOnlySpan<CallLogRow> rows, DateOnly day)
    {
        Ready(day);
        using var connection = source.OpenConnection();
        using var transaction = connection.BeginTransaction();
        long last;
        using (var count = connection.CreateCommand())
        {
            count.CommandText = "UPDATE mcp_call_log_days SET rows = rows + $1 WHERE day = $2 RETURNING rows";
            count.Parameters.AddWithValue((long)rows.Length);
            count.Parameters.AddWithValue(day);
            // No row: another node's retention dropped the day; make it anew at the next commit.
            ready = default;
            last = count.ExecuteScalar() is long n
                ? CallLogIds.Floor(day) + n
                : throw new InvalidOperationException($"Day {CallLogIds.Text(day)} of the call log was dropped.");
        }
        using (
            var copy = connection.BeginBinaryImport(
                $"COPY mcp_call_logs({CallLogSql.Columns}) FROM STDIN (FORMAT BINARY)"
            )
        )
        {
            var id = last - rows.Length;
            foreach (ref readonly var row in rows)
                Copy(copy, in row, ++id);
            copy.Complete();
        }
        transaction.Commit();
        ready = day;
    }

    public IReadOnlyList<DateOnly> Days()
    {
        if (!hasTables)
            Change(TablesSql);
        hasTables = true;
        using var connection = source.OpenConnection();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT day FROM mcp_call_log_days";
        using var reader = command.ExecuteReader();
        var days = new List<DateOnly>();
        while (reader.Read())
            days.Add(reader.GetFieldValue<DateOnly>(0));
        return days;
    }

    public long Rows(DateOnly day)
    {
        using var connection = source.OpenConnection();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT rows FROM mcp_call_log_days WHERE day = $1";
        command.Parameters.AddWithValue(day);
        return command.ExecuteScalar() is long rows ? rows : 0;
    }

    public void Close(DateOnly day)
    {
        var sql = new StringBuilder();
        foreach (var (name, on) in CallLogSql.ClosedIndexes)
            sql.Append($"CREATE INDEX IF NOT EXISTS {Partition(day)}_{name} ON {Partition(day)}({on});");
        Change(sql.ToString());
    }

    public void Drop(DateOnly day) =>
        Change(
            $"DROP TABLE IF EXISTS {Partition(day)}; DELETE FROM mcp_call_log_days WHERE day = '{CallLogIds.Text(day)}'"
        );

    public async Task<IReadOnlyList<CallLogEntry>> ReadAsync(
        DateOnly day,
        CallLogFilter filter,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await CallLogSql.ReadAsync(connection, Dialect, day, filter, limit, cancellationToken);
    }

    public void Dispose() => source.Dispose();

    private static string Partition(DateOnly day) => $"mcp_call_logs_{day:yyyyMMdd}";

    private void Ready(DateOnly day)
    {
        if (ready == day || Has(day))
            return;
        if (!hasTables)
            Change(TablesSql);
        hasTables = true;
        // Only while the day is absent: making what is there already would take locks against those who write it.
        Change(
            $"""
            DO $$ BEGIN IF to_regclass('{Partition(day)}') IS NULL THEN
              CREATE TABLE {Partition(day)} PARTITION OF mcp_call_logs
                FOR VALUES FROM ({CallLogIds.Floor(day)}) TO ({CallLogIds.Ceiling(day)});
              CREATE INDEX {Partition(day)}_idx_time ON {Partition(day)}(created_at);
              INSERT INTO mcp_call_log_days(day, rows) VALUES ('{CallLogIds.Text(day)}', 0);
            END IF; END $$
            """
        );
    }

    private bool Has(DateOnly day)
    {
        using var command = source.CreateCommand("SELECT to_regclass($1) IS NOT NULL");
        command.Parameters.AddWithValue(Partition(day));
        return command.ExecuteScalar() is true;
    }

    private void Change(string sql)
    {
        using var connection = source.OpenConnection();
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.CommandText = Lock;
        command.ExecuteNonQuery();
#pragma warning disable CA2100 // made of constants and dates
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private static void Copy(NpgsqlBinaryImporter copy, in CallLogRow row, long id)
    {
        copy.StartRow();
        copy.Write(id, NpgsqlDbType.Bigint);
        copy.Write(row.At.UtcDateTime, NpgsqlDbType.TimestampTz);
        copy.Write(row.RequestId, NpgsqlDbType.Uuid);
        Text(copy, row.Method);
        Text(copy, row.Name);
        Text(copy, row.GroupId);
        Text(copy, row.ServiceId);
        Text(copy, row.CallerAppId);
        Text(copy, row.UserId);
        copy.Write(row.Success, NpgsqlDbType.Boolean);
        copy.Write(row.ErrorCode, NpgsqlDbType.Integer);
        Text(copy, row.ErrorMessage);
        copy.Write(row.DurationMicroseconds / 1000.0, NpgsqlDbType.Double);
        Json(copy, row.RequestBody);
        Json(copy, row.ResponseBody);
    }

    private static void Text(NpgsqlBinaryImporter copy, string? value)
    {
        if (value is null)
            copy.WriteNull();
        else
            copy.Write(value, NpgsqlDbType.Text);
    }

    private static void Json(NpgsqlBinaryImporter copy, byte[]? value)
    {
        if (value is null)
            copy.WriteNull();
        else
            copy.Write(value, NpgsqlDbType.Json);
    }
}
