using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Telemetry;
using Fairlead.Toolkit.State;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.State;

/// <summary>The State room: of sessions, of the application, and for ever (P-19).</summary>
internal static class StateFeature
{
    /// <summary>Needs Storage and Caching; register before the data plane, so that it outlives the calls it counts.</summary>
    public static IServiceCollection AddState(this IServiceCollection services)
    {
        services.AddSingleton<StateRows>();
        services.AddSingleton<SessionStates>();
        services.AddSingleton<ISessionStates>(static p => p.GetRequiredService<SessionStates>());
        services.AddSingleton<PersistentState>();
        services.AddSingleton<IPersistentState>(static p => p.GetRequiredService<PersistentState>());
        services.AddSingleton<ApplicationState>();
        services.AddSingleton<IApplicationState>(static p => p.GetRequiredService<ApplicationState>());
        services.AddSingleton<PerformanceWindow>();
        services.AddSingleton<StateFile>();
        services.AddSingleton<CallEnded>(static p =>
        {
            var (application, window) = (
                p.GetRequiredService<ApplicationState>(),
                p.GetRequiredService<PerformanceWindow>()
            );
            return (in CallLogRow row) =>
            {
                application.CountRequest(row.Method is "tools/call" ? row.Name : null, row.Success);
                window.Add(row.DurationMicroseconds / 1000.0);
            };
        });
        services.AddSingleton<StateUpkeep>();
        services.AddSingleton<IHostedService>(static p => p.GetRequiredService<StateUpkeep>());
        return services.AddRestJson(StateRestJson.Default);
    }

    /// <summary>Maps <c>/api/v1/state</c>.</summary>
    public static IEndpointRouteBuilder MapState(this IEndpointRouteBuilder routes)
    {
        StateEndpoints.Map(routes.MapRest("/state", "state"));
        return routes;
    }
}
