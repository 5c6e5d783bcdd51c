using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>
/// Starting, stopping and restarting several services or all: in the order of their dependencies, stops in reverse, each
/// with its outcome (S-13, S-15).
/// </summary>
internal static class SeveralEndpoints
{
    private const double UsualSeconds = 30;
    private const double MostSeconds = 120;

    public static void Map(RouteGroupBuilder services)
    {
        services
            .MapPost("/start", StartAsync)
            .WithName("services.start-several")
            .WithSummary(
                "Starts services and what they depend on, dependencies first, and waits for the outcome of each."
            );
        services
            .MapPost("/stop", StopAsync)
            .WithName("services.stop-several")
            .WithSummary("Stops services one after the other, those that depend on others first.");
        services
            .MapPost("/restart", RestartAsync)
            .WithName("services.restart-several")
            .WithSummary("Stops services in reverse order and starts them again.");
    }

    private static async Task<RestResult<IReadOnlyList<ServiceOutcomeView>>> StartAsync(
        SeveralServicesRequest request,
        ServiceDesk desk,
        SeveralServices several,
        CancellationToken cancellationToken
    ) =>
        Chosen(request, desk, out var chosen) is { } wrong
            ? wrong
            : Outcome(await several.StartAsync(chosen, Limit(request), cancellationToken), "Services are to run.");

    private static async Task<RestResult<IReadOnlyList<ServiceOutcomeView>>> StopAsync(
        SeveralServicesRequest request,
        ServiceDesk desk,
        SeveralServices several,
        CancellationToken cancellationToken
    ) =>
        Chosen(request, desk, out var chosen) is { } wrong
            ? wrong
            : Outcome(
                await several.StopAsync(chosen, request.Force, Limit(request), cancellationToken),
                "Services are to be stopped."
            );

    private static async Task<RestResult<IReadOnlyList<ServiceOutcomeView>>> RestartAsync(
        SeveralServicesRequest request,
        ServiceDesk desk,
        SeveralServices several,
        CancellationToken cancellationToken
    )
    {
        if (Chosen(request, desk, out var chosen) is { } wrong)
            return wrong;
        await several.StopAsync(chosen, request.Force, Limit(request), cancellationToken);
        return Outcome(await several.StartAsync(chosen, Limit(request), cancellationToken), "Services are to run.");
    }

    private static RestResult<IReadOnlyList<ServiceOutcomeView>> Outcome(
        IReadOnlyList<ServiceOutcomeView> outcomes,
        string done
    ) =>
        RestResult.Ok(
            outcomes,
            outcomes.Count(o => !o.Ok) is var failed and > 0 ? $"{failed} of {outcomes.Count} are not." : done
        );

    private static RestError? Chosen(SeveralServicesRequest request, ServiceDesk desk, out List<ServiceConfig> chosen)
    {
        chosen = [];
        if (request.Timeout is < 0 or > MostSeconds or double.NaN)
            return RestResult.Fail("INVALID_PARAMETER", $"timeout is 0 to {MostSeconds} seconds.", "timeout");
        if (request.All == request.Names is { Length: > 0 })
            return RestResult.Fail("INVALID_PARAMETER", "Either names or all is needed.", "names");
        if (request.All)
        {
            chosen.AddRange(desk.Now.Services);
            return null;
        }
        foreach (var name in request.Names!.Value.Distinct(StringComparer.Ordinal))
        {
            if (desk.Find(name) is not { } service)
                return ServiceEndpoints.Missing(name);
            chosen.Add(service);
        }
        return null;
    }

    private static TimeSpan Limit(SeveralServicesRequest request) =>
        TimeSpan.FromSeconds(request.Timeout ?? UsualSeconds);
}
