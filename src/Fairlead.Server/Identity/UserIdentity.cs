using System.Collections.Immutable;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Identity;

/// <summary>A signed-in user and the access token (<c>jti</c>, expiry) that says so.</summary>
internal sealed record UserIdentity(
    UserId Id,
    string Username,
    ImmutableArray<string> Roles,
    string? Tier,
    string TokenId,
    DateTimeOffset ExpiresAt
)
{
    public bool IsAdmin => Roles.Contains(IdentityFeature.AdminRole);
}

/// <summary>Why a token was not accepted (P-77, P-78).</summary>
internal enum TokenFailure
{
    None,

    /// <summary>No token was sent.</summary>
    Missing,

    /// <summary>Malformed, altered, signed by someone else, not valid yet, or not for this API.</summary>
    Invalid,

    /// <summary>Was valid; its time is over.</summary>
    Expired,

    /// <summary>Its user signed out, was disabled or removed, or has another password or other roles since.</summary>
    Revoked,

    /// <summary>The store is away too long to know whether it was revoked.</summary>
    Undecided,
}
