using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting.Lifespan;

/// <summary>
/// The steps of a start in order, each told once it is up and once it is down again (P-02, P-17, P-109). What is
/// registered within a stage starts before it is told up, and stops before it is told down: the host stops in reverse.
/// </summary>
internal static partial class Stages
{
    /// <summary>A stage of the start.</summary>
    /// <param name="services">Where it is registered.</param>
    /// <param name="name">Its name in the log.</param>
    /// <param name="detail">What there is to say of it once it is up.</param>
    /// <param name="room">Registers what belongs to it.</param>
    public static IServiceCollection AddStage(
        this IServiceCollection services,
        string name,
        Func<IServiceProvider, string> detail,
        Action<IServiceCollection>? room = null
    )
    {
        services.AddSingleton<IHostedService>(p => new Mark(stop: () => LogDown(Logger(p), name)));
        room?.Invoke(services);
        return services.AddSingleton<IHostedService>(p => new Mark(start: () => LogUp(Logger(p), name, detail(p))));
    }

    /// <summary>The start comes to a phase here.</summary>
    public static IServiceCollection AddPhase(this IServiceCollection services, LifePhase phase) =>
        services.AddSingleton<IHostedService>(p => new Mark(start: () =>
            p.GetRequiredService<Lifecycle>().Enter(phase)
        ));

    /// <summary>The first of all, and so the last to stop: the whole life is between its start and its stop.</summary>
    public static IServiceCollection AddLife(this IServiceCollection services) =>
        services
            .AddSingleton<Lifecycle>()
            .AddSingleton<IHostedService>(p => new Mark(
                start: () => p.GetRequiredService<Lifecycle>().Enter(LifePhase.Startup),
                stop: () => p.GetRequiredService<Lifecycle>().Enter(LifePhase.Terminated)
            ));

    private static ILogger Logger(IServiceProvider services) => services.GetRequiredService<ILogger<Lifecycle>>();

    [LoggerMessage(Level = LogLevel.Information, Message = "Up: {Stage} ({Detail})")]
    private static partial void LogUp(ILogger logger, string stage, string detail);

    [LoggerMessage(Level = LogLevel.Information, Message = "Down: {Stage}")]
    private static partial void LogDown(ILogger logger, string stage);

    private sealed class Mark(Action? start = null, Action? stop = null) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            start?.Invoke();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            stop?.Invoke();
            return Task.CompletedTask;
        }
    }
}
