using Fairlead.Server.Automation;
using Fairlead.Server.Caching;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Console;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Groups;
using Fairlead.Server.Hosting;
using Fairlead.Server.Hosting.Lifespan;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Live;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Import;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.State;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Executions;
using Fairlead.Server.Tools.Samples;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting;

/// <summary>What the first start of an empty store made, to be shown to the operator once.</summary>
/// <param name="AdminPassword">The made-up password of user <c>admin</c>; null where one was given.</param>
/// <param name="DefaultKey">Key of the group <c>default</c>.</param>
/// <param name="Services">Names of the imported services.</param>
public sealed record FirstStartSummary(string? AdminPassword, string DefaultKey, IReadOnlyList<string> Services);

/// <summary>A file of services that was named at the start of a store that had been filled before.</summary>
/// <param name="File">Its path.</param>
/// <param name="Missing">Services of the file that the store does not have; at least one, unless there is a problem.</param>
/// <param name="HasNone">Whether the store has none of the file's services.</param>
/// <param name="Problem">What is wrong with the file; null when it can be imported.</param>
public sealed record McpConfigLeftOut(string File, IReadOnlyList<string> Missing, bool HasNone, string? Problem);

/// <summary>The gateway as a library: all rooms into one ASP.NET Core application.</summary>
public static class FairleadFeature
{
    /// <summary>
    /// Registers the gateway. Settings come from the configuration section <c>Fairlead</c>; the order of the rooms is
    /// the order they start in, and they stop in reverse.
    /// </summary>
    /// <param name="builder">The application the gateway becomes part of.</param>
    /// <returns>Where the program adds its own tools, prompts and resources.</returns>
    /// <exception cref="StoreException">A setting is wrong; the message says which.</exception>
    public static FairleadBuilder AddFairlead(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = FairleadOptions.Bind(builder.Configuration);
        var inDevelopment = builder.Environment.IsDevelopment();
        options = options with
        {
            Identity = options.Identity with { InDevelopment = inDevelopment },
            Startup = options.Startup with
            {
                DatabaseMode =
                    options.Startup.DatabaseMode ?? (inDevelopment ? DatabaseMode.Degraded : DatabaseMode.Strict),
            },
        };
        if (options.Validate() is { Count: > 0 } errors)
            throw new StoreException(string.Join(Environment.NewLine, errors));
        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(options.FirstStart);
        services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = options.Gateway.Drain + TimeSpan.FromSeconds(20)
        );
        services.AddLife();
        services.AddStage("configuration", static p => p.GetRequiredService<IHostEnvironment>().EnvironmentName);
        services.AddStage("logging", static p => $"level {LowestLevel(p)}");
        services.AddRest();
        services.AddSingleton<DataFolderLock>();
        services.AddSingleton(options.Trust);
        services.AddSingleton(options.Startup);
        services.AddStage(
            "database",
            static p =>
                p.GetRequiredService<IStoreEngine>().Location
                + (p.GetRequiredService<StoreWatcher>().IsOpen ? "" : ", not there yet"),
            room => room.AddStorage(options.Storage).AddAudit()
        );
        services.AddStage(
            "cache",
            static p =>
                p.GetRequiredService<MultiLevelCache>().RedisInUse switch
                {
                    null => "memory",
                    true => "memory and Redis",
                    false => "memory alone: Redis cannot be reached",
                },
            room => room.AddCaching(options.Cache, options.Redis).AddLimits(options.Limits)
        );
        services.AddSingleton(new OutboundHttp(options.Outbound, options.Services.Channels));
        services.AddStage(
            "HTTP client",
            _ => $"{options.Outbound.MaxConnections} connections, {options.Outbound.KeepAliveConnections} kept",
            static room => room.AddHostedService(static p => p.GetRequiredService<OutboundHttp>())
        );
        services.TryAddSingleton(static p => p.GetRequiredService<OutboundHttp>().Client);
        services.AddHostedService<FinalStatistics>();
        services.AddState();
        services.AddStage(
            "authentication",
            static _ => "users, tokens, group keys",
            room => room.AddIdentity(options.Identity)
        );
        services.AddStage("metrics", static _ => "meter Fairlead", room => room.AddTelemetry(options.CallLog));
        services.AddSingleton(options.Lifespan);
        services.AddSingleton<HealthChecks>();
        services.AddStage(
            "alerts and background loops",
            _ => $"report every {options.Lifespan.MetricReport}, check every {options.Lifespan.AlertCheck}",
            static room => room.AddHostedService<BackgroundLoops>()
        );
        services.AddPhase(LifePhase.Initialise);
        services.AddHostedService<LifespanHooks>();
        services.AddGroups();
        services.AddTools(options.Tools);
        services.AddSamples(options.Samples);
        services.AddSingleton(new Preflight(Environment.GetEnvironmentVariable));
        services.AddSingleton<LaunchRules>();
        services.AddSingleton<ServiceImport>();
        services.AddSingleton(static p => new SessionIds(
            p.GetRequiredService<MasterKey>().Derive("sessions"),
            p.GetRequiredService<GatewayOptions>().Node
        ));
        services.AddSingleton<ReadUserToken>(static p =>
            token =>
                p.GetRequiredService<TokenReader>().TryRead(token, out var user, out _)
                    ? new CallingUser(user!.Id, user.Roles, user.Tier, user.Username)
                    : null
        );
        services.AddSingleton<Func<bool>>(static p =>
        {
            var store = p.GetRequiredService<StoreWatcher>();
            return () => !store.IsExpired;
        });
        services.AddGateway(options.Gateway);
        services.AddHostedService<RouteUpdates>();
        services.AddSingleton<FirstStart>();
        services.AddHostedService(static p => p.GetRequiredService<FirstStart>());
        services.AddServices(options.Services);
        services.AddConsole();
        services.AddSingleton<DrainStage>();
        services.AddHostedService(static p => p.GetRequiredService<DrainStage>());
        services.AddExecutions(options.Executions, options.Recovery);
        services.AddLive(options.Live);
        services.AddAutomation(options.Automation);
        return new FairleadBuilder(builder);
    }

    private static LogLevel LowestLevel(IServiceProvider services)
    {
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("Fairlead");
        return Enum.GetValues<LogLevel>().First(level => level == LogLevel.None || logger.IsEnabled(level));
    }

    /// <summary>Maps every endpoint: MCP, REST, health, the OpenAPI document.</summary>
    public static WebApplication MapFairlead(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseHostGuard();
        app.UseWebSockets();
        app.UseRestLimit();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGateway();
        HealthEndpoints.Map(app);
        app.MapIdentity();
        app.MapStorage();
        app.MapAudit();
        app.MapTelemetry();
        app.MapCaching();
        app.MapState();
        app.MapGroups();
        app.MapServices();
        app.MapExecutions();
        app.MapLive();
        app.MapAutomation();
        app.MapConsole();
        return app;
    }

    /// <summary>
    /// Shows what the first start of this store made, where that was not shown yet: also what an earlier start made that
    /// failed afterwards. Once <paramref name="show"/> returned it is forgotten; when it throws, the next start shows it.
    /// </summary>
    /// <param name="app">A started application.</param>
    /// <param name="show">Gets it to the operator; not called when there is nothing to show.</param>
    /// <param name="cancellationToken">Gives up before it is shown.</param>
    public static Task ShowFirstStartAsync(
        this IHost app,
        Action<FirstStartSummary> show,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(show);
        return app.Services.GetRequiredService<FirstStart>().ShowAsync(show, cancellationToken);
    }

    /// <summary>The named file of services, where the store was not empty and lacks some of them; else null.</summary>
    public static McpConfigLeftOut? McpConfigLeftOut(this IHost app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Services.GetRequiredService<FirstStart>().LeftOut;
    }

    /// <summary>Where clients find the gateway, without a slash at the end; null is the address it listens on .</summary>
    public static string? PublicUrl(this IHost app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Services.GetRequiredService<GatewayOptions>().PublicUrl?.AbsoluteUri.TrimEnd('/');
    }

    /// <summary>Serves one client on standard input and output until the input ends (P-113).</summary>
    /// <param name="app">A started application.</param>
    /// <param name="serverCode">Code of the group to serve.</param>
    /// <param name="input">Newline-delimited JSON-RPC in.</param>
    /// <param name="output">Newline-delimited JSON-RPC out.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static Task ServeStdioAsync(
        this IHost app,
        string serverCode,
        Stream input,
        Stream output,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(app);
        var options = app.Services.GetRequiredService<GatewayOptions>();
        var lines = new StdioLines(input, output, options.MaxBodyBytes);
        return app.Services.GetRequiredService<StdioFront>().RunAsync(serverCode, lines, cancellationToken);
    }
}
