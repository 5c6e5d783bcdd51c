using System.Data.Common;
using System.Text;

namespace Fairlead.Server.Telemetry.Calls;

/// <summary>What reading differs by between the two stores: how a time is kept.</summary>
/// <param name="Columns">The columns in order; <c>created_at</c> as microseconds since 1970, ids as text.</param>
/// <param name="Time">A time as a parameter to compare <c>created_at</c> with.</param>
internal sealed record CallLogDialect(string Columns, Func<DateTimeOffset, object> Time);

/// <summary>The one query both stores answer.</summary>
internal static class CallLogSql
{
    public const string Columns =
        "id, created_at, request_id, method, tool_name, group_id, service_id, caller_app_id, user_id, success, "
        + "error_code, error_message, duration_ms, request_data, response_data";

    /// <summary>Indexes of A-60, built when a day closes: name and columns.</summary>
    public static readonly (string Name, string On)[] ClosedIndexes =
    [
        ("idx_tool_success_time", "tool_name, success, created_at"),
        ("idx_group_time", "group_id, created_at"),
        ("idx_caller_time", "caller_app_id, created_at"),
    ];

    private static readonly string Searched =
        "lower("
        + string.Join(
            " || ' ' || ",
            new[]
            {
                "method",
                "tool_name",
                "caller_app_id",
                "user_id",
                "error_message",
                "request_data",
                "response_data",
            }.Select(static column => $"coalesce(CAST({column} AS text), '')")
        )
        + ")";

    public static async Task<IReadOnlyList<CallLogEntry>> ReadAsync(
        DbConnection connection,
        CallLogDialect dialect,
        DateOnly day,
        CallLogFilter filter,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var command = connection.CreateCommand();
        var sql = new StringBuilder("SELECT ").Append(dialect.Columns).Append(" FROM mcp_call_logs WHERE 1 = 1");
        And("id > @floor", Math.Max(filter.AfterId ?? 0, CallLogIds.Floor(day)));
        And("id < @ceiling", Math.Min(filter.BeforeId ?? long.MaxValue, CallLogIds.Ceiling(day)));
        And("tool_name = @tool", filter.ToolName);
        And("method = @method", filter.Method);
        And("group_id = @group", filter.GroupId);
        And("service_id = @service", filter.ServiceId);
        And("caller_app_id = @caller", filter.CallerAppId);
        And("user_id = @user", filter.UserId);
        And("success = @success", filter.Success);
        And("created_at >= @from", filter.From is { } from ? dialect.Time(from) : null);
        And("created_at < @to", filter.To is { } to ? dialect.Time(to) : null);
        // Not LIKE: what is searched for may hold its wildcards.
        And($"replace({Searched}, lower(@text), '') <> {Searched}", filter.Text);
        And($"TRUE ORDER BY id {(filter.AfterId is null ? "DESC" : "ASC")} LIMIT @limit", limit);
#pragma warning disable CA2100 // made of the constants above; values are parameters
        command.CommandText = sql.ToString();
#pragma warning restore CA2100

        var rows = new List<CallLogEntry>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(Entry(reader));
        return rows;

        void And(string condition, object? value)
        {
            if (value is null)
                return;
            sql.Append(" AND ").Append(condition);
            var parameter = command.CreateParameter();
            var name = condition.AsSpan(condition.IndexOf('@', StringComparison.Ordinal) + 1);
            var end = name.IndexOfAnyExceptInRange('a', 'z');
            parameter.ParameterName = $"@{(end < 0 ? name : name[..end])}";
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }
    }

    private static CallLogEntry Entry(DbDataReader row) =>
        new()
        {
            Id = row.GetInt64(0),
            CreatedAt = DateTimeOffset.UnixEpoch.AddMicroseconds(row.GetInt64(1)),
            RequestId = row.GetString(2),
            Method = row.GetString(3),
            ToolName = Text(row, 4),
            GroupId = Text(row, 5),
            ServiceId = Text(row, 6),
            CallerAppId = Text(row, 7),
            UserId = Text(row, 8),
            Success = row.GetBoolean(9),
            ErrorCode = row.GetInt32(10),
            ErrorMessage = Text(row, 11),
            DurationMs = row.GetDouble(12),
            RequestData = Text(row, 13),
            ResponseData = Text(row, 14),
        };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
