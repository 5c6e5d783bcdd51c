using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Fairlead.Server.Telemetry.Redact;

namespace Fairlead.Server.Services.Api;

/// <summary>
/// What of a definition may be seen, in answers and in the audit. It would rather hide too much: what is sent back as it
/// was shown keeps what is stored.
/// </summary>
internal static partial class ShownValues
{
    /// <summary>Shown instead of a stored value; sent back, it keeps that value.</summary>
    public const string Hidden = "********";

    // Of every mask, ours and that of TextMask.
    private const string Mask = "****";
    private const int LongestPlainHex = 31;

    /// <summary>A variable or header: hidden, unless it is only a reference. A reference's default is a value.</summary>
    public static string OfValue(string value) => OnlyReference().IsMatch(value) ? Reference(value) : Hidden;

    /// <summary>A URL or other text, without what looks like a secret in it.</summary>
    public static string OfText(string text)
    {
        if (OnlyReference().IsMatch(text))
            return Reference(text);
        text = UserInfo().Replace(text, $"://{Hidden}@");
        text = AnyReference().Replace(text, m => Reference(m.Value));
        text = LongWord().Replace(text, m => LooksRandom(m.Value) ? Hidden : m.Value);
        return TextMask.Apply(text)!;
    }

    /// <summary>Arguments: also what follows an option whose name says that it is a secret.</summary>
    public static ImmutableArray<string> OfArgs(ImmutableArray<string> args) =>
        [.. args.Select((arg, i) => OfArg(i == 0 ? null : args[i - 1], arg))];

    /// <summary>The value for a text that may be what was shown.</summary>
    public static string? Kept(string? given, string? stored) =>
        given is not null && stored is not null && given == OfText(stored) ? stored : given;

    /// <summary>
    /// The arguments for those that may be what was shown. A mask stands for a stored argument only behind the argument
    /// it was shown behind: else one option's secret could become another's.
    /// </summary>
    public static ImmutableArray<string> Kept(ImmutableArray<string> given, ImmutableArray<string> stored)
    {
        var shown = OfArgs(stored);
        var free = Enumerable.Range(0, stored.Length).ToList();
        return [.. given.Select((arg, i) => Find(i) is { } j ? stored[j] : arg)];

        int? Find(int i)
        {
            var at = free.FindIndex(j => shown[j] == given[i] && Before(shown, j) == Before(given, i));
            if (at < 0)
                return null;
            var found = free[at];
            free.RemoveAt(at);
            return found;
        }
    }

    /// <summary>Whether a text to be stored still has a mask in it: it stood for nothing we know.</summary>
    public static bool IsMasked(string? text) => text is not null && text.Contains(Mask, StringComparison.Ordinal);

    private static string? Before(ImmutableArray<string> args, int i) => i == 0 ? null : args[i - 1];

    private static string OfArg(string? before, string arg)
    {
        if (before is not null && !arg.StartsWith("--", StringComparison.Ordinal) && TakesASecret(before, arg))
            return OfValue(arg);
        // --key=${NAME}: nothing in it is a secret.
        var equals = arg.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && OnlyReference().IsMatch(arg[(equals + 1)..])
            ? OfText(arg[..equals]) + '=' + Reference(arg[(equals + 1)..])
            : OfText(arg);
    }

    // -p is a password or a port.
    public static bool TakesASecret(string option, string value) =>
        option.StartsWith('-')
        && !option.Contains('=', StringComparison.Ordinal)
        && (
            SecretWords.IsSecretKey(System.Text.Encoding.UTF8.GetBytes(option))
            || (option == "-p" && value.Any(c => !char.IsAsciiDigit(c) && c is not (':' or '.' or '/')))
        );

    private static string Reference(string reference)
    {
        var dash = reference.IndexOf(":-", StringComparison.Ordinal);
        return dash < 0 || dash + 3 >= reference.Length ? reference : $"{reference[..(dash + 2)]}{Hidden}}}";
    }

    // Keys and tokens without a word that names them, also in a path: https://host/s/<token>/mcp.
    public static bool LooksRandom(string word) =>
        word.Any(char.IsAsciiDigit)
        && (
            (word.Any(char.IsAsciiLetterLower) && word.Any(char.IsAsciiLetterUpper))
            || (word.Length > LongestPlainHex && word.All(c => char.IsAsciiHexDigit(c) || c == '-'))
        );

    [GeneratedRegex(@"^\$\{[^}]*\}$", RegexOptions.NonBacktracking)]
    private static partial Regex OnlyReference();

    [GeneratedRegex(@"\$\{[^}]*\}", RegexOptions.NonBacktracking)]
    private static partial Regex AnyReference();

    [GeneratedRegex(@"://[^/?#\s]*@", RegexOptions.NonBacktracking)]
    private static partial Regex UserInfo();

    [GeneratedRegex("[A-Za-z0-9_-]{20,}", RegexOptions.NonBacktracking)]
    private static partial Regex LongWord();
}
