using Fairlead.Server.State;
using Fairlead.Server.Tools.Recovery;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting.Lifespan;

/// <summary>
/// The metric report and the alert check (P-110). They end before the final statistics, so that nothing is told after
/// them.
/// </summary>
internal sealed partial class BackgroundLoops(
    ApplicationState application,
    PerformanceWindow performance,
    HealthChecks health,
    Alerts alerts,
    LifespanOptions options,
    TimeProvider time,
    ILogger<BackgroundLoops> logger
) : BackgroundService
{
    private IReadOnlyDictionary<string, HealthCheckView> before = new Dictionary<string, HealthCheckView>();
    private long reported;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            EveryAsync(options.MetricReport, Report, stoppingToken),
            EveryAsync(options.AlertCheck, Check, stoppingToken)
        );

    private async Task EveryAsync(TimeSpan pause, Action work, CancellationToken stop)
    {
        if (pause <= TimeSpan.Zero)
            return;
        using var timer = new PeriodicTimer(pause, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                try
                {
                    work();
                }
                catch (Exception failure)
                {
                    LogFailed(failure);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Shutdown.
        }
    }

    // A gateway nobody uses has nothing to report.
    private void Report()
    {
        var now = application.Statistics();
        if (now.TotalRequests == reported)
            return;
        var times = performance.View();
        LogReport(
            now.TotalRequests - reported,
            now.TotalRequests,
            now.ErrorRate,
            times.P95Ms,
            times.P99Ms,
            times.MemoryMb
        );
        reported = now.TotalRequests;
    }

    // Told when it changes, not at every look.
    private void Check()
    {
        var now = health.Look(named: true);
        foreach (var (part, check) in now)
        {
            var wasBad = before.TryGetValue(part, out var known) && !known.IsHealthy;
            if (!check.IsHealthy && !wasBad)
                alerts.Raise(Severity.High, part, check.Detail ?? check.Status);
            else if (check.IsHealthy && wasBad)
                LogMended(part);
        }
        before = now;
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Metrics: {New} requests since the last report, {All} in all, {ErrorRate} % failed; p95 {P95} ms, p99 {P99} ms; {Memory} MiB"
    )]
    private partial void LogReport(long @new, long all, double errorRate, double p95, double p99, double memory);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Part} is healthy again")]
    private partial void LogMended(string part);

    [LoggerMessage(Level = LogLevel.Error, Message = "A background loop failed; it goes on")]
    private partial void LogFailed(Exception failure);
}
