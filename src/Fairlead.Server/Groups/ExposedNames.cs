using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Groups;

/// <summary>A thing that wants a name in a group. <paramref name="Service"/> is null for a native tool.</summary>
internal readonly record struct NameWish(string? Service, string UpstreamName);

/// <summary>
/// Gives exposed names in a group (design.md "Exposed names"). Pure: the same taken names and wishes give the same
/// answer, on any node and after any restart.
/// </summary>
internal static class ExposedNames
{
    /// <summary>Longest name of a tool or prompt (security.md section 2).</summary>
    public const int MaxLength = 64;

    /// <summary>Names with this start belong to the gateway's own tools.</summary>
    public const string ReservedPrefix = "fairlead_";

    /// <summary>The tool that finds tools, in groups that list none.</summary>
    public const string FindTools = "find_tools";

    /// <summary>The tool that calls what was found.</summary>
    public const string CallTool = "call_tool";

    private const string ReservedScheme = "fairlead+";
    private const int HashDigits = 10;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
    );

    /// <summary>
    /// One name per wish, in order. <paramref name="taken"/> holds every name of this kind in the group, tombstones
    /// included; none of them is ever given again.
    /// </summary>
    public static IReadOnlyList<string> Assign(ItemKind kind, IEnumerable<string> taken, IReadOnlyList<NameWish> wishes)
    {
        bool uri = kind is ItemKind.Resource or ItemKind.ResourceTemplate;
        // A model cannot tell Read from read; a server can tell file:///A from file:///a.
        var used = new HashSet<string>(taken, uri ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
        var names = new string[wishes.Count];
        for (int i = 0; i < names.Length; i++)
        {
            string name = (uri ? UriCandidates(wishes[i]) : NameCandidates(wishes[i])).First(c => !used.Contains(c));
            used.Add(name);
            names[i] = name;
        }
        return names;
    }

    /// <summary>Whether <paramref name="name"/> may be exposed as it is: <c>^[A-Za-z0-9_-]{1,64}$</c>, not reserved.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength
        && !name.AsSpan().ContainsAnyExcept(NameCharacters)
        && !name.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a group that lists no tools has a tool of its own of this name.</summary>
    public static bool IsOfFinder(string name) =>
        name.Equals(FindTools, StringComparison.OrdinalIgnoreCase)
        || name.Equals(CallTool, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> NameCandidates(NameWish wish)
    {
        if (IsValid(wish.UpstreamName))
            yield return wish.UpstreamName;
        string qualified = Sanitise($"{wish.Service ?? "native"}_{wish.UpstreamName}");
        if (qualified.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase))
            qualified = "svc_" + qualified;
        if (qualified.Length <= MaxLength)
            yield return qualified;
        string head = qualified[..Math.Min(qualified.Length, MaxLength - HashDigits - 1)];
        for (int round = 0; ; round++)
            yield return $"{head}_{Hash(wish, round)}";
    }

    private static IEnumerable<string> UriCandidates(NameWish wish)
    {
        if (!wish.UpstreamName.StartsWith(ReservedScheme, StringComparison.OrdinalIgnoreCase))
            yield return wish.UpstreamName;
        // A URI scheme has no underscore and no upper case: clients that parse it would change it.
        string service = (wish.Service ?? "native").ToLowerInvariant().Replace('_', '-');
        yield return $"{ReservedScheme}{service}:{wish.UpstreamName}";
        for (int round = 0; ; round++)
            yield return $"{ReservedScheme}{service}-{Hash(wish, round)}:{wish.UpstreamName}";
    }

    private static string Sanitise(string text) =>
        string.Create(
            text.Length,
            text,
            static (span, source) =>
            {
                for (int i = 0; i < span.Length; i++)
                    span[i] = NameCharacters.Contains(source[i]) ? source[i] : '_';
            }
        );

    private static string Hash(NameWish wish, int round)
    {
        byte[] input = Encoding.UTF8.GetBytes($"{wish.Service}\n{wish.UpstreamName}\n{round}");
        return Convert.ToHexStringLower(SHA256.HashData(input))[..HashDigits];
    }
}
