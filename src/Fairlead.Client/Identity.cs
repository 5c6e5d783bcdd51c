using System.Text.Json.Serialization;

namespace Fairlead.Client;

/// <summary>An access token of the REST API (requirement P-76).</summary>
/// <param name="Value">The token itself: a secret.</param>
/// <param name="TokenType">Always <c>Bearer</c>.</param>
/// <param name="ExpiresIn">Seconds it is good for.</param>
public sealed record AccessToken(
    [property: JsonPropertyName("access_token")] string Value,
    string TokenType,
    int ExpiresIn
);

/// <summary>Who is signed in.</summary>
/// <param name="UserId">Stable id.</param>
/// <param name="Username">Name used to sign in.</param>
/// <param name="Roles">Roles; <c>admin</c> may administer the gateway.</param>
/// <param name="Tier">Tier, for groups restricted to tiers; null when the user has none.</param>
public sealed record SignedInUser(string UserId, string Username, IReadOnlyList<string> Roles, string? Tier);

internal sealed record SignInRequest(string Username, string Password);
