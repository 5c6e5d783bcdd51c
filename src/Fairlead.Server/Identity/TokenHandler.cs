using System.Security.Claims;
using System.Text.Encodings.Web;
using Fairlead.Server.Groups;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Fairlead.Server.Identity;

/// <summary>
/// Bearer access tokens for the REST API. Tells a missing, expired, revoked and bad token and a missing role apart
/// (P-78), and audits each refusal.
/// </summary>
internal sealed class TokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    TokenReader tokens,
    NoteRefusal refused
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "FairleadJwt";

    /// <summary>Subprotocol of live connections; a token may follow it.</summary>
    public const string LiveProtocol = "fairlead.live";
    private const string Bearer = "Bearer ";
    private TokenFailure failure = TokenFailure.Missing;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Sent() is not { } token)
            return Task.FromResult(AuthenticateResult.NoResult());
        if (!tokens.TryRead(token, out UserIdentity? user, out failure))
            return Task.FromResult(AuthenticateResult.Fail(failure.ToString()));
        Context.Features.Set(user);
        var identity = new ClaimsIdentity(SchemeName, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, user!.Id.Value));
        identity.AddClaim(new Claim(ClaimTypes.Name, user.Username));
        foreach (string role in user.Roles)
            identity.AddClaim(new Claim(ClaimTypes.Role, role));
        return Task.FromResult(
            AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName))
        );
    }

    // Browsers cannot set headers of a WebSocket: they name the token as a second subprotocol.
    private string? Sent()
    {
        string? header = Request.Headers.Authorization;
        return header is not null && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
                ? header[Bearer.Length..].Trim()
            : Context.WebSockets.WebSocketRequestedProtocols is [LiveProtocol, var named] ? named
            : null;
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (failure is TokenFailure.Undecided)
        {
            Response.Headers.RetryAfter = "5";
            return RefuseAsync(
                RestResult.Fail("SERVICE_UNAVAILABLE", "The store cannot be reached; no access token can be judged.")
            );
        }
        RestError error = failure switch
        {
            TokenFailure.Expired => RestResult.Fail("TOKEN_EXPIRED", "The access token has expired: sign in again."),
            TokenFailure.Revoked => RestResult.Fail("TOKEN_REVOKED", "The access token was revoked: sign in again."),
            TokenFailure.Invalid when IsGroupKey => RestResult.Fail(
                "TOKEN_INVALID",
                "This is a group's key, for /mcp. The REST API takes an access token: POST /api/v1/auth/login gives one."
            ),
            TokenFailure.Invalid => RestResult.Fail("TOKEN_INVALID", "The access token is not valid."),
            _ => RestResult.Fail("AUTHENTICATION_REQUIRED", "Send an access token: Authorization: Bearer …"),
        };
        Response.Headers.WWWAuthenticate =
            failure is TokenFailure.Missing ? "Bearer" : """Bearer error="invalid_token" """.TrimEnd();
        return RefuseAsync(error);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        RefuseAsync(RestResult.Fail("AUTHORIZATION_FAILED", "Your roles do not allow this."));

    private bool IsGroupKey =>
        Request
            .Headers.Authorization.ToString()
            .StartsWith(Bearer + GroupKeys.Prefix, StringComparison.OrdinalIgnoreCase);

    private Task RefuseAsync(RestError error)
    {
        var user = Context.Features.Get<UserIdentity>()?.Id.Value;
        refused(Refusal.Of(Context, Refusal.Rest, error.Code, user));
        return error.WriteAsync(Context);
    }
}
