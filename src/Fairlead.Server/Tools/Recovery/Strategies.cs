using Fairlead.Server.Tools.Executions;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>The strategies every gateway has; their names are these in lower case.</summary>
internal enum RecoveryStrategy
{
    Retry,
    Fallback,
    Skip,
    Abort,
    Manual,
}

/// <summary>What a failed execution is about.</summary>
internal sealed record RecoveryCase
{
    public required string TaskId { get; init; }
    public required ExecutionRequest Request { get; init; }
    public required ToolOutcome Outcome { get; init; }
    public required FailureRecord Failure { get; init; }
    public required int RetryCount { get; init; }

    /// <summary>Whether the tool may be asked again after it may have run.</summary>
    public required bool IsIdempotent { get; init; }

    /// <summary>Asks another tool of the group with the same input.</summary>
    public required Func<string, CancellationToken, Task<ToolOutcome>> RunOtherAsync { get; init; }

    /// <summary>Cancels all other executions with the same correlation id; how many there were.</summary>
    public required Func<int> CancelRelated { get; init; }
}

/// <summary>What a strategy decided; null in its place: it cannot help.</summary>
internal sealed record RecoveryVerdict
{
    /// <summary>Try the tool again after this long.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>A substitute answered.</summary>
    public ToolOutcome? Answer { get; init; }

    /// <summary>Its name.</summary>
    public string? AnsweredBy { get; init; }

    /// <summary>The execution ends like this; null ends it as a failure.</summary>
    public ExecutionStatus? Status { get; init; }

    /// <summary>Where it waits for a person.</summary>
    public string? ManualId { get; init; }
}

/// <summary>
/// A way to deal with a failure. Register more in the services, or with <see cref="ToolRecovery.Register"/> while the
/// gateway runs, and name them in <see cref="ToolRecoveryOptions.Chains"/>.
/// </summary>
internal interface IRecoveryStrategy
{
    /// <summary>Its name in chains.</summary>
    string Name { get; }

    /// <summary>Deals with the failure; null when it cannot, then the next one is asked. Throwing counts as null.</summary>
    ValueTask<RecoveryVerdict?> TryAsync(RecoveryCase failed, CancellationToken cancellationToken);
}

/// <summary>Again after 1, 2, 4 … s, at most 30: only what may be asked twice, and only within the budget.</summary>
internal sealed class RetryStrategy(RetryBudget budget) : IRecoveryStrategy
{
    public string Name => "retry";

    public ValueTask<RecoveryVerdict?> TryAsync(RecoveryCase failed, CancellationToken cancellationToken) =>
        new(
            failed.IsIdempotent
            && failed.Outcome.Stuck is null
            && RetryPolicies.Task.Next(failed.RetryCount, failed.Request.MaxRetries) is { } wait
            && budget.TrySpend()
                ? new RecoveryVerdict { RetryAfter = wait }
                : null
        );
}

/// <summary>Asks the configured substitute .</summary>
internal sealed class FallbackStrategy(ToolRecoveryOptions options) : IRecoveryStrategy
{
    public string Name => "fallback";

    public async ValueTask<RecoveryVerdict?> TryAsync(RecoveryCase failed, CancellationToken cancellationToken)
    {
        if (!options.FallbackTools.TryGetValue(failed.Request.ToolName, out var substitute))
            return null;
        var outcome = await failed.RunOtherAsync(substitute, cancellationToken);
        return outcome.Success ? new RecoveryVerdict { Answer = outcome, AnsweredBy = substitute } : null;
    }
}

/// <summary>Passes over it, with a warning .</summary>
internal sealed partial class SkipStrategy(ILogger<SkipStrategy> logger) : IRecoveryStrategy
{
    public string Name => "skip";

    public ValueTask<RecoveryVerdict?> TryAsync(RecoveryCase failed, CancellationToken cancellationToken)
    {
        Skipped(logger, failed.TaskId, failed.Request.ToolName, failed.Failure.ExceptionType, failed.Failure.Class);
        return new(new RecoveryVerdict { Status = ExecutionStatus.Skipped });
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Execution {Id} of {Tool} is skipped: {Type}, {Class}; /api/v1/failures has its text"
    )]
    private static partial void Skipped(ILogger logger, string id, string tool, string type, FailureClass @class);
}

/// <summary>Ends everything that belongs to it and calls for a person .</summary>
internal sealed class AbortStrategy(Alerts alerts) : IRecoveryStrategy
{
    public string Name => "abort";

    public ValueTask<RecoveryVerdict?> TryAsync(RecoveryCase failed, CancellationToken cancellationToken)
    {
        var related = failed.CancelRelated();
        alerts.Raise(
            Severity.Critical,
            failed.Request.ToolName,
            $"Execution {failed.TaskId} of {failed.Request.ToolName} failed with {failed.Failure.ExceptionType} and was aborted; {related} related ones were cancelled."
        );
        return new(new RecoveryVerdict { Status = ExecutionStatus.Failed });
    }
}

/// <summary>Puts it before a person, who may run it again .</summary>
internal sealed class ManualStrategy(ManualQueue queue, Alerts alerts) : IRecoveryStrategy
{
    public string Name => "manual";

    public async ValueTask<RecoveryVerdict?> TryAsync(RecoveryCase failed, CancellationToken cancellationToken)
    {
        // What failed is kept although the one who asked for it may be gone.
        var id = await queue.AddAsync(failed, CancellationToken.None);
        alerts.Raise(
            failed.Failure.Severity == Severity.Critical ? Severity.Critical : Severity.High,
            failed.Request.ToolName,
            id is null
                ? $"Execution {failed.TaskId} of {failed.Request.ToolName} failed and could not be kept: the manual queue is full."
                : $"Execution {failed.TaskId} of {failed.Request.ToolName} failed and waits for a decision ({id})."
        );
        return id is null ? null : new RecoveryVerdict { ManualId = id };
    }
}
