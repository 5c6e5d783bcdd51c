using Fairlead.Server.Caching.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting.Limits;

/// <summary>The limits by caller. Register after the cache, so that Redis goes last.</summary>
internal static class LimitsFeature
{
    public static IServiceCollection AddLimits(this IServiceCollection services, LimitsOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(Shared);
        services.AddHostedService(static p => p.GetRequiredService<SharedLimits>());
        services.AddSingleton<Rest.RestLimit>();
        return services;
    }

    /// <summary>The limits of this node, kept together with others where there is a Redis.</summary>
    public static SharedLimits Shared(IServiceProvider services) =>
        new(
            services.GetRequiredService<LimitsOptions>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<SharedLimits>>(),
            services.GetService<RedisClient>()
        );
}
