using Fairlead.Runtime;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Api;
using Fairlead.Server.Services.Bundles;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Services.Registry;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Services.Trust;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Services;

/// <summary>
/// The Services room: stored intent → <see cref="DesiredServices"/> → <see cref="Reconciler"/> →
/// <see cref="ReconcileLoop"/> → one <see cref="ServiceSupervisor"/> a service → its <see cref="ServiceSlot"/>, where the
/// Gateway finds the channel.
/// </summary>
internal static class ServicesFeature
{
    /// <summary>
    /// Needs Storage. To be added before the Gateway: hosted services stop in reverse, so calls are drained before their
    /// services go.
    /// </summary>
    public static IServiceCollection AddServices(this IServiceCollection services, ServicesOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.TryAddSingleton<ServiceSlots>();
        services.AddSingleton(static provider => new ProcessHost(
            new ProcessHostOptions
            {
                MaxConcurrentStarts = provider.GetRequiredService<ServicesOptions>().ConcurrentStarts,
                MaxMessageBytes = provider.GetRequiredService<ServicesOptions>().Channels.MaxMessageBytes,
            },
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ProcessHost>>()
        ));
        services.AddSingleton<ServiceConnector>();
        services.AddSingleton<DependencyTurn>();
        services.AddSingleton<HealthBook>();
        services.AddSingleton<ServiceJournal>();
        services.AddSingleton<ServiceRoom>();
        services.AddSingleton<RegistryClient>();
        services.AddSingleton<BundleStore>();
        services.AddSingleton<BundleImport>();
        services.AddHostedService<BundleSweep>();
        services.AddSingleton<ReconcileLoop>();
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<ReconcileLoop>());
        services.TryAddSingleton(
            new Preflight(static name => Expansion.Variable(name, Environment.GetEnvironmentVariable))
        );
        services.TryAddSingleton<LaunchRules>();
        services.TryAddSingleton<ServiceImport>();
        services.AddSingleton<ServiceDesk>();
        services.AddSingleton<SeveralServices>();
        return services
            .AddRestJson(ServicesJson.Default)
            .AddRestJson(SecretsJson.Default)
            .AddRestJson(RegistryJson.Default)
            .AddRestJson(ReviewsJson.Default)
            .AddRestJson(CapabilitiesJson.Default);
    }

    /// <summary>Maps <c>/api/v1/services</c> and <c>/api/v1/tools</c>.</summary>
    public static IEndpointRouteBuilder MapServices(this IEndpointRouteBuilder routes)
    {
        BundleEndpoints.Map(routes.MapRest("/services", "services"));
        RegistryEndpoints.Map(routes.MapRest("/registry", "registry"));
        ImportEndpoints.Map(routes.MapRest("/services", "services"));
        OpenApiEndpoints.Map(routes.MapRest("/services", "services"));
        CapabilityEndpoints.Map(routes.MapRest("/capabilities", "capabilities"));
        ReviewEndpoints.Map(routes.MapRest("/reviews", "reviews"));
        SecretEndpoints.Map(routes.MapRest("/secrets", "secrets"));
        ServiceEndpoints.Map(routes.MapRest("/services", "services"));
        StateEndpoints.Map(routes.MapRest("/services", "services"));
        LogEndpoints.Map(routes.MapRest("/services", "services"));
        SeveralEndpoints.Map(routes.MapRest("/services", "services"));
        HealthEndpoints.Map(routes.MapRest("/services", "services"));
        ServiceEndpoints.MapTools(routes.MapRest("/tools", "services"));
        return routes;
    }
}
