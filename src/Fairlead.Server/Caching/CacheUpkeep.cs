using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Caching.Redis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Caching;

/// <summary>
/// Looks after the cache: expired entries, Redis and its <c>server:status</c> (P-10), what other nodes tell. A Redis that
/// cannot be reached stops neither start nor stop (P-16).
/// </summary>
internal sealed partial class CacheUpkeep(
    MultiLevelCache cache,
    CachingOptions options,
    TimeProvider time,
    ILogger<CacheUpkeep> logger,
    RedisLevel? redis = null,
    RedisClient? client = null,
    ICacheBus? bus = null
) : BackgroundService
{
    private static readonly TimeSpan Sweep = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ListenAgain = TimeSpan.FromSeconds(1);
    private LevelStatistics before = LevelStatistics.Of(0, 0, 0);
    private volatile bool isHearing;

    /// <summary>Whether what other nodes remove is heard now.</summary>
    public bool IsHearing => isHearing;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (client is not null && redis is not null)
        {
            if (await SayAsync("running"))
                LogConnected(client.Address);
            else
                redis.LeaveAlone();
        }
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (client is null)
            return;
        await SayAsync("stopped");
        await client.DisposeAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = ListenAsync(stoppingToken);
        using var timer = new PeriodicTimer(redis is null ? Sweep : options.L2Probe, time);
        var swept = time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (redis is not null)
                    await redis.KeepAsync(stoppingToken);
                if (time.GetElapsedTime(swept) < Sweep)
                    continue;
                swept = time.GetTimestamp();
                cache.CleanupExpired();
                Judge();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await listening;
        }
    }

    // P-73: of the last minute, and only where there was enough to judge by.
    private void Judge()
    {
        var now = cache.Statistics;
        var asked = now.TotalRequests - before.TotalRequests;
        var hits = now.L1Hits + now.L2Hits - before.L1Hits - before.L2Hits;
        before = now;
        if (asked < 20 || (double)hits / asked >= options.LowHitRate)
            return;
        LogLow(Math.Round((double)hits / asked, 4), options.LowHitRate);
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        string? told = null;
        while (bus is not null && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                // What was told while we could not hear may concern anything we keep.
                await bus.ListenAsync(
                    () =>
                    {
                        cache.Forget(new(RemovalKind.Prefix, ""));
                        isHearing = true;
                        told = null;
                    },
                    removal => cache.Forget(removal),
                    cancellationToken
                );
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // Once for each cause, not at every try.
                if (told != failure.Message)
                    LogDeaf(failure.Message);
                told = failure.Message;
            }
            isHearing = false;
            await Task.Delay(ListenAgain, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> SayAsync(string status)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience, time);
            var said = new RedisPipeline().Add("SET", RedisClient.StatusKey, status).Add("GET", RedisClient.StatusKey);
            var replies = await client!.ExecuteAsync(said, patience.Token).WaitAsync(Patience, time);
            return replies[1].Text == status;
        }
        catch (Exception failure) when (failure is RedisException or OperationCanceledException or TimeoutException)
        {
            LogUnreachable(client!.Address, status, failure.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis {Address} keeps the shared cache")]
    private partial void LogConnected(RedisAddress address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis {Address} cannot be told {Status}: {Problem}")]
    private partial void LogUnreachable(RedisAddress address, string status, string problem);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "What other nodes remove from the cache is not heard: {Problem}"
    )]
    private partial void LogDeaf(string problem);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The cache's hit rate is {HitRate}, below {Threshold} (Cache:LowHitRate)"
    )]
    private partial void LogLow(double hitRate, double threshold);
}
