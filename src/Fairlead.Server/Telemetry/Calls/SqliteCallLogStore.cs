using System.Globalization;
using System.Text;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Fairlead.Server.Telemetry.Calls;

/// <summary>
/// A SQLite file per UTC day in one folder. While a day is open it has the integer key and a time index only: each
/// further index would cost more than the row. Dropping a day is deleting its file.
/// </summary>
internal sealed class SqliteCallLogStore(string folder) : ICallLogStore
{
    private const string Prefix = "calls-";
    private const string Suffix = ".db";

    // synchronous=NORMAL: a power cut may cost the last commits, never the file; that is the promise for this log.
    private const string OpenSql = """
        PRAGMA busy_timeout=10000;
        PRAGMA journal_mode=WAL;
        PRAGMA synchronous=NORMAL;
        PRAGMA wal_autocheckpoint=4000;
        CREATE TABLE IF NOT EXISTS mcp_call_logs(
          id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, request_id TEXT NOT NULL, method TEXT NOT NULL,
          tool_name TEXT, group_id TEXT, service_id TEXT, caller_app_id TEXT, user_id TEXT, success INTEGER NOT NULL,
          error_code INTEGER NOT NULL, error_message TEXT, duration_ms REAL NOT NULL, request_data TEXT,
          response_data TEXT);
        CREATE INDEX IF NOT EXISTS idx_time ON mcp_call_logs(created_at);
        """;

    private const string InsertSql =
        $"INSERT INTO mcp_call_logs({CallLogSql.Columns}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

    private static readonly CallLogDialect Dialect = new(CallLogSql.Columns, t => Micros(t));

    // What the statement holds from the row before: most rows name the same tool, group and caller.
    private readonly string?[] bound = new string?[16];
    private readonly byte[] text = new byte[16 * 1024];
    private sqlite3? writer;
    private sqlite3_stmt? insert;
    private DateOnly open;
    private long lastId;

    public void Write(ReadOnlySpan<CallLogRow> rows, DateOnly day)
    {
        try
        {
            Open(day);
            Check(raw.sqlite3_exec(writer, "BEGIN IMMEDIATE"));
            foreach (ref readonly var row in rows)
                Insert(in row);
            Check(raw.sqlite3_exec(writer, "COMMIT"));
        }
        catch
        {
            // Rolls back; the next commit opens anew and reads the last id again.
            Shut();
            throw;
        }
    }

    public IReadOnlyList<DateOnly> Days()
    {
        if (!Directory.Exists(folder))
            return [];
        var days = new List<DateOnly>();
        foreach (var path in Directory.EnumerateFiles(folder, Prefix + "*" + Suffix))
        {
            var name = Path.GetFileNameWithoutExtension(path)[Prefix.Length..];
            if (
                DateOnly.TryParseExact(
                    name,
                    "yyyy-MM-dd",
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.None,
                    out var day
                )
            )
                days.Add(day);
        }
        return days;
    }

    public void Close(DateOnly day)
    {
        using var closing = Connect(day, SqliteOpenMode.ReadWrite);
        foreach (var (name, on) in CallLogSql.ClosedIndexes)
            Execute(closing, $"CREATE INDEX IF NOT EXISTS {name} ON mcp_call_logs({on})");
        Execute(closing, "PRAGMA wal_checkpoint(TRUNCATE)");
    }

    public void Drop(DateOnly day)
    {
        // The file first: without it the rest is nothing.
        foreach (var ending in (string[])["", "-wal", "-shm"])
            File.Delete(FileOf(day) + ending);
    }

    public async Task<IReadOnlyList<CallLogEntry>> ReadAsync(
        DateOnly day,
        CallLogFilter filter,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var reading = Connect(day, SqliteOpenMode.ReadWrite);
        return await CallLogSql.ReadAsync(reading, Dialect, day, filter, limit, cancellationToken);
    }

    public void Dispose() => Shut();

    private static long Micros(DateTimeOffset time) =>
        (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private string FileOf(DateOnly day) => Path.Combine(folder, Prefix + CallLogIds.Text(day) + Suffix);

    // Rows are never deleted one by one, so the last place is the count.
    public long Rows(DateOnly day)
    {
        using var counting = Connect(day, SqliteOpenMode.ReadWrite);
        return CallLogIds.Place(LastId(counting, day));
    }

    private void Open(DateOnly day)
    {
        if (writer is not null && open == day)
            return;
        Shut();
        DataFolder.Ensure(folder);
        DataFolder.EnsurePrivate(FileOf(day));
        using (var preparing = Connect(day, SqliteOpenMode.ReadWriteCreate))
            lastId = LastId(preparing, day);
        Check(raw.sqlite3_open_v2(FileOf(day), out writer, raw.SQLITE_OPEN_READWRITE, null));
        Check(raw.sqlite3_exec(writer, OpenSql));
        Check(raw.sqlite3_prepare_v2(writer, InsertSql, out insert));
        open = day;
    }

    private void Shut()
    {
        insert?.Dispose();
        insert = null;
        // A new statement holds nulls.
        Array.Clear(bound);
        writer?.Dispose();
        writer = null;
    }

    private SqliteConnection Connect(DateOnly day, SqliteOpenMode mode)
    {
        SystemSqlite.Bind();
        var source = new SqliteConnectionStringBuilder
        {
            DataSource = FileOf(day),
            Mode = mode,
            // A pooled connection would keep the file of a dropped day.
            Pooling = false,
        };
        var opened = new SqliteConnection(source.ToString());
        opened.Open();
        // Also when reading: a crash may have left a file without its table.
        Execute(opened, OpenSql);
        return opened;
    }

    private static void Execute(SqliteConnection on, string sql)
    {
        using var command = on.CreateCommand();
#pragma warning disable CA2100 // all texts are constants of this file
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static long LastId(SqliteConnection on, DateOnly day)
    {
        using var command = on.CreateCommand();
        command.CommandText = "SELECT max(id) FROM mcp_call_logs";
        return command.ExecuteScalar() is long id ? id : CallLogIds.Floor(day);
    }

    // The library's own calls, not commands of the ADO layer: those cost more than the row.
    private void Insert(in CallLogRow row)
    {
        var s = insert!;
        raw.sqlite3_bind_int64(s, 1, lastId + 1);
        raw.sqlite3_bind_int64(s, 2, Micros(row.At));
        Span<byte> id = stackalloc byte[36];
        row.RequestId.TryFormat(id, out _);
        raw.sqlite3_bind_text(s, 3, id);
        Bind(4, row.Method);
        Bind(5, row.Name);
        Bind(6, row.GroupId);
        Bind(7, row.ServiceId);
        Bind(8, row.CallerAppId);
        Bind(9, row.UserId);
        raw.sqlite3_bind_int(s, 10, row.Success ? 1 : 0);
        raw.sqlite3_bind_int(s, 11, row.ErrorCode);
        Bind(12, row.ErrorMessage);
        raw.sqlite3_bind_double(s, 13, row.DurationMicroseconds / 1000.0);
        Bind(14, row.RequestBody);
        Bind(15, row.ResponseBody);
        var result = raw.sqlite3_step(s);
        raw.sqlite3_reset(s);
        if (result != raw.SQLITE_DONE)
            Check(result);
        lastId++;
    }

    private void Bind(int index, string? value)
    {
        if (ReferenceEquals(bound[index], value))
            return;
        bound[index] = value;
        if (value is null)
            raw.sqlite3_bind_null(insert!, index);
        else if (Encoding.UTF8.TryGetBytes(value, text, out var n))
            raw.sqlite3_bind_text(insert!, index, text.AsSpan(0, n));
        else
            raw.sqlite3_bind_text(insert!, index, Encoding.UTF8.GetBytes(value));
    }

    private void Bind(int index, byte[]? value)
    {
        if (value is null)
            raw.sqlite3_bind_null(insert!, index);
        else
            raw.sqlite3_bind_text(insert!, index, value.AsSpan());
    }

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            throw new SqliteException(raw.sqlite3_errmsg(writer).utf8_to_string(), result);
    }
}
