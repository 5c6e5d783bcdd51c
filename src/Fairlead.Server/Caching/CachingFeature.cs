using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Caching.Redis;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Toolkit.Caching;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Caching;

/// <summary>The Caching room: memory, Redis where configured, and what keeps nodes from believing what is no longer true.</summary>
internal static class CachingFeature
{
    /// <summary>Needs Storage; register after it and before the data plane, so that Redis closes after the calls and before the database (P-17).</summary>
    /// <exception cref="StoreException">The options are wrong; the message lists everything that is.</exception>
    public static IServiceCollection AddCaching(
        this IServiceCollection services,
        CachingOptions options,
        RedisOptions redis
    )
    {
        if (options.Validate().Concat(redis.Validate()).ToList() is { Count: > 0 } errors)
            throw new StoreException(string.Join(Environment.NewLine, errors));
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton(options);
        services.AddSingleton(redis);
        if (redis.IsOn)
        {
            services.AddSingleton<RedisClient>();
            services.AddSingleton<RedisLevel>();
        }
        services.AddSingleton(static p => new Bus(Choose(p)));
        services.AddSingleton(static p => new MultiLevelCache(
            p.GetRequiredService<CachingOptions>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<MultiLevelCache>>(),
            p.GetService<RedisLevel>(),
            p.GetRequiredService<Bus>().Chosen
        ));
        services.AddSingleton<ToolResultCache>();
        services.AddSingleton<ToolCache>();
        services.AddSingleton<IToolCache>(static p => p.GetRequiredService<ToolCache>());
        services.AddSingleton<CacheMeter>();
        services.AddSingleton<IHostedService>(static p =>
        {
            // Nobody asks for the meter; it counts by being there.
            _ = p.GetRequiredService<CacheMeter>();
            return new CacheUpkeep(
                p.GetRequiredService<MultiLevelCache>(),
                p.GetRequiredService<CachingOptions>(),
                p.GetRequiredService<TimeProvider>(),
                p.GetRequiredService<ILogger<CacheUpkeep>>(),
                p.GetService<RedisLevel>(),
                p.GetService<RedisClient>(),
                p.GetRequiredService<Bus>().Chosen
            );
        });
        return services.AddRestJson(CachingJson.Default);
    }

    /// <summary>Maps <c>/api/v1/cache</c>.</summary>
    public static IEndpointRouteBuilder MapCaching(this IEndpointRouteBuilder routes)
    {
        CacheEndpoints.Map(routes.MapRest("/cache", "cache"));
        return routes;
    }

    private static ICacheBus? Choose(IServiceProvider p)
    {
        var notice = new CacheNotice(p.GetRequiredService<TimeProvider>());
        if (p.GetService<RedisLevel>() is { } level)
            return new RedisCacheBus(level, p.GetRequiredService<RedisClient>(), notice);
        return p.GetRequiredService<StorageOptions>().Provider is StorageProvider.Postgres
            ? new PostgresCacheBus(
                p.GetRequiredService<IStoreEngine>(),
                notice,
                p.GetRequiredService<TimeProvider>(),
                p.GetRequiredService<ILogger<PostgresCacheBus>>()
            )
            : null;
    }

    /// <summary>None where there is one process.</summary>
    private sealed record Bus(ICacheBus? Chosen);
}
