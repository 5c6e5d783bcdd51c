using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

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
    TimeProvider time,
    ILogger<GatewayLoops> logger
) : BackgroundService
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private const int TicksPerReview = 5;
    private const int TicksPerSweep = 30;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        routes.Swapped += admissions.Review;
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            for (var tick = 1; await timer.WaitForNextTickAsync(stoppingToken); tick++)
            {
                foreach (var call in calls.All)
                    Guarded(StartStreaming, call);
                if (tick % TicksPerReview == 0)
                    Guarded(static a => a.Review(), admissions);
                if (tick % TicksPerSweep == 0)
                    Guarded(static s => s.Sweep(), sessions);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end, also of a start that failed: nothing for the host to report.
        }
    }

    private void StartStreaming(Call call)
    {
        if (time.GetElapsedTime(call.Started) >= options.StreamAfter)
            call.Reply.StartStreaming();
    }

    // What escaped here would end the loop, and the host with it: one odd call must not cost all others their streams.
    private void Guarded<T>(Action<T> work, T on)
    {
        try
        {
            work(on);
        }
        catch (Exception e)
        {
            GatewayLog.TickFailed(logger, e);
        }
    }
}
