using System.Collections.Frozen;
using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Handshake;

/// <summary>2025-03-26: batches (gone with 2025-06-18); no resource links in results.</summary>
internal static class Rules20250326
{
    public static RevisionRules Rules { get; } =
        Rules20250618.Rules with
        {
            Revision = Revision.V20250326,
            Batches = true,
            Content = FrozenSet.Create("text", "image", "audio", "resource"),
        };
}
