using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Services.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

/// <summary>How services do and did (S-14, S-17, S-18, S-19).</summary>
internal static class HealthEndpoints
{
    private const int LongestWindow = 86_400;
    private const int UsualEvents = 50;

    public static void Map(RouteGroupBuilder services)
    {
        services
            .MapGet("/{id}/health", Get)
            .WithName("services.health")
            .WithSummary("A service's state, the share of its calls that fail, its samples and what they say.");
        services
            .MapGet("/{id}/events", Events)
            .WithName("services.events")
            .WithSummary("What happened to a service lately, oldest first: at most 50 changes of state and alerts.");
        services
            .MapGet("/events", AllEvents)
            .Produces<Envelope<IReadOnlyList<ServiceEventView>>>()
            .Produces<ServiceEventView>(StatusCodes.Status200OK, RestStream.MediaType)
            .WithName("services.all-events")
            .WithSummary("What happened to the services lately, oldest first: changes of state and alerts.")
            .WithDescription(
                "With Accept: text/event-stream they are followed as server-sent events: each an event, its id the"
                    + " stream's; an event named beat every 15 s says that the stream lives."
            );
    }

    private static RestResult<ServiceHealthView> Get(
        string id,
        [FromQuery] double? window,
        ServiceDesk desk,
        ServiceSlots slots,
        HealthBook book,
        ServicesOptions options
    )
    {
        if (desk.Find(id) is not { } service)
            return ServiceEndpoints.Missing(id);
        if (window is <= 0 or > LongestWindow or double.NaN)
            return RestResult.Fail("INVALID_PARAMETER", $"window is 1 to {LongestWindow} seconds.", "window");
        var slot = slots.Get(service.Id);
        var state = slot.State;
        var facts = slot.Calls.Facts(options.Health.Window);
        var history = book.Of(service.Id);
        // One look: a sample may come between two.
        var samples = history.Samples;
        return RestResult.Ok(
            new ServiceHealthView
            {
                Name = service.Name,
                Status = ServiceDesk.Wire(state.Status),
                Health = ServiceDesk.Wire(state.Health),
                Reason = state.Reason,
                Since = state.Since.UtcDateTime,
                Attempts = state.Attempts,
                NextTry = state.NextTry?.UtcDateTime,
                ErrorRate = Math.Round(facts.ErrorRate, 3),
                P95Ms = facts.P95.TotalMilliseconds,
                P99Ms = facts.P99.TotalMilliseconds,
                SampleSize = facts.Count,
                Metrics = HealthViews.Of(
                    history.Metrics(window is { } s ? TimeSpan.FromSeconds(s) : options.Health.Window, samples)
                ),
                Samples = [.. samples.Select(HealthViews.Of)],
            }
        );
    }

    private static RestResult<IReadOnlyList<ServiceEventView>> Events(
        string id,
        ServiceDesk desk,
        ServiceJournal journal
    ) =>
        desk.Find(id) is { } service
            ? RestResult.Ok<IReadOnlyList<ServiceEventView>>([.. journal.Of(service.Id).Select(HealthViews.Of)])
            : ServiceEndpoints.Missing(id);

    private static IResult AllEvents(
        [FromQuery] int? last,
        [FromQuery(Name = "after_id")] long? afterId,
        HttpContext http,
        ServiceJournal journal
    )
    {
        var most = last ?? UsualEvents;
        if (most is < 0 or > ServiceJournal.KeptOfAll)
            return (RestResult<IReadOnlyList<ServiceEventView>>)
                RestResult.Fail("INVALID_PARAMETER", $"last is 0 to {ServiceJournal.KeptOfAll}.", "last");
        if (!RestStream.IsAskedFor(http))
            return RestResult.Ok<IReadOnlyList<ServiceEventView>>([.. journal.Last(most).Select(HealthViews.Of)]);
        return RestStream.Following(
            afterId ?? journal.IdBefore(most),
            journal.AfterAsync,
            static e => new StreamItem(
                e.Id,
                JsonSerializer.Serialize(HealthViews.Of(e), ServicesJson.Default.ServiceEventView)
            )
        );
    }
}
