using Fairlead.Server.Caching.Levels;
using Fairlead.Server.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting.Lifespan;

/// <summary>Says at the end what the life of this process was; after it HTTP, Redis and the database close (P-05, P-17).</summary>
internal sealed partial class FinalStatistics(
    ApplicationState application,
    MultiLevelCache cache,
    ILogger<FinalStatistics> logger
) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        var s = application.Statistics();
        LogStatistics(s.UptimeFormatted, s.TotalRequests, s.TotalErrors, s.ErrorRate, cache.Statistics.OverallHitRate);
        return Task.CompletedTask;
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Final statistics: up {Uptime}, {Requests} requests, {Errors} failed ({ErrorRate} %), cache hit rate {HitRate} %"
    )]
    private partial void LogStatistics(string uptime, long requests, long errors, double errorRate, double hitRate);
}
