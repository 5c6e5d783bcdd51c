using System.ComponentModel;
using System.Text.Json;
using Fairlead.Server.Hosting.Rest;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Services.Api;

internal sealed record ServiceLogView(IReadOnlyList<ServiceLogLineView> Lines);

internal sealed record ServiceLogLineView(
    [property: Description("Grows from line to line.")] long Id,
    DateTime At,
    [property: Description("stderr, or gateway for states and their reasons.")] string Source,
    string Text
);

/// <summary>What services write to their standard error, and what becomes of them.</summary>
internal static class LogEndpoints
{
    private const int UsualLines = 50;

    public static void Map(RouteGroupBuilder services) =>
        services
            .MapGet("/{id}/logs", Get)
            .Produces<Envelope<ServiceLogView>>()
            .Produces<ServiceLogLineView>(StatusCodes.Status200OK, RestStream.MediaType)
            .WithName("services.logs")
            .WithSummary("The last lines of a service's standard error and its states, oldest first.")
            .WithDescription(
                "With Accept: text/event-stream they are followed as server-sent events: each a line, its id the event's; an"
                    + " event named beat every 15 s says that the stream lives."
            );

    private static IResult Get(
        string id,
        [FromQuery] int? lines,
        [FromQuery(Name = "after_id")] long? afterId,
        HttpContext http,
        ServiceDesk desk
    )
    {
        if (desk.Find(id) is not { } service)
            return (RestResult<ServiceLogView>)ServiceEndpoints.Missing(id);
        var most = lines ?? UsualLines;
        if (most is < 0 or > ServiceLog.MostLines)
            return (RestResult<ServiceLogView>)
                RestResult.Fail("INVALID_PARAMETER", $"lines is 0 to {ServiceLog.MostLines}.", "lines");
        var log = desk.Log(service);
        if (!RestStream.IsAskedFor(http))
            return RestResult.Ok(new ServiceLogView([.. log.Last(most).Select(View)]));
        return RestStream.Following(
            afterId ?? log.IdBefore(most),
            log.AfterAsync,
            static line => new StreamItem(
                line.Id,
                JsonSerializer.Serialize(View(line), ServicesJson.Default.ServiceLogLineView)
            ),
            // Its removal is the last that is heard of it.
            () => desk.Find(service.Id.Value) is null
        );
    }

    private static ServiceLogLineView View(ServiceLogLine line) =>
        new(line.Id, line.At.UtcDateTime, line.Source == ServiceLogSource.Stderr ? "stderr" : "gateway", line.Text);
}
