using Fairlead.Server.Caching;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Caching.Redis;
using Fairlead.Server.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Fairlead.Server.Tests.Caching;

/// <summary>The caching room of one node, started.</summary>
internal sealed class CacheNode : IAsyncDisposable
{
    private readonly ServiceProvider provider;
    private readonly CacheUpkeep upkeep;
    private bool isStopped;

    private CacheNode(ServiceProvider provider)
    {
        this.provider = provider;
        upkeep = provider.GetServices<IHostedService>().OfType<CacheUpkeep>().Single();
    }

    public MultiLevelCache Levels => Get<MultiLevelCache>();
    public ToolCache Tools => Get<ToolCache>();
    public LogLines Log => Get<LogLines>();

    /// <summary>Redis for a test, or the test is skipped.</summary>
    public static Task<RedisServer> RedisAsync(string arguments = "")
    {
        Assert.SkipWhen(
            !RedisServer.IsInstalled && !RedisServer.Required,
            "Redis is not installed (Debian: apt-get install redis-server)"
        );
        return RedisServer.StartAsync(arguments);
    }

    public static async Task<CacheNode> StartAsync(
        string? redis = null,
        CachingOptions? options = null,
        TimeProvider? time = null,
        StorageOptions? storage = null
    )
    {
        var services = new ServiceCollection();
        var log = new LogLines();
        services.AddSingleton(log);
        services.AddLogging(logging => logging.AddProvider(log).SetMinimumLevel(LogLevel.Information));
        services.AddSingleton(time ?? TimeProvider.System);
        if (storage is null)
            services.AddSingleton(new StorageOptions());
        else
            services.AddStorage(storage);
        services.AddCaching(options ?? new CachingOptions(), new RedisOptions { Url = redis });
        var node = new CacheNode(services.BuildServiceProvider());
        await node.upkeep.StartAsync(default);
        return node;
    }

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <summary>Until it hears what other nodes remove; the memory is emptied when that begins.</summary>
    public Task HearingAsync() => Eventually.UntilAsync(() => upkeep.IsHearing);

    public async Task StopAsync()
    {
        if (isStopped)
            return;
        isStopped = true;
        await upkeep.StopAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await provider.DisposeAsync();
    }
}

/// <summary>What was logged, as lines.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly Lock gate = new();
    private readonly List<string> lines = [];

    public IReadOnlyList<string> All
    {
        get
        {
            lock (gate)
                return [.. lines];
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        lock (gate)
            lines.Add($"{logLevel}: {formatter(state, exception)}");
    }

    public void Dispose() { }
}
