using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Handshake;

/// <summary>2025-06-18: no empty first event and no polling (both came with 2025-11-25).</summary>
internal static class Rules20250618
{
    public static RevisionRules Rules { get; } =
        Rules20251125.Rules with
        {
            Revision = Revision.V20250618,
            Polling = false,
        };
}
