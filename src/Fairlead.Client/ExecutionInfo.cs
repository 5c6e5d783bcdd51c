using System.Text.Json;

namespace Fairlead.Client;

/// <summary>Names of where an execution is .</summary>
public static class ExecutionStatus
{
    /// <summary>Waits for its turn.</summary>
    public const string Queued = "queued";

    /// <summary>Runs, or waits between two attempts.</summary>
    public const string Running = "running";

    /// <summary>The tool answered.</summary>
    public const string Completed = "completed";

    /// <summary>All attempts failed.</summary>
    public const string Failed = "failed";

    /// <summary>Somebody cancelled it.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Its failure was passed over.</summary>
    public const string Skipped = "skipped";

    /// <summary>The tool may have done its work or not, and may not be asked again.</summary>
    public const string Unknown = "unknown";
}

/// <summary>What is to be run in the background. What is left out has the gateway's default.</summary>
public sealed record ExecutionDraft
{
    /// <summary>Id or code of the group whose tool it is.</summary>
    public required string Group { get; init; }

    /// <summary>Exposed name of the tool.</summary>
    public required string ToolName { get; init; }

    /// <summary>The arguments, a JSON object; null for none.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>-100 to 100, higher goes first; 0.</summary>
    public int Priority { get; init; }

    /// <summary>Seconds one attempt may take, up to 600; null is 30.</summary>
    public double? Timeout { get; init; }

    /// <summary>Retries, 0 to 10, of a tool that may be asked twice; null is 3.</summary>
    public int? MaxRetries { get; init; }

    /// <summary>What belongs together, at most 128 characters; an abort cancels all of it.</summary>
    public string? CorrelationId { get; init; }
}

/// <summary>An execution of a tool and, once it ended, how .</summary>
public sealed record ExecutionInfo
{
    /// <summary>Its id.</summary>
    public required string TaskId { get; init; }

    /// <summary>Exposed name of the tool.</summary>
    public required string ToolName { get; init; }

    /// <summary>Code of the group.</summary>
    public required string Group { get; init; }

    /// <summary>One of <see cref="ExecutionStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Whether the tool, or its substitute, answered.</summary>
    public bool Success { get; init; }

    /// <summary>Higher goes first.</summary>
    public int Priority { get; init; }

    /// <summary>Seconds one attempt may take.</summary>
    public double Timeout { get; init; }

    /// <summary>Most retries.</summary>
    public int MaxRetries { get; init; }

    /// <summary>Retries made.</summary>
    public int RetryCount { get; init; }

    /// <summary>How often the tool was asked.</summary>
    public int Attempts { get; init; }

    /// <summary>What it belongs to.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Id of the user who submitted it.</summary>
    public string? SubmittedBy { get; init; }

    /// <summary>When it was submitted, UTC.</summary>
    public DateTimeOffset SubmittedAt { get; init; }

    /// <summary>When it first ran, UTC; null before.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended, UTC; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Seconds from its first start to its end.</summary>
    public double? ExecutionTime { get; init; }

    /// <summary>Why it did not succeed.</summary>
    public string? Error { get; init; }

    /// <summary>The substitute that answered in the tool's place.</summary>
    public string? FallbackTool { get; init; }

    /// <summary>Where it waits for a decision; null when it does not.</summary>
    public string? ManualId { get; init; }

    /// <summary>How far a running one says it is.</summary>
    public ExecutionProgress? Progress { get; init; }

    /// <summary>Size of the result in bytes, kept or not.</summary>
    public int ResultBytes { get; init; }

    /// <summary>The MCP result; only of one that was asked for by id, and null where it was too large to keep.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>The arguments; only of one that was asked for by id.</summary>
    public JsonElement? Input { get; init; }
}

/// <summary>How far an execution is.</summary>
/// <param name="Done">What is done.</param>
/// <param name="Total">Of how much; null when unknown.</param>
/// <param name="Message">What it is at.</param>
public sealed record ExecutionProgress(double Done, double? Total, string? Message);

/// <summary>A failed execution that waits for a person, or did .</summary>
public sealed record ManualExecution
{
    /// <summary>What to name it by in a decision.</summary>
    public required string Id { get; init; }

    /// <summary>The execution that failed.</summary>
    public required string TaskId { get; init; }

    /// <summary>Exposed name of the tool.</summary>
    public required string ToolName { get; init; }

    /// <summary>Code of the group; its id when it is gone.</summary>
    public required string Group { get; init; }

    /// <summary><c>database</c>, <c>network</c>, <c>validation</c>, <c>permission</c> or <c>unknown</c>.</summary>
    public string FailureClass { get; init; } = "unknown";

    /// <summary><c>low</c>, <c>medium</c>, <c>high</c> or <c>critical</c>.</summary>
    public string Severity { get; init; } = "low";

    /// <summary>What failed.</summary>
    public string ExceptionType { get; init; } = "";

    /// <summary>What it said, masked.</summary>
    public string Error { get; init; } = "";

    /// <summary>Whether the tool may have done its work: look before it is run again.</summary>
    public bool MayHaveRun { get; init; }

    /// <summary>What it belongs to.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>When it failed, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary><c>open</c>, <c>replayed</c> or <c>dismissed</c>.</summary>
    public required string State { get; init; }

    /// <summary>The execution that ran it again.</summary>
    public string? ReplayedAs { get; init; }

    /// <summary>Id of the user who decided.</summary>
    public string? DecidedBy { get; init; }
}

/// <summary>A failure of an execution and what was done about it .</summary>
public sealed record FailureInfo
{
    /// <summary>Its id.</summary>
    public required string ExceptionId { get; init; }

    /// <summary>The execution.</summary>
    public required string TaskId { get; init; }

    /// <summary>Exposed name of the tool.</summary>
    public required string ToolName { get; init; }

    /// <summary>What failed.</summary>
    public required string ExceptionType { get; init; }

    /// <summary>What it said, masked.</summary>
    public string Message { get; init; } = "";

    /// <summary>Where it was thrown; null for what a service reported.</summary>
    public string? Stack { get; init; }

    /// <summary><c>low</c>, <c>medium</c>, <c>high</c> or <c>critical</c>.</summary>
    public required string Severity { get; init; }

    /// <summary><c>database</c>, <c>network</c>, <c>validation</c>, <c>permission</c> or <c>unknown</c>.</summary>
    public required string FailureClass { get; init; }

    /// <summary>When, UTC.</summary>
    public DateTimeOffset Timestamp { get; init; }

    /// <summary>Retries made before it.</summary>
    public int RetryCount { get; init; }

    /// <summary>Strategies that were tried.</summary>
    public int RecoveryAttempts { get; init; }

    /// <summary>The strategy that took it on, or <c>escalated</c>.</summary>
    public string? RecoveredBy { get; init; }
}

/// <summary>The breaker of a tool .</summary>
public sealed record BreakerInfo
{
    /// <summary>What to name it by in a reset.</summary>
    public required string Id { get; init; }

    /// <summary>Id of the service.</summary>
    public required string ServiceId { get; init; }

    /// <summary>Name of the service; <c>native</c> for the gateway's own tools.</summary>
    public required string Service { get; init; }

    /// <summary>The service's own name of the tool.</summary>
    public required string ToolName { get; init; }

    /// <summary><c>closed</c>, <c>open</c> or <c>half_open</c>.</summary>
    public required string State { get; init; }

    /// <summary>When it opened, UTC; null while it is closed.</summary>
    public DateTimeOffset? OpenedAt { get; init; }

    /// <summary>Failures that count.</summary>
    public int FailureCount { get; init; }

    /// <summary>Seconds it stays open.</summary>
    public double Pause { get; init; }

    /// <summary>Seconds until it lets probes through.</summary>
    public double SecondsLeft { get; init; }

    /// <summary>Probes that were let through.</summary>
    public int Probes { get; init; }

    /// <summary>Of them, those that succeeded.</summary>
    public int ProbesGood { get; init; }
}

internal sealed record ExecutionBatch(IReadOnlyList<ExecutionDraft> Executions);

internal sealed record CancelledExecution(string TaskId, bool Cancelled);
