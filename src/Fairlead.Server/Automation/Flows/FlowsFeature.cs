using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Postgres;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Automation.Flows;

/// <summary>
/// Durable automations and the steps they are made of (A-19…A-24): a run is a row (<see cref="RunStore"/>), made in the
/// transaction of what it is about; <see cref="Dispatcher"/> claims what is due and <see cref="RunWork"/> takes it through
/// its steps.
/// </summary>
internal static class FlowsFeature
{
    public static IServiceCollection AddFlows(this IServiceCollection services, FlowOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<Flows>();
        services.AddSingleton<RunStore>();
        services.AddSingleton<RunWork>();
        services.AddSingleton<RunMeter>();
        services.AddSingleton<Dispatcher>();
        services.AddSingleton<IHostedService>(static p => p.GetRequiredService<Dispatcher>());
        services.AddSingleton<StartRun>(static p => p.GetRequiredService<RunStore>().Start);
        services.AddSingleton<WakeRuns>(static p => p.GetRequiredService<Dispatcher>().Wake);
        return services.AddRestJson(FlowsJson.Default);
    }

    /// <summary>Adds an automation; its steps are made by the container, a new one for each use.</summary>
    public static IServiceCollection AddFlow(this IServiceCollection services, AutomationDefinition flow) =>
        services.AddSingleton(flow);

    public static IEndpointRouteBuilder MapFlows(this IEndpointRouteBuilder routes)
    {
        RunEndpoints.Map(routes.MapRest("/admin/automations", "automations"));
        return routes;
    }
}

/// <summary>All automations there are, by name and version.</summary>
internal sealed class Flows(IEnumerable<AutomationDefinition> all)
{
    private readonly Dictionary<(string, int), AutomationDefinition> known = all.ToDictionary(f => (f.Name, f.Version));

    /// <summary>The definition a run began with; null where this program does not have it.</summary>
    public AutomationDefinition? Find(string name, int version) => known.GetValueOrDefault((name, version));

    /// <summary>What new runs begin with.</summary>
    /// <exception cref="InvalidOperationException">There is no such automation: broken wiring.</exception>
    public AutomationDefinition Newest(string name) =>
        known.Values.Where(f => f.Name == name).MaxBy(static f => f.Version)
        ?? throw new InvalidOperationException($"There is no automation {name}.");
}
