using System.Collections.Frozen;
using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Handshake;

/// <summary>
/// What a handshake revision does differently, seen from the gateway as a server. Each revision says in its own file
/// how it differs from the next newer one; nothing else asks for a revision by name.
/// </summary>
internal sealed record RevisionRules
{
    public required Revision Revision { get; init; }

    /// <summary>The <c>capabilities</c> of <c>initialize</c>: what the gateway offers, whoever is behind it (R49).</summary>
    public required string Capabilities { get; init; }

    /// <summary>Whether one message may be an array of several.</summary>
    public required bool Batches { get; init; }

    /// <summary>Whether events carry ids, by which a cut stream is resumed.</summary>
    public required bool EventIds { get; init; }

    /// <summary>Whether a stream begins with an empty event and may be closed early for the client to poll.</summary>
    public required bool Polling { get; init; }

    /// <summary>Types of content blocks that a client of the revision can read.</summary>
    public required FrozenSet<string> Content { get; init; }

    /// <summary>The rules of a handshake revision.</summary>
    public static RevisionRules Of(Revision revision) =>
        revision switch
        {
            Revision.V20241105 => Rules20241105.Rules,
            Revision.V20250326 => Rules20250326.Rules,
            Revision.V20250618 => Rules20250618.Rules,
            _ => Rules20251125.Rules,
        };

    /// <summary>The revision to speak with a client that asks for one: that, where we know it, else the newest (§2.6).</summary>
    public static RevisionRules Agreed(string requested) =>
        Revisions.TryParse(requested, out var revision) && revision.Era() == Era.Legacy
            ? Of(revision)
            : Of(Revisions.NewestLegacy);
}
