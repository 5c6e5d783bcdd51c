using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Recovery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.Server.Tools.Executions;

/// <summary>Failed executions that wait for a person (R-40).</summary>
internal static class ManualEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var manual = routes.MapRest("/executions/manual", "executions");
        manual
            .MapGet("", ListAsync)
            .WithName("executions.manual.list")
            .WithSummary("Failed executions that wait for a decision, unless another state is asked for.");
        manual
            .MapPost("/{id}/replay", ReplayAsync)
            .Creates()
            .WithName("executions.manual.replay")
            .WithSummary("Runs a failed execution again, once.")
            .WithDescription("Where may_have_run says so, look first whether the tool did its work after all.");
        manual
            .MapPost("/{id}/dismiss", DismissAsync)
            .WithName("executions.manual.dismiss")
            .WithSummary("Takes a failed execution out of the queue for good.");
    }

    private static async Task<RestResult<IReadOnlyList<ManualView>>> ListAsync(
        [FromQuery] string? state,
        [AsParameters] PageQuery page,
        ManualQueue queue,
        ExecutionDesk desk,
        CancellationToken cancellationToken
    )
    {
        if (page.Check() is { } wrong)
            return wrong;
        if (state is not (null or "all") && !ManualState.All.Contains(state))
            return RestResult.Fail(
                "INVALID_PARAMETER",
                $"state is {string.Join(", ", ManualState.All)} or all.",
                "state"
            );
        var wanted = state switch
        {
            null => ManualState.Open,
            "all" => null,
            _ => state,
        };
        var (rows, total) = await queue.ListAsync(wanted, page.Skip, page.Size, cancellationToken);
        return RestResult.Page<ManualView>([.. rows.Select(r => View(r, desk))], page, total);
    }

    private static async Task<RestResult<ExecutionView>> ReplayAsync(
        string id,
        HttpContext http,
        ManualQueue manual,
        ExecutionQueue queue,
        ExecutionDesk desk
    )
    {
        var user = ExecutionDesk.UserOf(http);
        // From here on it is done whoever goes away: what was taken out is run or put back.
        if (await manual.TakeAsync(id, user.Id, CancellationToken.None) is not { } request)
            return Missing(id);
        var submitted = queue.Submit(request with { Caller = ExecutionDesk.Caller(user) });
        if (!submitted.Ok)
        {
            await manual.PutBackAsync(id, CancellationToken.None);
            return submitted.Error;
        }
        await manual.NoteReplayAsync(id, submitted.Value.Id, CancellationToken.None);
        return RestResult.Ok(desk.View(submitted.Value), "Submitted again.");
    }

    private static async Task<RestResult<CancelledView>> DismissAsync(
        string id,
        HttpContext http,
        ManualQueue manual,
        CancellationToken cancellationToken
    ) =>
        await manual.DismissAsync(id, ExecutionDesk.UserOf(http).Id, cancellationToken)
            ? RestResult.Ok(new CancelledView(id, true), "Dismissed.")
            : Missing(id);

    private static RestError Missing(string id) =>
        RestResult.Fail("NOT_FOUND", $"Nothing waits under {id}: it never did, or was decided on already.");

    private static ManualView View(ManualRow row, ExecutionDesk desk) =>
        new()
        {
            Id = row.Id,
            TaskId = row.ExecutionId,
            ToolName = row.ToolName,
            Group = desk.GroupName(new GroupId(row.GroupId)),
            FailureClass = RecoveryEndpoints.Wire(row.FailureClass),
            Severity = RecoveryEndpoints.Wire(row.Severity),
            ExceptionType = row.ExceptionType,
            Error = row.Error,
            MayHaveRun = row.MayHaveRun,
            CorrelationId = row.CorrelationId,
            CreatedAt = row.CreatedAt.UtcDateTime,
            State = row.State,
            ReplayedAs = row.ReplayedAs,
            DecidedBy = row.DecidedBy,
        };
}
