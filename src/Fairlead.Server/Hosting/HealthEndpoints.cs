using System.Text.Json.Serialization;
using Fairlead.Server.Identity;
using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Calls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Hosting;

/// <summary>State of one part.</summary>
internal sealed record HealthCheckView(string Status, string? Detail);

/// <summary>The body of <c>/health</c>.</summary>
internal sealed record HealthView(
    string Status,
    string Version,
    DateTimeOffset Timestamp,
    IReadOnlyDictionary<string, HealthCheckView> Checks
);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthView))]
internal sealed partial class HealthJson : JsonSerializerContext;

/// <summary>
/// Health for people and orchestrators (C-30, I-24): <c>/health</c> always 200 with healthy or degraded,
/// <c>/health/live</c> 200 while the process answers, <c>/health/ready</c> 503 while it takes no calls.
/// </summary>
internal static class HealthEndpoints
{
    private const string Healthy = "healthy";
    private const string Degraded = "degraded";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", (RequestDelegate)OverviewAsync).AllowAnonymous().ExcludeFromDescription();
        routes.MapGet("/health/live", (RequestDelegate)LiveAsync).AllowAnonymous().ExcludeFromDescription();
        routes.MapGet("/health/ready", (RequestDelegate)ReadyAsync).AllowAnonymous().ExcludeFromDescription();
    }

    private static Task OverviewAsync(HttpContext http)
    {
        var checks = new Dictionary<string, HealthCheckView>
        {
            ["database"] = Database(Get<StoreWatcher>(http)),
            ["services"] = Services(
                Get<StoreWatcher>(http).Current,
                Get<ServiceSlots>(http),
                http.User.IsInRole(IdentityFeature.AdminRole)
            ),
            ["call_log"] = CallLogCheck(Get<CallLog>(http).Health),
        };
        var status = checks.Values.All(c => c.Status == Healthy) ? Healthy : Degraded;
        return WriteAsync(http, StatusCodes.Status200OK, status, checks);
    }

    private static Task LiveAsync(HttpContext http) =>
        WriteAsync(http, StatusCodes.Status200OK, "alive", new Dictionary<string, HealthCheckView>());

    private static Task ReadyAsync(HttpContext http)
    {
        var store = Get<StoreWatcher>(http);
        var ready = Get<DrainStage>(http).IsReady && !store.Health.Expired;
        return WriteAsync(
            http,
            ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
            ready ? "ready" : "not_ready",
            new Dictionary<string, HealthCheckView> { ["database"] = Database(store) }
        );
    }

    private static HealthCheckView Database(StoreWatcher store) =>
        store.Health is { Reachable: true } ? new(Healthy, null) : new(Degraded, "the store cannot be reached");

    private static HealthCheckView CallLogCheck(CallLogHealth log) =>
        log.LastError is null
            ? new(Healthy, log.Dropped == 0 ? null : $"{log.Dropped} rows dropped since the start")
            : new(Degraded, $"cannot be written; {log.Dropped} rows dropped since the start");

    // A service an operator stopped is as intended, and so is a lazy one that nobody uses; one that should run and does not makes the whole degraded. Names are
    // for administrators: strangers learn how many.
    private static HealthCheckView Services(StoreSnapshot snapshot, ServiceSlots slots, bool named)
    {
        var wanted = snapshot.Services.Where(s => s.Enabled).ToList();
        var down = wanted
            .Where(s => slots.Get(s.Id).State is not ({ Status: ServiceStatus.Running } or { IsAsleep: true }))
            .Select(s => s.Name)
            .ToList();
        return down.Count == 0
            ? new(Healthy, $"{wanted.Count} running or asleep")
            : new(
                Degraded,
                named
                    ? $"not running: {string.Join(", ", down.Take(20))}"
                    : $"{down.Count} of {wanted.Count} not running"
            );
    }

    private static Task WriteAsync(
        HttpContext http,
        int status,
        string text,
        IReadOnlyDictionary<string, HealthCheckView> checks
    )
    {
        http.Response.StatusCode = status;
        http.Response.Headers.CacheControl = "no-store";
        var view = new HealthView(text, ProductVersion.Text, Get<TimeProvider>(http).GetUtcNow(), checks);
        return http.Response.WriteAsJsonAsync(
            view,
            HealthJson.Default.HealthView,
            cancellationToken: http.RequestAborted
        );
    }

    private static T Get<T>(HttpContext http)
        where T : notnull => (T)http.RequestServices.GetService(typeof(T))!;
}
