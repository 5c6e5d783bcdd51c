using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Live;

/// <summary>The Live room: what happens reaches the people it concerns while it happens.</summary>
internal static class LiveFeature
{
    /// <summary>Needs Storage and Identity.</summary>
    public static IServiceCollection AddLive(this IServiceCollection services, LiveOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(static p => new Bus(
            p.GetRequiredService<IStoreEngine>() is PostgresEngine engine
                ? new LiveBus(engine, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<LiveBus>>())
                : null
        ));
        services.AddSingleton(static p => new LiveNotifier(
            p.GetRequiredService<LiveOptions>(),
            p.GetRequiredService<Bus>().Chosen
        ));
        services.AddSingleton(static p =>
            ActivatorUtilities.CreateInstance<Presence>(p, p.GetRequiredService<Bus>().Chosen is { } bus ? [bus] : [])
        );
        return services.AddSingleton<IHostedService>(static p => p.GetRequiredService<Presence>());
    }

    /// <summary>Maps <c>/api/v1/live</c>.</summary>
    public static WebApplication MapLive(this WebApplication app)
    {
        LiveEndpoint.Map(app);
        return app;
    }

    // The container cannot hold nothing.
    private sealed record Bus(LiveBus? Chosen);
}
