namespace Fairlead.Protocol;

/// <summary>The two ways MCP peers agree on a revision (spec 2026-07-28 basic/versioning, "Terminology").</summary>
public enum Era
{
    /// <summary>Revisions with the <c>initialize</c> handshake: 2024-11-05 … 2025-11-25.</summary>
    Legacy,

    /// <summary>Stateless revisions that carry version and capabilities in every request: 2026-07-28.</summary>
    Modern,
}

/// <summary>A published MCP revision, in order of age.</summary>
public enum Revision
{
    /// <summary>2024-11-05: handshake, HTTP+SSE transport.</summary>
    V20241105,

    /// <summary>2025-03-26: Streamable HTTP, batches.</summary>
    V20250326,

    /// <summary>2025-06-18: version header, structured content, elicitation; no batches.</summary>
    V20250618,

    /// <summary>2025-11-25: the newest legacy revision; SSE polling, URL elicitation.</summary>
    V20251125,

    /// <summary>2026-07-28: the modern, stateless revision.</summary>
    V20260728,
}

/// <summary>Names of revisions on the wire.</summary>
public static class Revisions
{
    private static readonly string[] Names = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

    /// <summary>The newest legacy revision, answered to an <c>initialize</c> that asks for one we do not know.</summary>
    public const Revision NewestLegacy = Revision.V20251125;

    /// <summary>The newest revision we speak.</summary>
    public const Revision Newest = Revision.V20260728;

    /// <summary>All revisions, the newest first, as a JSON array of their names.</summary>
    public static string AllAsJson { get; } = $"[{string.Join(',', Names.Reverse().Select(n => $"\"{n}\""))}]";

    /// <summary>The revision's name on the wire, e.g. <c>2026-07-28</c>.</summary>
    public static string Wire(this Revision revision) => Names[(int)revision];

    /// <summary>The era a revision belongs to.</summary>
    public static Era Era(this Revision revision) =>
        revision >= Revision.V20260728 ? Protocol.Era.Modern : Protocol.Era.Legacy;

    /// <summary>Finds a revision by its wire name; case-sensitive (R23).</summary>
    /// <returns>False when the name is none of the published ones.</returns>
    public static bool TryParse(ReadOnlySpan<char> wire, out Revision revision)
    {
        for (var i = 0; i < Names.Length; i++)
        {
            if (wire.SequenceEqual(Names[i]))
            {
                revision = (Revision)i;
                return true;
            }
        }
        revision = default;
        return false;
    }
}
