namespace Fairlead.Server.Gateway;

/// <summary>The eight syslog levels of MCP logging, least severe first.</summary>
internal static class LogLevels
{
    private static readonly string[] Order =
    [
        "debug",
        "info",
        "notice",
        "warning",
        "error",
        "critical",
        "alert",
        "emergency",
    ];

    public static bool IsKnown(string level) => Array.IndexOf(Order, level) >= 0;

    /// <summary>Whether a message of <paramref name="level"/> is at or above the wanted one.</summary>
    public static bool Includes(string wanted, string? level) =>
        level is not null && Array.IndexOf(Order, level) >= Array.IndexOf(Order, wanted);

    /// <summary>The least severe of several levels; null when there is none.</summary>
    public static string? Lowest(IEnumerable<string?> levels) =>
        levels.Where(l => l is not null).MinBy(l => Array.IndexOf(Order, l!));
}
