using Fairlead.Toolkit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting.Lifespan;

/// <summary>
/// Runs the program's own hooks (P-07): before anything calls a tool, and after everything that does has stopped.
/// </summary>
internal sealed partial class LifespanHooks(IEnumerable<ILifespan> hooks, ILogger<LifespanHooks> logger)
    : IHostedService
{
    private readonly Stack<ILifespan> started = new();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var hook in hooks)
            {
                await hook.StartAsync(cancellationToken);
                started.Push(hook);
            }
        }
        catch
        {
            // The host stops nothing of a start that failed.
            await StopAsync(CancellationToken.None);
            throw;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        while (started.TryPop(out var hook))
        {
            try
            {
                await hook.StopAsync(cancellationToken);
            }
            catch (Exception failure)
            {
                LogFailed(failure, hook.GetType().Name);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Hook} failed to stop; the others go on")]
    private partial void LogFailed(Exception failure, string hook);
}
