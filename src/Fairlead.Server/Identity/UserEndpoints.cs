using System.ComponentModel;
using System.Text.RegularExpressions;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Identity;

internal sealed record AddUserRequest
{
    [Description("Unique: 1 to 50 letters, digits or . _ @ + -, beginning with a letter, digit or _.")]
    public string? Username { get; set; }

    [Description("8 to 256 characters.")]
    public string? Password { get; set; }

    [Description("At most 20; admin administers the gateway, others open groups that ask for them.")]
    public IReadOnlyList<string>? Roles { get; set; }

    [Description("For groups that ask for a tier.")]
    public string? Tier { get; set; }
}

internal sealed record UpdateUserRequest
{
    [Description("Replaces all roles; absent leaves them.")]
    public IReadOnlyList<string>? Roles { get; set; }

    [Description("Empty takes it away; absent leaves it.")]
    public string? Tier { get; set; }
}

internal sealed record SetPasswordRequest(string? Password);

internal sealed record UserDetailView(
    string Id,
    string Username,
    IReadOnlyList<string> Roles,
    string? Tier,
    bool Enabled,
    DateTime CreatedAt,
    DateTime UpdatedAt
);

/// <summary>
/// Administration of users, named by id or name. Access tokens of a user die with what they stand on: a password, roles,
/// being let in at all.
/// </summary>
internal static partial class UserEndpoints
{
    private const int MostRoles = 20;
    private const int LongestRole = 50;

    public static void Map(RouteGroupBuilder users)
    {
        users.MapGet("", ListAsync).WithName("users.list").WithSummary("All users.");
        users.MapPost("", AddAsync).Creates().WithName("users.add").WithSummary("Makes a user.");
        users.MapGet("/{id}", GetAsync).WithName("users.get").WithSummary("One user.");
        users
            .MapPut("/{id}", UpdateAsync)
            .WithName("users.update")
            .WithSummary("Changes roles or tier; absent members stay as they are. Access tokens of the user die.");
        users
            .MapPut("/{id}/password", SetPasswordAsync)
            .WithName("users.set-password")
            .WithSummary("Gives a user a new password. Access tokens of the user die.");
        users
            .MapPost(
                "/{id}/enable",
                static (string id, HttpContext http, UserStore store) => SetEnabledAsync(id, true, http, store)
            )
            .WithName("users.enable")
            .WithSummary("Lets a user sign in again.");
        users
            .MapPost(
                "/{id}/disable",
                static (string id, HttpContext http, UserStore store) => SetEnabledAsync(id, false, http, store)
            )
            .WithName("users.disable")
            .WithSummary("Keeps a user from signing in. Access tokens of the user die.");
        users
            .MapDelete("/{id}", RemoveAsync)
            .WithName("users.remove")
            .WithSummary("Removes a user. Access tokens of the user die.");
    }

    private static async Task<RestResult<IReadOnlyList<UserDetailView>>> ListAsync(
        [AsParameters] PageQuery page,
        UserStore store,
        CancellationToken cancellationToken
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        (List<UserRow> rows, int total) = await store.ListAsync(page.Skip, page.Size, cancellationToken);
        return RestResult.Page<UserDetailView>([.. rows.Select(View)], page, total);
    }

    private static async Task<RestResult<UserDetailView>> GetAsync(
        string id,
        UserStore store,
        CancellationToken cancellationToken
    ) =>
        await store.FindAsync(id, cancellationToken) is { } user
            ? RestResult.Ok(View(user))
            : RestResult.Fail("NOT_FOUND", $"There is no user named {id}.", "username");

    private static async Task<RestResult<UserDetailView>> AddAsync(
        AddUserRequest request,
        HttpContext http,
        UserStore store
    )
    {
        AuditNote note = AuditNote.Of(http);
        note.Resource = $"user {request.Username}";
        if (request.Username is not { } name || !NamePattern().IsMatch(name))
            return RestResult.Fail(
                request.Username is null ? "MISSING_PARAMETER" : "INVALID_PARAMETER",
                "A username is 1 to 50 letters, digits or . _ @ + -, beginning with a letter, digit or _.",
                "username"
            );
        if ((CheckPassword(request.Password) ?? Check(request.Roles, request.Tier)) is { } wrong)
            return wrong;
        string? tier = string.IsNullOrEmpty(request.Tier) ? null : request.Tier;
        StoreResult<UserRow> added = await store.AddAsync(
            name,
            request.Password!,
            request.Roles ?? [],
            tier,
            http.RequestAborted
        );
        return added.Ok ? RestResult.Ok(View(added.Value), "User made.") : added.Error;
    }

    private static async Task<RestResult<UserDetailView>> UpdateAsync(
        string id,
        UpdateUserRequest request,
        HttpContext http,
        UserStore store
    ) =>
        Check(request.Roles, request.Tier) is { } wrong
            ? wrong
            : Answer(
                http,
                id,
                await store.SetAccessAsync(id, request.Roles, request.Tier, http.RequestAborted),
                "User changed."
            );

    private static async Task<RestResult<UserDetailView>> SetPasswordAsync(
        string id,
        SetPasswordRequest request,
        HttpContext http,
        UserStore store
    ) =>
        CheckPassword(request.Password) is { } wrong
            ? wrong
            : Answer(
                http,
                id,
                await store.SetPasswordAsync(id, request.Password!, http.RequestAborted),
                "Password changed."
            );

    private static async Task<RestResult<UserDetailView>> SetEnabledAsync(
        string id,
        bool enabled,
        HttpContext http,
        UserStore store
    ) =>
        Answer(
            http,
            id,
            await store.SetEnabledAsync(id, enabled, http.RequestAborted),
            enabled ? "User enabled." : "User disabled."
        );

    private static async Task<RestResult<UserDetailView>> RemoveAsync(string id, HttpContext http, UserStore store) =>
        Answer(http, id, await store.RemoveAsync(id, http.RequestAborted), "User removed.");

    private static RestResult<UserDetailView> Answer(
        HttpContext http,
        string id,
        StoreResult<UserRow> done,
        string message
    )
    {
        AuditNote.Of(http).Resource = $"user {(done.Ok ? done.Value.Username : id)}";
        return done.Ok ? RestResult.Ok(View(done.Value), message) : done.Error;
    }

    private static RestError? CheckPassword(string? password) =>
        password is { Length: >= UserStore.MinPasswordLength and <= UserStore.MaxPasswordLength }
            ? null
            : RestResult.Fail(
                password is null ? "MISSING_PARAMETER" : "INVALID_PARAMETER",
                $"A password has {UserStore.MinPasswordLength} to {UserStore.MaxPasswordLength} characters.",
                "password"
            );

    private static RestError? Check(IReadOnlyList<string>? roles, string? tier) =>
        roles is not null
        && (
            roles.Count > MostRoles
            || roles.Any(static role => string.IsNullOrWhiteSpace(role) || role.Length > LongestRole)
        )
            ? RestResult.Fail(
                "INVALID_PARAMETER",
                $"A user has at most {MostRoles} roles of 1 to {LongestRole} characters.",
                "roles"
            )
        : tier is { Length: > LongestRole }
            ? RestResult.Fail("INVALID_PARAMETER", $"A tier has at most {LongestRole} characters.", "tier")
        : null;

    private static UserDetailView View(UserRow user) =>
        new(
            user.Id,
            user.Username,
            user.Roles,
            user.Tier,
            user.Enabled,
            user.CreatedAt.UtcDateTime,
            user.UpdatedAt.UtcDateTime
        );

    [GeneratedRegex(@"^[\p{L}\p{Nd}_][\p{L}\p{Nd}._@+-]{0,49}$", RegexOptions.NonBacktracking)]
    private static partial Regex NamePattern();
}
