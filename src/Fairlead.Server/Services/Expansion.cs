using System.Text;

namespace Fairlead.Server.Services;

/// <summary>
/// Puts variables into a definition when a service starts; what is stored keeps the reference, so a rotated secret
/// needs no edit. Forms: <c>${NAME}</c>, <c>${NAME:-default}</c>, <c>${env:NAME}</c>, <c>${env:NAME:-default}</c>;
/// <c>${secret:NAME}</c> is a secret of the store, <c>${FAIRLEAD_DATA}</c> the data directory. A <c>$</c> elsewhere stays.
/// </summary>
internal static class Expansion
{
    public const string DataDirectory = "FAIRLEAD_DATA";
    private const string EnvPrefix = "env:";

    /// <summary>The text with its variables replaced.</summary>
    /// <param name="text">The text as stored.</param>
    /// <param name="lookup">Value of a variable, or null when it is not set.</param>
    /// <param name="missing">Gets the names that have neither value nor default; they become empty.</param>
    public static string Expand(string text, Func<string, string?> lookup, ICollection<string> missing)
    {
        var start = text.IndexOf("${", StringComparison.Ordinal);
        if (start < 0)
            return text;
        var result = new StringBuilder(text.Length);
        var from = 0;
        while (start >= 0)
        {
            var end = text.IndexOf('}', start);
            if (end < 0)
                break;
            result.Append(text, from, start - from);
            result.Append(Value(text[(start + 2)..end], lookup, missing));
            from = end + 1;
            start = text.IndexOf("${", from, StringComparison.Ordinal);
        }
        return result.Append(text, from, text.Length - from).ToString();
    }

    private static string Value(string reference, Func<string, string?> lookup, ICollection<string> missing)
    {
        var dash = reference.IndexOf(":-", StringComparison.Ordinal);
        var name = dash < 0 ? reference : reference[..dash];
        if (name.StartsWith(EnvPrefix, StringComparison.Ordinal))
            name = name[EnvPrefix.Length..];
        // As in a shell, the default also stands in for an empty value.
        if (lookup(name) is { } value && (value.Length > 0 || dash < 0))
            return value;
        if (dash >= 0)
            return reference[(dash + 2)..];
        missing.Add(name);
        return "";
    }
}
