using System.Globalization;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Identity;

internal sealed record LoginRequest(string? Username, string? Password);

internal sealed record LoginAnswer(string AccessToken, string TokenType, int ExpiresIn);

internal sealed record UserView(string UserId, string Username, IReadOnlyList<string> Roles, string? Tier);

/// <summary>Signing in and out.</summary>
internal static class AuthEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes
            .MapRest("/auth", "auth", Policies.Anyone)
            .MapPost("/login", LoginAsync)
            .WithName("auth.login")
            .WithSummary("Signs in with username and password.")
            .WithDescription("After five failures further tries are answered 429 with Retry-After for a while.");
        RouteGroupBuilder own = routes.MapRest("/auth", "auth", Policies.User);
        own.MapPost("/logout", LogoutAsync)
            .WithName("auth.logout")
            .WithSummary("Revokes the access token of this request, on every node.");
        own.MapGet("/me", MeAsync).WithName("auth.me").WithSummary("The signed-in user.");
    }

    private static async Task<RestResult<LoginAnswer>> LoginAsync(
        LoginRequest request,
        HttpContext http,
        UserStore users,
        LoginThrottle throttle,
        TokenIssuer issuer
    )
    {
        if (request.Username is not { Length: > 0 and <= UserStore.MaxUsernameLength } username)
            return Missing("username", request.Username, UserStore.MaxUsernameLength);
        if (request.Password is not { Length: > 0 and <= UserStore.MaxPasswordLength } password)
            return Missing("password", request.Password, UserStore.MaxPasswordLength);
        AuditNote note = AuditNote.Of(http);
        note.Resource = $"user {username}";
        TimeSpan wait = throttle.Begin(username, http.Connection.RemoteIpAddress);
        if (wait > TimeSpan.Zero)
        {
            http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            // The message is the same for every limit (I-14).
            return RestResult.Fail("RATE_LIMIT_EXCEEDED", "Rate limit exceeded") with
            {
                Details = new()
                {
                    ["limited"] = "failed sign-ins of this user",
                    ["retry_after_seconds"] = http.Response.Headers.RetryAfter.ToString(),
                },
            };
        }
        UserRow? user;
        try
        {
            user = await users.VerifyAsync(username, password, http.RequestAborted);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throttle.Undecided(username, http.Connection.RemoteIpAddress);
            throw;
        }
        if (user is null)
            return RestResult.Fail("AUTHENTICATION_FAILED", "Username or password is wrong.");
        throttle.Succeeded(username, http.Connection.RemoteIpAddress);
        IssuedToken token = issuer.Issue(user);
        note.UserId = user.Id;
        return RestResult.Ok(new LoginAnswer(token.Text, "Bearer", (int)token.Lifetime.TotalSeconds), "Signed in.");
    }

    private static RestError Missing(string field, string? given, int longest) =>
        RestResult.Fail(
            "MISSING_PARAMETER",
            given is null ? $"{field} is missing." : $"{field} has 1 to {longest} characters.",
            field
        );

    private static async Task<RestResult<UserView>> LogoutAsync(HttpContext http, UserStore users)
    {
        UserIdentity user = http.Features.GetRequiredFeature<UserIdentity>();
        await users.RevokeAsync(user, http.RequestAborted);
        return RestResult.Ok(new UserView(user.Id.Value, user.Username, user.Roles, user.Tier), "Signed out.");
    }

    private static async Task<RestResult<UserView>> MeAsync(HttpContext http, UserStore users)
    {
        UserIdentity token = http.Features.GetRequiredFeature<UserIdentity>();
        return await users.FindAsync(token.Id, http.RequestAborted) is { } user
            ? RestResult.Ok(new UserView(user.Id, user.Username, user.Roles, user.Tier))
            : RestResult.Fail("AUTHENTICATION_FAILED", "This user is no longer active.");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(AddUserRequest))]
[JsonSerializable(typeof(UpdateUserRequest))]
[JsonSerializable(typeof(SetPasswordRequest))]
[JsonSerializable(typeof(Envelope<UserDetailView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<UserDetailView>>))]
[JsonSerializable(typeof(Envelope<LoginAnswer>))]
[JsonSerializable(typeof(Envelope<UserView>))]
internal sealed partial class IdentityJson : JsonSerializerContext;
