using System.Text.RegularExpressions;

namespace Fairlead.Toolkit.Protection;

/// <summary>
/// Looks for SQL in texts (P-87). A second net only: use parameters in every statement. Mark a tool's parameter
/// <see cref="SqlSensitiveAttribute"/> to have it screened.
/// </summary>
public static partial class SqlScreen
{
    /// <summary>
    /// The first of <c>DROP DELETE UPDATE INSERT EXEC UNION</c> (whole words, upper or lower case), <c>--</c>,
    /// <c>/*</c>, <c>*/</c> or <c>;</c> in a text, as it stands there; null when there is none.
    /// </summary>
    /// <param name="text">Any text; null has none.</param>
    public static string? Find(string? text) =>
        text is not null && Sql().Match(text) is { Success: true } found ? found.Value : null;

    /// <summary>The text without <c>;</c>, quotes (<c>'</c>, <c>"</c>) and backslashes.</summary>
    /// <param name="text">Any text.</param>
    public static string Strip(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Marks().Replace(text, "");
    }

    [GeneratedRegex(
        @"\b(DROP|DELETE|UPDATE|INSERT|EXEC|UNION)\b|--|/\*|\*/|;",
        RegexOptions.IgnoreCase
            | RegexOptions.CultureInvariant
            | RegexOptions.NonBacktracking
            | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Sql();

    [GeneratedRegex("""[;'"\\]""", RegexOptions.NonBacktracking)]
    private static partial Regex Marks();
}
