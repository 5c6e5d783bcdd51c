using System.Data.Common;
using Fairlead.Server.Storage;

namespace Fairlead.Server.State;

/// <summary>
/// The two tables of state by raw ADO: tools change state during calls, so neither Entity Framework nor the epoch of the
/// configuration is touched. A change is written only over the version it was made from.
/// </summary>
internal sealed class StateRows(IStoreEngine engine)
{
    /// <summary>The first column of the first row; null where there is none.</summary>
    public async Task<object?> ScalarAsync(
        string sql,
        CancellationToken cancellationToken,
        params (string Name, object Value)[] values
    )
    {
        await using var connection = await engine.OpenAsync(cancellationToken);
        await using var command = Command(connection, sql, values);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>How many rows it touched.</summary>
    public async Task<int> ExecuteAsync(
        string sql,
        CancellationToken cancellationToken,
        params (string Name, object Value)[] values
    )
    {
        await using var connection = await engine.OpenAsync(cancellationToken);
        await using var command = Command(connection, sql, values);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>All rows: a name, a version and a text.</summary>
    public async Task<List<(string Name, long Version, string Text)>> ReadAsync(
        string sql,
        CancellationToken cancellationToken,
        params (string Name, object Value)[] values
    )
    {
        await using var connection = await engine.OpenAsync(cancellationToken);
        await using var command = Command(connection, sql, values);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(string, long, string)>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add((reader.GetString(0), reader.GetInt64(1), reader.GetString(2)));
        return rows;
    }

    private static DbCommand Command(DbConnection connection, string sql, (string Name, object Value)[] values)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Literals of this room; values are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
