using System.Text.RegularExpressions;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>What a failure is about, by its text (I-21).</summary>
internal enum FailureClass
{
    Database,
    Network,
    Validation,
    Permission,
    Unknown,
}

/// <summary>The patterns in their order: the first that matches wins, so "connection refused" is about a database (I-21).</summary>
internal static partial class FailureClasses
{
    private const RegexOptions Options =
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;

    private static readonly (Regex Pattern, FailureClass Class)[] Order =
    [
        (Database(), FailureClass.Database),
        (Network(), FailureClass.Network),
        (Validation(), FailureClass.Validation),
        (Permission(), FailureClass.Permission),
    ];

    public static FailureClass Of(string text)
    {
        foreach (var (pattern, found) in Order)
        {
            if (pattern.IsMatch(text))
                return found;
        }
        return FailureClass.Unknown;
    }

    /// <summary>By type and message, so that a TimeoutException is a timeout whatever it says.</summary>
    public static FailureClass Of(string type, string message) => Of($"{type}: {message}");

    /// <summary>Whether healing and another try may help (I-22).</summary>
    public static bool IsRecoverable(this FailureClass found) => found is FailureClass.Database or FailureClass.Network;

    [GeneratedRegex("connection|timeout|deadlock", Options)]
    private static partial Regex Database();

    [GeneratedRegex("socket|refused|unreachable", Options)]
    private static partial Regex Network();

    [GeneratedRegex("invalid|missing|required", Options)]
    private static partial Regex Validation();

    [GeneratedRegex("denied|unauthorized|forbidden", Options)]
    private static partial Regex Permission();
}
