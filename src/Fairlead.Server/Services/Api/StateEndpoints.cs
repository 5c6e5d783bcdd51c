using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>Starting, stopping and asking after services (S-08, S-09, S-10, S-12).</summary>
internal static class StateEndpoints
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private const double MostSeconds = 120;

    public static void Map(RouteGroupBuilder services)
    {
        services
            .MapGet("/check", CheckAllAsync)
            .WithName("services.check-all")
            .WithSummary("Asks every service for a sign of life.");
        services
            .MapPost("/{id}/start", StartAsync)
            .WithName("services.start")
            .WithSummary(
                "Starts a service; one that waits for its next try is tried now, a running one stays as it is."
            );
        services
            .MapPost("/{id}/stop", StopAsync)
            .WithName("services.stop")
            .WithSummary("Stops a service; it stays stopped until it is started, also across restarts of the gateway.");
        services
            .MapPost("/{id}/restart", RestartAsync)
            .WithName("services.restart")
            .WithSummary("Stops and starts a service.");
        services
            .MapPost("/{id}/check", CheckAsync)
            .WithName("services.check")
            .WithSummary("Asks a service for a sign of life.");
        services
            .MapGet("/{id}/wait", WaitAsync)
            .WithName("services.wait")
            .WithSummary("Waits until a service has a status, running unless told otherwise.");
    }

    private static async Task<RestResult<ServiceView>> StartAsync(
        string id,
        ServiceStore store,
        ServiceDesk desk,
        ReconcileLoop loop,
        CancellationToken cancellationToken
    )
    {
        if (desk.Find(id) is not { } service)
            return ServiceEndpoints.Missing(id);
        if (service.Enabled)
        {
            if (desk.State(service) is { Status: ServiceStatus.Error } or { IsAsleep: true })
                loop.Find(service.Id)?.Restart();
            return RestResult.Ok(desk.View(service), "Service is to run.");
        }
        var started = await store.SetEnabledAsync(service.Id, true, cancellationToken);
        return started.Ok ? RestResult.Ok(desk.View(started.Value), "Service is starting.") : started.Error;
    }

    private static async Task<RestResult<ServiceView>> StopAsync(
        string id,
        // Without a body it is a gentle stop.
        [FromBody(
            EmptyBodyBehavior = Microsoft.AspNetCore.Mvc.ModelBinding.EmptyBodyBehavior.Allow
        )] StopServiceRequest? request,
        ServiceStore store,
        ServiceDesk desk,
        ReconcileLoop loop,
        CancellationToken cancellationToken
    )
    {
        if (desk.Find(id) is not { } service)
            return ServiceEndpoints.Missing(id);
        // The intent first: a crash in between must not bring it back.
        var stopped = await store.SetEnabledAsync(service.Id, false, cancellationToken);
        if (!stopped.Ok)
            return stopped.Error;
        if (request is { Force: true })
            await loop.KillAsync(service.Id);
        await desk.UntilAsync(
            service,
            s => s.Status is ServiceStatus.Stopped or ServiceStatus.NotStarted,
            StopLimit,
            cancellationToken
        );
        return RestResult.Ok(desk.View(stopped.Value), "Service is to be stopped.");
    }

    private static async Task<RestResult<ServiceView>> RestartAsync(
        string id,
        ServiceStore store,
        ServiceDesk desk,
        ReconcileLoop loop,
        CancellationToken cancellationToken
    )
    {
        if (desk.Find(id) is not { } service)
            return ServiceEndpoints.Missing(id);
        if (service.Enabled)
        {
            loop.Find(service.Id)?.Restart();
            return RestResult.Ok(desk.View(service), "Service is restarting.");
        }
        var started = await store.SetEnabledAsync(service.Id, true, cancellationToken);
        return started.Ok ? RestResult.Ok(desk.View(started.Value), "Service is starting.") : started.Error;
    }

    private static async Task<RestResult<CheckView>> CheckAsync(
        string id,
        ServiceDesk desk,
        CancellationToken cancellationToken
    ) =>
        desk.Find(id) is { } service
            ? RestResult.Ok(await desk.CheckAsync(service, cancellationToken))
            : ServiceEndpoints.Missing(id);

    private static async Task<RestResult<IReadOnlyList<CheckView>>> CheckAllAsync(
        ServiceDesk desk,
        CancellationToken cancellationToken
    )
    {
        var checks = desk.Now.Services.OrderBy(s => s.Position).Select(s => desk.CheckAsync(s, cancellationToken));
        return RestResult.Ok<IReadOnlyList<CheckView>>(await Task.WhenAll(checks));
    }

    private static async Task<RestResult<ServiceView>> WaitAsync(
        string id,
        [FromQuery] string? status,
        [FromQuery] double? timeout,
        ServiceDesk desk,
        CancellationToken cancellationToken
    )
    {
        const double usual = 10;
        if (desk.Find(id) is not { } service)
            return ServiceEndpoints.Missing(id);
        var wanted = status ?? ServiceDesk.Wire(ServiceStatus.Running);
        if (!Enum.GetValues<ServiceStatus>().Any(s => ServiceDesk.Wire(s) == wanted))
            return RestResult.Fail("INVALID_PARAMETER", $"There is no status {wanted}.", "status");
        if (timeout is < 0 or > MostSeconds or double.NaN)
            return RestResult.Fail("INVALID_PARAMETER", $"timeout is 0 to {MostSeconds} seconds.", "timeout");
        var limit = TimeSpan.FromSeconds(timeout ?? usual);
        return await desk.UntilAsync(service, s => ServiceDesk.Wire(s.Status) == wanted, limit, cancellationToken)
            // Read again: what it learnt while it started is in a newer snapshot.
            ? RestResult.Ok(desk.View(desk.Find(service.Id.Value) ?? service))
            : RestResult.Fail(
                "SERVICE_TIMEOUT",
                $"The service is {ServiceDesk.Wire(desk.State(service).Status)} ({desk.State(service).Reason}), not {wanted}."
            );
    }
}
