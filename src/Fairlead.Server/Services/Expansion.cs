using System.Text.RegularExpressions;

namespace Fairlead.Server.Services;

/// <summary>
/// Puts variables into a definition when a service starts; what is stored keeps the reference, so a rotated secret
/// needs no edit. Forms: <c>${NAME}</c>, <c>${NAME:-default}</c>, <c>${env:NAME}</c>, <c>${env:NAME:-default}</c>;
/// <c>${secret:NAME}</c> is a secret of the store, <c>${FAIRLEAD_DATA}</c> the data directory. A <c>$</c> elsewhere stays,
/// so a script among the arguments keeps its own <c>${name#pattern}</c>.
/// </summary>
internal static partial class Expansion
{
    public const string DataDirectory = "FAIRLEAD_DATA";

    /// <summary>
    /// A variable of the gateway's environment; null for its own settings and credentials. A definition comes from a file as
    /// often as not: what it sends away or hands to a program must not be the gateway's keys.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="environment">The gateway's environment.</param>
    public static string? Variable(string name, Func<string, string?> environment) =>
        name.StartsWith("FAIRLEAD__", StringComparison.OrdinalIgnoreCase)
        || name is "FAIRLEAD_MASTER_KEY_FILE" or "FAIRLEAD_ADMIN_PASSWORD" or "FAIRLEAD_DEFAULT_KEY"
            ? null
            : environment(name);

    /// <summary>The text with its variables replaced.</summary>
    /// <param name="text">The text as stored.</param>
    /// <param name="lookup">Value of a variable, or null when it is not set.</param>
    /// <param name="missing">Gets the names that have neither value nor default; they become empty.</param>
    public static string Expand(string text, Func<string, string?> lookup, ICollection<string> missing)
    {
        return text.Contains("${", StringComparison.Ordinal)
            ? Reference().Replace(text, match => Value(match, lookup, missing))
            : text;
    }

    private static string Value(Match reference, Func<string, string?> lookup, ICollection<string> missing)
    {
        var name = reference.Groups["name"].Value;
        var otherwise = reference.Groups["default"];
        // As in a shell, the default also stands in for an empty value.
        if (lookup(name) is { } value && (value.Length > 0 || !otherwise.Success))
            return value;
        if (otherwise.Success)
            return otherwise.Value;
        missing.Add(name);
        return "";
    }

    [GeneratedRegex(
        @"\$\{(?:env:)?(?<name>[A-Za-z_][A-Za-z0-9_.-]*|(?:secret|input):[^}]+?)(?::-(?<default>[^}]*))?\}",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Reference();
}
