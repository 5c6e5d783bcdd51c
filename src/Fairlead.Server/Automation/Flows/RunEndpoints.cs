using System.ComponentModel;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Automation.Flows;

internal sealed record RunView(
    string Id,
    string Automation,
    int Version,
    string Subject,
    string State,
    string? Error,
    int Attempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? FinishedAt,
    DateTimeOffset? NextTryAt,
    IReadOnlyList<StepView>? Steps
);

internal sealed record StepView(
    string Name,
    string State,
    int Attempts,
    long DurationMs,
    string? Error,
    DateTimeOffset EndedAt
);

internal sealed record RunQuery(
    [property: FromQuery(Name = "automation"), Description("Only runs of this automation.")] string? Automation,
    [property: FromQuery(Name = "state"), Description("running, done, dead or skipped.")] string? State
)
{
    public RestError? Check() =>
        State is null or RunRow.Running or RunRow.Done or RunRow.Dead or RunRow.Skipped
            ? null
            : RestResult.Fail("INVALID_PARAMETER", "state is running, done, dead or skipped.", "state");
}

/// <summary>Runs of automations for administrators; the dead ones wait for them .</summary>
internal static class RunEndpoints
{
    public static void Map(RouteGroupBuilder routes)
    {
        routes.MapGet("/runs", ListAsync).WithName("automations.runs.list").WithSummary("Runs, newest first.");
        routes.MapGet("/runs/{id}", GetAsync).WithName("automations.runs.get").WithSummary("A run and its steps.");
        routes
            .MapPost("/runs/{id}/replay", ReplayAsync)
            .WithName("automations.runs.replay")
            .WithSummary("Lets a dead run go on where it failed; what it did before is not done again.");
    }

    private static async Task<RestResult<IReadOnlyList<RunView>>> ListAsync(
        [AsParameters] RunQuery query,
        [AsParameters] PageQuery page,
        RunStore store,
        CancellationToken cancellationToken
    )
    {
        if ((query.Check() ?? page.Check()) is { } wrong)
            return wrong;
        var (rows, total) = await store.ListAsync(
            query.Automation,
            query.State,
            page.Skip,
            page.Size,
            cancellationToken
        );
        return RestResult.Page<RunView>([.. rows.Select(static r => View(r, null))], page, total);
    }

    private static async Task<RestResult<RunView>> GetAsync(
        string id,
        RunStore store,
        CancellationToken cancellationToken
    ) =>
        await store.FindAsync(id, cancellationToken) is { } found
            ? RestResult.Ok(View(found.Run, found.Steps))
            : RestResult.Fail("NOT_FOUND", $"There is no run {id}.");

    private static async Task<RestResult<RunView>> ReplayAsync(
        string id,
        RunStore store,
        WakeRuns wake,
        HttpContext http
    )
    {
        AuditNote.Of(http).Resource = $"run {id}";
        var replayed = await store.ReplayAsync(id, http.RequestAborted);
        if (await store.FindAsync(id, http.RequestAborted) is not { } found)
            return RestResult.Fail("NOT_FOUND", $"There is no run {id}.");
        if (!replayed)
            return RestResult.Fail("CONFLICT", $"Run {id} is {found.Run.State}: only dead runs can run again.");
        wake();
        return RestResult.Ok(View(found.Run, found.Steps), "The run goes on.");
    }

    private static RunView View(RunRow run, IReadOnlyList<StepRow>? steps) =>
        new(
            run.Id,
            run.Automation,
            run.Version,
            run.Subject,
            run.State,
            run.Error,
            run.Attempts,
            At(run.CreatedAt),
            run.FinishedAt is { } end ? At(end) : null,
            run.State == RunRow.Running ? At(run.DueAt) : null,
            steps is null
                ? null
                :
                [
                    .. steps.Select(static s => new StepView(
                        s.Name,
                        s.State,
                        s.Attempts,
                        s.DurationMs,
                        s.Error,
                        At(s.EndedAt)
                    )),
                ]
        );

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Envelope<RunView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<RunView>>))]
internal sealed partial class FlowsJson : JsonSerializerContext;
