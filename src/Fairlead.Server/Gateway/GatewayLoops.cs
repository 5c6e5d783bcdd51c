using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Gateway;

/// <summary>
/// The data plane's clock work, one timer for all calls and sessions: slow answers become streams, idle sessions end,
/// and those whose key or token ran out.
/// </summary>
internal sealed class GatewayLoops(
    CallsInFlight calls,
    SessionStore sessions,
    Routes routes,
    Admissions admissions,
    GatewayOptions options,
    TimeProvider time
) : BackgroundService
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private const int TicksPerReview = 5;
    private const int TicksPerSweep = 30;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        routes.Swapped += admissions.Review;
        using var timer = new PeriodicTimer(Tick, time);
        for (var tick = 1; await timer.WaitForNextTickAsync(stoppingToken); tick++)
        {
            foreach (var call in calls.All)
            {
                if (time.GetElapsedTime(call.Started) >= options.StreamAfter)
                    call.Reply.StartStreaming();
            }
            if (tick % TicksPerReview == 0)
                admissions.Review();
            if (tick % TicksPerSweep == 0)
                sessions.Sweep();
        }
    }
}
