using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Tools.Recovery;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools.Executions;

/// <summary>
/// The execution queue and what becomes of failures: <see cref="ExecutionQueue"/> → <see cref="ExecutionRun"/> →
/// <see cref="Turns"/> (whose turn it is) → <see cref="ToolCalls"/> (the way of every MCP call) →
/// <see cref="ToolRecovery"/>. <see cref="Breakers"/> stand in the way of every call, also those from outside.
/// </summary>
internal static partial class ExecutionsFeature
{
    /// <summary>
    /// Needs the Gateway and Storage. To be added last: hosted services stop in reverse, so executions end before calls
    /// are drained.
    /// </summary>
    public static IServiceCollection AddExecutions(
        this IServiceCollection services,
        ExecutionOptions options,
        ToolRecoveryOptions recovery
    )
    {
        services.AddSingleton(options);
        services.Replace(ServiceDescriptor.Singleton(recovery));
        services.TryAddSingleton<ToolResources>(static provider =>
        {
            var native = provider.GetRequiredService<NativeTools>();
            // [Exclusive] of the tool's author.
            return route =>
                route.Publication.Service is null && native.Policy(route.UpstreamName)?.Exclusive is { } resource
                    ? [resource]
                    : [];
        });
        services.AddSingleton<ToolCalls>();
        services.AddSingleton(static provider => Turns(provider));
        services.AddSingleton<ExecutionRun>();
        services.AddSingleton<ExecutionHistory>();
        services.AddSingleton<ExecutionDesk>();
        services.AddSingleton<ExecutionQueue>();
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<ExecutionQueue>());
        services.AddSingleton<Alerts>();
        services.AddSingleton<ManualQueue>();
        services.AddSingleton<ManualStrategy>();
        services.AddSingleton<IRecoveryStrategy, RetryStrategy>();
        services.AddSingleton<IRecoveryStrategy, FallbackStrategy>();
        services.AddSingleton<IRecoveryStrategy, SkipStrategy>();
        services.AddSingleton<IRecoveryStrategy, AbortStrategy>();
        services.AddSingleton<ToolRecovery>();
        services.AddSingleton(new Failures(recovery.Failures));
        services.AddSingleton(static provider =>
        {
            var settings = provider.GetRequiredService<ToolRecoveryOptions>();
            return new RetryBudget(
                settings.RetryShare,
                settings.RetryReserve,
                provider.GetRequiredService<TimeProvider>()
            );
        });
        return services.AddRestJson(ExecutionsJson.Default);
    }

    /// <summary>Maps <c>/api/v1/executions</c>, <c>/api/v1/breakers</c> and <c>/api/v1/failures</c>.</summary>
    public static IEndpointRouteBuilder MapExecutions(this IEndpointRouteBuilder routes)
    {
        ExecutionEndpoints.Map(routes);
        ManualEndpoints.Map(routes);
        RecoveryEndpoints.Map(routes);
        return routes;
    }

    private static Turns Turns(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<ExecutionOptions>();
        var logger = provider.GetRequiredService<ILogger<Turns>>();
        var pool = new DynamicPool(options.MinConcurrent, options.MaxConcurrent, options.MaxConcurrent);
        pool.Resized += change => Resized(logger, change.Before, change.After, change.Load);
        return new Turns(pool, options.Ageing, provider.GetRequiredService<TimeProvider>(), logger);
    }

    [LoggerMessage(
        Level = LogLevel.Debug,
        Message = "Executions at once: {Before} before, {After} now, at a load of {Load:0.##}"
    )]
    private static partial void Resized(ILogger logger, int before, int after, double load);
}
