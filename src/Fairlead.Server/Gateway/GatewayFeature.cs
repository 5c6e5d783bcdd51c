using Fairlead.Server.Gateway.Finding;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Policies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Gateway.Traffic;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tools.Recovery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Gateway;

/// <summary>
/// The data plane. A call's whole way, in order:
/// <list type="number">
/// <item><see cref="TrustedProxies"/>, where there are some: who asks, and by which address.</item>
/// <item><see cref="HostGuard"/>: Host and Origin.</item>
/// <item><see cref="McpEndpoint"/>: HTTP method, media type, size.</item>
/// <item><see cref="CallerStep"/>: key → group, rules of the group (before the body is read).</item>
/// <item>EnvelopeReader (Fairlead.Protocol): the one strict read; arguments stay raw bytes.</item>
/// <item><see cref="ModernIntake"/> or <see cref="LegacyIntake"/>: what the era demands; sessions.</item>
/// <item><see cref="CallPipeline"/>: limits, route by stored name, own methods in <see cref="LocalMethods"/>.</item>
/// <item><see cref="FinderStep"/>, in groups that list no tools: a search, or the call of what was found.</item>
/// <item><see cref="ExecuteStep"/>: EraBridge → channel of the service (or native tools) → EraBridge back.</item>
/// <item>IReply: JSON, or an event stream from the first message that comes before the answer; one ErrorTable.</item>
/// <item><see cref="TrafficRecord"/>: call log and meter, always, never waiting.</item>
/// </list>
/// Nothing here touches the database, waits for a contended lock or re-serialises a payload.
/// </summary>
internal static class GatewayFeature
{
    /// <summary>Registers the data plane. Needs StoreWatcher, ServiceSlots, NativeTools, the call log and <see cref="NoteRefusal"/>.</summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, GatewayOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<HostGuard>();
        services.TryAddSingleton<ReadSecret>(static (_, _) => null);
        services.AddSingleton<RouteTableBuilder>();
        services.AddSingleton<SessionStore>();
        services.AddSingleton<ResourceWatches>();
        services.AddSingleton<LogLevelKeeper>();
        services.AddSingleton<Routes>();
        services.AddSingleton<CallerStep>();
        services.AddSingleton<ListenMethod>();
        services.AddSingleton<LocalMethods>();
        services.AddSingleton<LegacyIntake>();
        services.TryAddSingleton(new ToolRecoveryOptions());
        services.TryAddSingleton<Breakers>();
        services.AddSingleton<FinderStep>();
        services.AddSingleton<ExecuteStep>();
        services.AddSingleton<TrafficRecord>();
        services.AddSingleton<CallsInFlight>();
        services.TryAddSingleton(new LimitsOptions());
        services.TryAddSingleton(LimitsFeature.Shared);
        services.AddSingleton<KeyRate>();
        services.AddSingleton<CallPipeline>();
        services.AddSingleton<ConversationRoom>();
        services.AddSingleton<SseLinks>();
        services.AddSingleton<SseEndpoint>();
        services.AddSingleton<Admissions>();
        services.AddSingleton<SessionCalls>();
        services.AddSingleton<McpEndpoint>();
        services.AddSingleton<StdioFront>();
        services.AddHostedService<GatewayLoops>();
        return services;
    }

    /// <summary>
    /// Maps <c>/mcp</c>, its alias <c>/mcp/v1</c>, <c>/mcp/{code}</c> and <c>/{code}/mcp</c> (C-14, C-15), and for
    /// HTTP+SSE <c>/sse</c>, <c>/{code}/sse</c>, <c>/messages</c> and <c>/mcp/messages</c>.
    /// </summary>
    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder routes)
    {
        var endpoint = routes.ServiceProvider.GetRequiredService<McpEndpoint>();
        foreach (var pattern in (string[])["/mcp", "/mcp/v1", "/mcp/{code}", "/{code}/mcp"])
        {
            // Short-circuited: authentication and authorization of the REST API have nothing to say to a group key, and
            // each would cost a call its time and a log line.
            Map(routes, pattern, endpoint.HandleAsync);
        }
        var sse = routes.ServiceProvider.GetRequiredService<SseEndpoint>();
        foreach (var pattern in (string[])["/sse", "/{code}/sse"])
            Map(routes, pattern, sse.GetAsync, HttpMethods.Get);
        foreach (var pattern in (string[])["/messages", "/mcp/messages"])
            Map(routes, pattern, sse.PostAsync, HttpMethods.Post);
        return routes;
    }

    private static void Map(
        IEndpointRouteBuilder routes,
        string pattern,
        RequestDelegate handler,
        string? method = null
    )
    {
        var mapped = method is null ? routes.Map(pattern, handler) : routes.MapMethods(pattern, [method], handler);
        mapped.ExcludeFromDescription().ShortCircuit();
    }

    /// <summary>
    /// Puts the Host and Origin guard in front of everything (R1), routing included: the gateway's endpoints run there.
    /// What a trusted proxy says of its client is taken over before, so that the guard judges what the client asked for.
    /// </summary>
    /// <exception cref="StoreException">A trusted proxy is no address and no network.</exception>
    public static IApplicationBuilder UseHostGuard(this IApplicationBuilder app)
    {
        if (TrustedProxies.Read(app.ApplicationServices.GetRequiredService<GatewayOptions>()) is { } proxies)
            app.UseForwardedHeaders(proxies);
        var guard = app.ApplicationServices.GetRequiredService<HostGuard>();
        var refused = app.ApplicationServices.GetRequiredService<NoteRefusal>();
        return app.Use(next =>
                http =>
                {
                    if (guard.Allows(http.Request))
                        return next(http);
                    var isApi = http.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase);
                    refused(Refusal.Of(http, isApi ? Refusal.Rest : Refusal.Mcp, "wrong_origin"));
                    if (isApi)
                        return RestResult
                            .Fail("AUTHORIZATION_FAILED", Replies.ErrorTable.Of(Replies.Condition.WrongOrigin).Text)
                            .WriteAsync(http);
                    var reply = new Replies.HttpReply(
                        http,
                        acceptsStream: false,
                        null,
                        app.ApplicationServices.GetRequiredService<GatewayOptions>(),
                        TimeProvider.System
                    );
                    return reply
                        .FinishAsync(default, Replies.ErrorTable.Answer(Replies.Condition.WrongOrigin))
                        .AsTask();
                }
            )
            .UseRouting();
    }
}
