using System.Collections.Frozen;
using System.Text.Json;
using Fairlead.Toolkit.Protection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Server.Tools;

/// <summary>What becomes of an argument in which SQL was found.</summary>
internal enum SqlDecision
{
    /// <summary>The call is refused.</summary>
    Block,

    /// <summary>The finding is logged and the tool runs.</summary>
    Log,
}

/// <summary>How native tools are run.</summary>
internal sealed record ToolsOptions
{
    /// <summary>
    /// What becomes of SQL in arguments marked <c>[SqlSensitive]</c>: <c>Block</c> (default) refuses the call,
    /// <c>Log</c> lets it run (P-87, C-35).
    /// </summary>
    public SqlDecision SqlScreen { get; init; } = SqlDecision.Block;
}

/// <summary>The screen of arguments marked <c>[SqlSensitive]</c>.</summary>
internal sealed partial class SqlGuard(ToolsOptions options, ILogger<SqlGuard> logger)
{
    /// <summary>Where nobody set anything: it refuses.</summary>
    public static readonly SqlGuard Default = new(new ToolsOptions(), NullLogger<SqlGuard>.Instance);

    /// <summary>What is wrong with the arguments; null where the tool may run.</summary>
    public string? Mistake(string tool, JsonElement arguments, FrozenSet<string> marked)
    {
        if (marked.Count == 0 || Find(arguments, null, marked) is not ({ } path, { } sql))
            return null;
        if (options.SqlScreen == SqlDecision.Block)
            return $"The parameter '{path}' must not hold '{sql}': it is screened for SQL.";
        LogFound(tool, path, sql);
        return null;
    }

    // A mark on a parameter holds for everything in it.
    private static (string? Path, string? Sql) Find(JsonElement value, string? path, FrozenSet<string>? marked)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String when marked is null:
                return (path, SqlScreen.Find(value.GetString()));
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    var below = marked?.Contains(member.Name) == true ? null : marked;
                    var at = path is null ? member.Name : $"{path}.{member.Name}";
                    if (Find(member.Value, at, below) is (_, not null) found)
                        return found;
                }
                break;
            case JsonValueKind.Array:
                foreach (var (i, item) in value.EnumerateArray().Index())
                {
                    if (Find(item, $"{path}[{i}]", marked) is (_, not null) found)
                        return found;
                }
                break;
        }
        return default;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tool {Tool} was given SQL in {Path}: {Sql}")]
    private partial void LogFound(string tool, string path, string sql);
}
