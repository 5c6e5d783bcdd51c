using System.Collections.Frozen;
using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Handshake;

/// <summary>2024-11-05: no batches, event ids, audio or completion capability; its own HTTP transport is HTTP+SSE.</summary>
internal static class Rules20241105
{
    public static RevisionRules Rules { get; } =
        Rules20250326.Rules with
        {
            Revision = Revision.V20241105,
            Capabilities =
                """{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"logging":{}}""",
            Batches = false,
            EventIds = false,
            Content = FrozenSet.Create("text", "image", "resource"),
        };
}
