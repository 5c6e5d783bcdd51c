using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Tools.Recovery;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools.Executions;

/// <summary>What a tool needs for itself alone: executions that name the same resource take turns .</summary>
internal delegate IReadOnlyList<string> ToolResources(ItemRoute route);

/// <summary>One execution from its turn to its result: attempts, each with its own timeout, and what follows a failure.</summary>
internal sealed partial class ExecutionRun(
    ToolCalls calls,
    Turns turns,
    ToolRecovery recovery,
    RetryBudget budget,
    ToolResources resources,
    ExecutionOptions options,
    TimeProvider time,
    ILogger<ExecutionRun> logger
)
{
    // A tool held back by a limit waits for it this often, then that is its failure.
    private const int MostHolds = 100;

    /// <summary>Runs it to its end. Never throws.</summary>
    /// <param name="execution">What to run.</param>
    /// <param name="cancelRelated">Cancels the others with its correlation id.</param>
    /// <param name="stopping">Ends waits between attempts: what runs is let to end.</param>
    public async Task<ExecutionResult> RunAsync(
        Execution execution,
        Func<int> cancelRelated,
        CancellationToken stopping
    )
    {
        try
        {
            return await AttemptsAsync(execution, cancelRelated, stopping);
        }
        catch (OperationCanceledException) when (execution.Token.IsCancellationRequested)
        {
            return Result(execution, ExecutionStatus.Cancelled, error: "cancelled");
        }
        catch (Exception e)
        {
            Broken(logger, e, execution.Id);
            var outcome = new ToolOutcome
            {
                Error = e.Message,
                Type = e.GetType().Name,
                Stack = e.StackTrace,
            };
            recovery.Note(execution.Id, execution.Request.ToolName, outcome, execution.RetryCount);
            return Result(execution, ExecutionStatus.Failed, error: $"The execution broke off ({e.GetType().Name})");
        }
    }

    private async Task<ExecutionResult> AttemptsAsync(
        Execution execution,
        Func<int> cancelRelated,
        CancellationToken stopping
    )
    {
        var request = execution.Request;
        var holds = 0;
        while (true)
        {
            if (calls.Find(request) is not { } route)
                return Result(execution, ExecutionStatus.Failed, error: $"Unknown tool: {request.ToolName}");
            var outcome = await AttemptAsync(execution, route);
            if (outcome.Success)
                return Result(execution, ExecutionStatus.Completed, outcome.Result);
            if (outcome.IsCancelled || execution.Token.IsCancellationRequested)
                return Result(execution, ExecutionStatus.Cancelled, error: "cancelled");
            if (outcome.IsUnknownTool)
                return Result(execution, ExecutionStatus.Failed, error: outcome.Error);
            if (outcome.Wait is { } wait && ++holds <= MostHolds && await PauseAsync(wait, execution, stopping))
            {
                // Nothing was asked of the tool yet.
                execution.Attempts--;
                continue;
            }
            if (execution.Attempts == 1)
                budget.Earn();
            var failed = new RecoveryCase
            {
                TaskId = execution.Id,
                Request = request,
                Outcome = outcome,
                Failure = recovery.Note(execution.Id, request.ToolName, outcome, execution.RetryCount),
                RetryCount = execution.RetryCount,
                IsIdempotent = MayRepeat(route),
                RunOtherAsync = (tool, token) => OtherAsync(request, tool, token),
                CancelRelated = cancelRelated,
            };
            var verdict = await recovery.DecideAsync(failed, execution.Token);
            if (verdict.Answer is { } answer)
                return Result(execution, ExecutionStatus.Completed, answer.Result) with
                {
                    FallbackTool = verdict.AnsweredBy,
                };
            if (verdict.RetryAfter is { } pause && await PauseAsync(pause, execution, stopping))
            {
                execution.RetryCount++;
                continue;
            }
            return Result(
                execution,
                verdict.Status
                    ?? (outcome.IsOpen && !failed.IsIdempotent ? ExecutionStatus.Unknown : ExecutionStatus.Failed),
                outcome.Result,
                outcome.Error
            ) with
            {
                ManualId = verdict.ManualId,
            };
        }
    }

    private async Task<ToolOutcome> AttemptAsync(Execution execution, ItemRoute route)
    {
        var request = execution.Request;
        var turn = await turns.TakeAsync(
            request.Priority,
            execution.SubmittedTimestamp,
            () => Needs(route),
            execution.Token
        );
        Task? stuck = null;
        try
        {
            execution.Begin(time.GetUtcNow(), time.GetTimestamp());
            execution.Attempts++;
            var outcome = await calls.RunAsync(request, p => execution.Progress = p, execution.Token);
            stuck = outcome.Stuck;
            return outcome;
        }
        finally
        {
            if (stuck is null)
                turn.Dispose();
            else
                await LeaveAsync(turn, stuck, execution);
        }
    }

    // A tool that does not heed its cancellation holds nobody up but those that need what it still uses.
    private ValueTask LeaveAsync(Turns.Turn turn, Task stuck, Execution execution)
    {
        Ignored(logger, execution.Id, execution.Request.ToolName);
        turn.Step();
        _ = stuck.ContinueWith(
            _ => turn.Dispose(),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
        return ValueTask.CompletedTask;
    }

    private async Task<ToolOutcome> OtherAsync(
        ExecutionRequest request,
        string tool,
        CancellationToken cancellationToken
    )
    {
        var other = request with { ToolName = tool };
        if (calls.Find(other) is not { } route)
            return ToolOutcome.Unknown($"Unknown tool: {tool}");
        using var turn = await turns.TakeAsync(
            request.Priority,
            time.GetTimestamp(),
            () => Needs(route),
            cancellationToken
        );
        return await calls.RunAsync(other, progress: null, cancellationToken);
    }

    /// <summary>Waits; false when the gateway stops meanwhile.</summary>
    private async Task<bool> PauseAsync(TimeSpan wait, Execution execution, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(execution.Token, stopping);
        try
        {
            await Task.Delay(wait, time, either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!execution.Token.IsCancellationRequested)
        {
            return false;
        }
    }

    private bool MayRepeat(ItemRoute route) => route.IsIdempotent || options.IdempotentTools.Any(n => Is(n, route));

    private List<string> Needs(ItemRoute route)
    {
        List<string> needs = [.. resources(route)];
        foreach (var name in options.Exclusive.Where(n => Is(n, route)))
            needs.Add($"tool:{name}");
        return needs;
    }

    private static bool Is(string name, ItemRoute route) =>
        name == route.UpstreamName || name == route.Publication.ExposedName;

    private ExecutionResult Result(
        Execution execution,
        ExecutionStatus status,
        ReadOnlyMemory<byte> result = default,
        string? error = null
    ) =>
        new()
        {
            TaskId = execution.Id,
            Status = status,
            Result = result.Length <= options.MaxResultBytes ? result : default,
            ResultBytes = result.Length,
            Error = error,
            ExecutionTime = execution.StartedAt is null
                ? TimeSpan.Zero
                : time.GetElapsedTime(execution.StartedTimestamp),
            RetryCount = execution.RetryCount,
            Attempts = execution.Attempts,
        };

    [LoggerMessage(Level = LogLevel.Error, Message = "Execution {Id} broke off")]
    private static partial void Broken(ILogger logger, Exception exception, string id);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Execution {Id}: {Tool} does not heed its cancellation; what it uses stays taken until it ends"
    )]
    private static partial void Ignored(ILogger logger, string id, string tool);
}
