using System.Collections.Frozen;
using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Handshake;

/// <summary>2025-11-25, the newest revision with a handshake: streams may be polled.</summary>
internal static class Rules20251125
{
    public static RevisionRules Rules { get; } =
        new()
        {
            Revision = Revision.V20251125,
            Capabilities =
                """{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"completions":{},"logging":{}}""",
            Batches = false,
            EventIds = true,
            Polling = true,
            Content = FrozenSet.Create("text", "image", "audio", "resource", "resource_link"),
        };
}
