using System.Text.Json.Serialization;
using Fairlead.Server.Identity;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Hosting;

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
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", (RequestDelegate)OverviewAsync).AllowAnonymous().ExcludeFromDescription();
        routes.MapGet("/health/live", (RequestDelegate)LiveAsync).AllowAnonymous().ExcludeFromDescription();
        routes.MapGet("/health/ready", (RequestDelegate)ReadyAsync).AllowAnonymous().ExcludeFromDescription();
    }

    private static Task OverviewAsync(HttpContext http)
    {
        var checks = Get<HealthChecks>(http).Look(http.User.IsInRole(IdentityFeature.AdminRole));
        var status = checks.Values.All(c => c.IsHealthy) ? HealthChecks.Healthy : HealthChecks.Degraded;
        return WriteAsync(http, StatusCodes.Status200OK, status, checks);
    }

    private static Task LiveAsync(HttpContext http) =>
        WriteAsync(http, StatusCodes.Status200OK, "alive", new Dictionary<string, HealthCheckView>());

    private static Task ReadyAsync(HttpContext http)
    {
        var store = Get<StoreWatcher>(http);
        var ready = Get<DrainStage>(http).IsReady && !store.IsExpired;
        return WriteAsync(
            http,
            ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable,
            ready ? "ready" : "not_ready",
            new Dictionary<string, HealthCheckView> { ["database"] = Get<HealthChecks>(http).Database }
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
