using System.Reflection;
using System.Text.RegularExpressions;

namespace Fairlead.Architecture.Rules;

/// <summary>The fixed words: names of types say what a thing is, and one thing has one name.</summary>
internal static partial class Vocabulary
{
    private const BindingFlags Declared =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Instance
        | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    /// <summary>Types named by a word that tells nothing; <c>Service</c> means an upstream server, in its room only.</summary>
    public static IReadOnlyList<string> CheckSuffixes(IEnumerable<Type> types) =>
        [
            .. types
                .Where(t => EmptyWord().IsMatch(Plain(t)) || (ServiceWord().IsMatch(Plain(t)) && !InServicesRoom(t)))
                .Select(t => $"{t.FullName}: the suffix says nothing; name what it is or does"),
        ];

    /// <summary>Types and members named by a word that the product has another word for.</summary>
    public static IReadOnlyList<string> CheckWords(IEnumerable<Type> types) =>
        [
            .. types.SelectMany(t =>
                t.GetMembers(Declared)
                    .Select(m => m.Name)
                    .Append(t.FullName!)
                    .Where(n => ForeignWord().IsMatch(n))
                    .Select(n => $"{t.FullName}: {n} (say console, or group)")
            ),
        ];

    private static string Plain(Type type) => type.Name.Split('`')[0];

    private static bool InServicesRoom(Type type) =>
        (type.Namespace + ".").StartsWith("Fairlead.Server.Services.", StringComparison.Ordinal);

    [GeneratedRegex("(Manager|Helpers?|Utils?|Utility|Utilities)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EmptyWord();

    [GeneratedRegex("Services?$", RegexOptions.None, 1000)]
    private static partial Regex ServiceWord();

    [GeneratedRegex("dashboard|virtual_?server", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex ForeignWord();
}
