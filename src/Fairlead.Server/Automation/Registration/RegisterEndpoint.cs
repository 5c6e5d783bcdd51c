using System.ComponentModel;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Automation.Registration;

internal sealed record RegisterRequest
{
    [Description(
        "1 to 50 letters, digits or . _ @ + -, or Chinese characters; the part of the e-mail before @ unless given."
    )]
    public string? Username { get; init; }

    [Description("A mail address nobody else has.")]
    public string? Email { get; init; }

    [Description("8 to 256 characters.")]
    public string? Password { get; init; }

    [Description("6 to 20 digits; +, spaces and hyphens are allowed.")]
    public string? Phone { get; init; }

    [Description("Address of a picture, https.")]
    public string? Avatar { get; init; }

    [Description("customer unless given; others only an administrator may give.")]
    public IReadOnlyList<string>? Roles { get; init; }
}

internal sealed record RegisteredView(
    string Id,
    string Username,
    string Email,
    string? Phone,
    string? Avatar,
    IReadOnlyList<string> Roles,
    DateTimeOffset CreatedAt
);

/// <summary><c>POST /api/v1/auth/register</c> (A-29).</summary>
internal static partial class RegisterEndpoint
{
    private const int MostRoles = 20;

    public static void Map(RouteGroupBuilder routes) =>
        routes
            .MapPost("/register", RegisterAsync)
            .Registers()
            .Creates()
            .WithName("auth.register")
            .WithSummary("Registers a user; who registers is greeted in a conversation.")
            .WithDescription("Has limits of its own: 120 a minute from one address, 600 in all.");

    private static async Task<RestResult<RegisteredView>> RegisterAsync(
        RegisterRequest request,
        HttpContext http,
        Registrar registrar
    )
    {
        if (string.IsNullOrEmpty(request.Email))
            return RestResult.Fail("MISSING_PARAMETER", "email is missing.", "email");
        var contact = new ContactChange(request.Email, request.Phone, request.Avatar);
        foreach (var (field, problem) in contact.Check())
            return RestResult.Fail("INVALID_PARAMETER", $"{field} {problem}.", field);
        var name = string.IsNullOrEmpty(request.Username) ? OfMail(request.Email) : request.Username;
        if (!NamePattern().IsMatch(name))
            return RestResult.Fail(
                "INVALID_PARAMETER",
                "A username is 1 to 50 letters, digits or . _ @ + -, or Chinese characters, and begins with none of . @ + -.",
                "username"
            );
        if (request.Password is not { Length: >= UserStore.MinPasswordLength and <= UserStore.MaxPasswordLength })
            return RestResult.Fail(
                request.Password is null ? "MISSING_PARAMETER" : "INVALID_PARAMETER",
                $"A password has {UserStore.MinPasswordLength} to {UserStore.MaxPasswordLength} characters.",
                "password"
            );
        IReadOnlyList<string> roles = request.Roles is { Count: > 0 } given ? given : [IdentityFeature.CustomerRole];
        if (roles.Count > MostRoles || roles.Any(static r => string.IsNullOrWhiteSpace(r) || r.Length > 50))
            return RestResult.Fail(
                "INVALID_PARAMETER",
                $"roles are at most {MostRoles} names of 1 to 50 characters.",
                "roles"
            );
        if (roles is not [IdentityFeature.CustomerRole] && http.Features.Get<UserIdentity>() is not { IsAdmin: true })
            return RestResult.Fail(
                "AUTHORIZATION_FAILED",
                "Only an administrator gives roles other than customer.",
                "roles"
            );
        AuditNote.Of(http).Resource = $"user {name}";
        var made = await registrar.RegisterAsync(
            new Registration(name, request.Email, request.Password, Some(request.Phone), Some(request.Avatar), roles),
            http.RequestAborted
        );
        if (!made.Ok)
            return made.Error;
        var user = made.Value;
        return RestResult.Ok(
            new RegisteredView(
                user.Id,
                user.Username,
                user.Email!,
                user.Phone,
                user.Avatar,
                user.Roles,
                user.CreatedAt
            ),
            "Welcome."
        );
    }

    private static string? Some(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string OfMail(string mail)
    {
        var name = mail[..Math.Max(0, mail.IndexOf('@', StringComparison.Ordinal))];
        return name.Length > UserStore.MaxUsernameLength ? name[..UserStore.MaxUsernameLength] : name;
    }

    // Of all alphabets the two people here use: names of mixed ones can look like another's.
    [GeneratedRegex(
        @"^[A-Za-z0-9_\u3400-\u4dbf\u4e00-\u9fff][A-Za-z0-9._@+\-\u3400-\u4dbf\u4e00-\u9fff]{0,49}$",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex NamePattern();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(Envelope<RegisteredView>))]
[JsonSerializable(typeof(Envelope<MetricsView>))]
[JsonSerializable(typeof(Envelope<BoardView>))]
internal sealed partial class RegistrationJson : JsonSerializerContext;
