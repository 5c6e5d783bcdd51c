using Fairlead.Client.Rest;

namespace Fairlead.Client;

/// <summary>Users of the gateway (requirements P-76 … P-78). A user is named by name or id.</summary>
/// <remarks>
/// A new password, other roles or another tier, disabling and removing end the user's access tokens at once. The last
/// administrator who can sign in stays one: such a change is refused with <c>CONFLICT</c>.
/// </remarks>
public sealed class UsersClient
{
    private readonly RestConnection rest;

    internal UsersClient(RestConnection rest) => this.rest = rest;

    /// <summary>All users, fetched a page at a time.</summary>
    public IAsyncEnumerable<UserInfo> ListAsync(CancellationToken cancellationToken = default) =>
        rest.PagesAsync("users", ClientJson.Default.EnvelopeIReadOnlyListUserInfo, cancellationToken);

    /// <summary>One user.</summary>
    public Task<UserInfo> GetAsync(string user, CancellationToken cancellationToken = default) =>
        rest.GetAsync(Path(user), ClientJson.Default.EnvelopeUserInfo, cancellationToken);

    /// <summary>Makes a user.</summary>
    /// <exception cref="FairleadApiException"><c>CONFLICT</c> for a taken name.</exception>
    public Task<UserInfo> AddAsync(UserDraft user, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "users", RestConnection.Json(user, ClientJson.Default.UserDraft), cancellationToken);

    /// <summary>Changes roles or tier; what is null stays as it is.</summary>
    public Task<UserInfo> UpdateAsync(string user, UserChange change, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Put,
            Path(user),
            RestConnection.Json(change, ClientJson.Default.UserChange),
            cancellationToken
        );

    /// <summary>Gives a user a new password, 8 to 256 characters.</summary>
    public Task<UserInfo> SetPasswordAsync(
        string user,
        string password,
        CancellationToken cancellationToken = default
    ) =>
        SendAsync(
            HttpMethod.Put,
            $"{Path(user)}/password",
            RestConnection.Json(new NewPassword(password), ClientJson.Default.NewPassword),
            cancellationToken
        );

    /// <summary>Lets a user sign in, or not.</summary>
    public Task<UserInfo> SetEnabledAsync(string user, bool enabled, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{Path(user)}/{(enabled ? "enable" : "disable")}", null, cancellationToken);

    /// <summary>Removes a user.</summary>
    public Task<UserInfo> RemoveAsync(string user, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, Path(user), null, cancellationToken);

    private Task<UserInfo> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? body,
        CancellationToken cancellationToken
    ) => rest.SendAsync(method, path, body, ClientJson.Default.EnvelopeUserInfo, cancellationToken);

    private static string Path(string user)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        return $"users/{Uri.EscapeDataString(user)}";
    }
}

/// <summary>A user.</summary>
public sealed record UserInfo
{
    /// <summary>Stable id.</summary>
    public required string Id { get; init; }

    /// <summary>Unique name, used to sign in.</summary>
    public required string Username { get; init; }

    /// <summary>Roles; <c>admin</c> administers the gateway.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>For groups that ask for a tier; null for none.</summary>
    public string? Tier { get; init; }

    /// <summary>Whether the user may sign in.</summary>
    public bool Enabled { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A user to be made.</summary>
public sealed record UserDraft
{
    /// <summary>Unique: 1 to 50 letters, digits or <c>. _ @ + -</c>.</summary>
    public required string Username { get; init; }

    /// <summary>8 to 256 characters.</summary>
    public required string Password { get; init; }

    /// <summary>At most 20.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Null for none.</summary>
    public string? Tier { get; init; }
}

/// <summary>Changes of a user; null leaves a member as it is.</summary>
public sealed record UserChange
{
    /// <summary>Replaces all roles.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>Empty takes it away.</summary>
    public string? Tier { get; init; }
}

internal sealed record NewPassword(string Password);
