using System.ComponentModel;
using System.Globalization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Identity;
using Fairlead.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Tools.Executions;

internal sealed record ExecutionFilter(
    [property: FromQuery(Name = "status"), Description("Only executions with this status.")] string? Status,
    [property: FromQuery(Name = "tool_name"), Description("Only executions of this tool.")] string? ToolName,
    [property: FromQuery(Name = "correlation_id"), Description("Only executions that belong to this.")]
        string? CorrelationId
);

/// <summary>Executions over REST (R-22, R-30, R-31).</summary>
internal static class ExecutionEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var executions = routes.MapRest("/executions", "executions", Policies.User);
        executions
            .MapPost("", Submit)
            .Creates()
            .WithName("executions.submit")
            .WithSummary("Runs a tool in the background; its group's rules and limits hold.")
            .WithDescription(
                "A tool that fails is tried again after 1, 2 and 4 seconds only where it may be asked twice: where its"
                    + " annotations or an administrator say so."
            );
        executions
            .MapPost("/batch", SubmitBatch)
            .Creates()
            .WithName("executions.batch")
            .WithSummary("Runs several tools in the background, all or none; the answer has their order.");
        executions
            .MapGet("", List)
            .WithName("executions.list")
            .WithSummary("Executions that wait or run, then those that ended not long ago.");
        executions.MapGet("/{id}", Get).WithName("executions.get").WithSummary("An execution with its result.");
        executions
            .MapPost("/{id}/cancel", Cancel)
            .WithName("executions.cancel")
            .WithSummary("Cancels an execution that has not ended: the tool is told.");
    }

    private static RestResult<ExecutionView> Submit(
        SubmitRequest request,
        HttpContext http,
        ExecutionDesk desk,
        ExecutionQueue queue
    )
    {
        if (desk.Read(request, ExecutionDesk.UserOf(http), "", out var wanted) is { } wrong)
            return wrong;
        var submitted = queue.Submit(wanted!);
        if (!submitted.Ok)
            return submitted.Error;
        AuditNote.Of(http).Resource = submitted.Value.Id;
        return RestResult.Ok(desk.View(submitted.Value), "Submitted.");
    }

    private static RestResult<IReadOnlyList<ExecutionView>> SubmitBatch(
        SubmitBatchRequest request,
        HttpContext http,
        ExecutionDesk desk,
        ExecutionQueue queue,
        ExecutionOptions options
    )
    {
        if (request.Executions is not { Length: > 0 } all || all.Length > options.MaxBatch)
            return RestResult.Fail(
                "MISSING_PARAMETER",
                $"executions are 1 to {options.MaxBatch} executions.",
                "executions"
            );
        var user = ExecutionDesk.UserOf(http);
        List<ExecutionRequest> wanted = [];
        for (var i = 0; i < all.Length; i++)
        {
            var at = string.Create(CultureInfo.InvariantCulture, $"executions[{i}].");
            if (desk.Read(all[i] ?? new SubmitRequest(), user, at, out var one) is { } wrong)
                return wrong;
            wanted.Add(one!);
        }
        var submitted = queue.Submit(wanted);
        if (!submitted.Ok)
            return submitted.Error;
        return RestResult.Ok<IReadOnlyList<ExecutionView>>(
            [.. submitted.Value.Select(e => desk.View(e))],
            "Submitted."
        );
    }

    private static RestResult<IReadOnlyList<ExecutionView>> List(
        [AsParameters] ExecutionFilter filter,
        [AsParameters] PageQuery page,
        HttpContext http,
        ExecutionDesk desk
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        if (filter.Status is { } status && !Statuses.Contains(status))
            return RestResult.Fail("INVALID_PARAMETER", $"status is one of {string.Join(", ", Statuses)}.", "status");
        List<Execution> found =
        [
            .. desk.All(ExecutionDesk.UserOf(http))
                .Where(e => filter.Status is null || ExecutionView.Wire(e.Status) == filter.Status)
                .Where(e => filter.ToolName is null || e.Request.ToolName == filter.ToolName)
                .Where(e => filter.CorrelationId is null || e.Request.CorrelationId == filter.CorrelationId),
        ];
        return RestResult.Page<ExecutionView>(
            [.. found.Skip(page.Skip).Take(page.Size).Select(e => desk.View(e))],
            page,
            found.Count
        );
    }

    private static RestResult<ExecutionView> Get(string id, HttpContext http, ExecutionDesk desk) =>
        desk.Find(id, ExecutionDesk.UserOf(http)) is { } execution
            ? RestResult.Ok(desk.View(execution, whole: true))
            : Missing(id);

    private static RestResult<CancelledView> Cancel(
        string id,
        HttpContext http,
        ExecutionDesk desk,
        ExecutionQueue queue
    )
    {
        if (desk.Find(id, ExecutionDesk.UserOf(http)) is null)
            return Missing(id);
        var cancelled = queue.Cancel(id);
        return RestResult.Ok(
            new CancelledView(id, cancelled),
            cancelled ? "It is told to end." : "It had ended already."
        );
    }

    private static IReadOnlyList<string> Statuses => [.. Enum.GetValues<ExecutionStatus>().Select(ExecutionView.Wire)];

    private static RestError Missing(string id) =>
        RestResult.Fail("NOT_FOUND", $"There is no execution {id}: it never was, or ended too long ago.");
}
