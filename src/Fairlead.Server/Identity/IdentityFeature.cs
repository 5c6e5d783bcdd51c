using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Identity;

/// <summary>The Identity room: users, passwords, access tokens, and who may call which endpoint.</summary>
internal static partial class IdentityFeature
{
    public const string AdminRole = "admin";

    /// <summary>Those who advise customers.</summary>
    public const string ConsultantRole = "consultant";

    /// <summary>What who registers gets .</summary>
    public const string CustomerRole = "customer";

    /// <exception cref="StoreException">The options are wrong; the message lists everything that is.</exception>
    public static IServiceCollection AddIdentity(this IServiceCollection services, IdentityOptions options)
    {
        if (options.Validate() is { Count: > 0 } errors)
            throw new StoreException(string.Join(Environment.NewLine, errors));
        services.AddSingleton(options);
        services.AddSingleton<TokenKey>();
        services.AddSingleton<TokenIssuer>();
        services.AddSingleton<TokenReader>();
        services.AddSingleton<IPasswordHasher<UserRow>, PasswordHasher<UserRow>>();
        services.AddSingleton<UserStore>();
        services.AddSingleton<UserProfiles>();
        services.AddSingleton<LoginThrottle>();
        // The core alone: AddAuthentication would bring data protection along, which writes keys into the home directory.
        services.AddAuthenticationCore(static options => options.DefaultScheme = TokenHandler.SchemeName);
        services.AddWebEncoders();
        new AuthenticationBuilder(services).AddScheme<AuthenticationSchemeOptions, TokenHandler>(
            TokenHandler.SchemeName,
            null
        );
        services
            .AddAuthorizationBuilder()
            .AddPolicy(Policies.Admin, static policy => policy.RequireRole(AdminRole))
            .AddPolicy(Policies.User, static policy => policy.RequireAuthenticatedUser());
        return services.AddRestJson(IdentityJson.Default);
    }

    public static IEndpointRouteBuilder MapIdentity(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        if (services.GetRequiredService<IdentityOptions>().JwtSecret is "")
            LogRandomSecret(services.GetRequiredService<ILogger<TokenKey>>());
        AuthEndpoints.Map(routes);
        UserEndpoints.Map(routes.MapRest("/users", "users"));
        return routes;
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "JWT_SECRET is empty: access tokens are signed with a random secret and end with this process"
    )]
    private static partial void LogRandomSecret(ILogger logger);
}
