using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Tools.Executions;

/// <summary>Where an execution is .</summary>
internal enum ExecutionStatus
{
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,

    /// <summary>Its failure was passed over .</summary>
    Skipped,

    /// <summary>The tool may have run or not, and may not be asked twice; also what an id has that nobody knows.</summary>
    Unknown,
}

/// <summary>What is to be run .</summary>
internal sealed record ExecutionRequest
{
    /// <summary>The group whose tool it is: its rules and limits hold.</summary>
    public required GroupId Group { get; init; }

    /// <summary>Exposed name in the group.</summary>
    public required string ToolName { get; init; }

    /// <summary>The arguments, one JSON object; empty for none.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>Higher goes first; waiting raises it .</summary>
    public int Priority { get; init; }

    /// <summary>Longest time of one attempt.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Retries that count as made already.</summary>
    public int RetryCount { get; init; }

    /// <summary>Retries after the first attempt, of a tool that may be repeated.</summary>
    public int MaxRetries { get; init; } = 3;

    /// <summary>What belongs together: an abort ends all of it .</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Whose rights hold; null for an administrator, who may use every group.</summary>
    public CallingUser? User { get; init; }

    /// <summary>Who stands behind it, for tools that ask for roles; null where that is not known any more.</summary>
    public CallingUser? Caller { get; init; }

    /// <summary>Who submitted it, for lists and the call log.</summary>
    public UserId? SubmittedBy { get; init; }

    /// <summary>Told the result once it is there; what it throws is only logged .</summary>
    public Func<ExecutionResult, ValueTask>? Callback { get; init; }
}

/// <summary>How an execution ended .</summary>
internal sealed record ExecutionResult
{
    public required string TaskId { get; init; }
    public required ExecutionStatus Status { get; init; }
    public bool Success => Status == ExecutionStatus.Completed;

    /// <summary>The MCP result object; empty without one, or where it was too large to keep.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }

    /// <summary>Size of the result in bytes, kept or not.</summary>
    public int ResultBytes { get; init; }
    public string? Error { get; init; }

    /// <summary>From its first start to its end, waits between attempts included; zero when it never started.</summary>
    public TimeSpan ExecutionTime { get; init; }
    public int RetryCount { get; init; }

    /// <summary>How often the tool was asked; 0 when there is no such tool .</summary>
    public int Attempts { get; init; }

    /// <summary>The substitute that answered in the tool's place .</summary>
    public string? FallbackTool { get; init; }

    /// <summary>Where it waits for a person; null when it does not .</summary>
    public string? ManualId { get; init; }
}

/// <summary>How far a running execution says it is.</summary>
internal sealed record ExecutionProgress(double Done, double? Total, string? Message);

/// <summary>One run of a tool, with its attempts.</summary>
internal sealed class Execution : IDisposable
{
    private readonly CancellationTokenSource cancellation = new();
    private readonly TaskCompletionSource<ExecutionResult> ended = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private volatile ExecutionProgress? progress;
    private int status;

    public Execution(string id, ExecutionRequest request, DateTimeOffset at, long timestamp)
    {
        (Id, Request, SubmittedAt, SubmittedTimestamp) = (id, request, at, timestamp);
        RetryCount = request.RetryCount;
        Token = cancellation.Token;
    }

    public string Id { get; }
    public ExecutionRequest Request { get; }
    public DateTimeOffset SubmittedAt { get; }

    /// <summary>When it was submitted, by the monotonic clock: its place in the queue.</summary>
    public long SubmittedTimestamp { get; }
    public DateTimeOffset? StartedAt { get; private set; }
    public DateTimeOffset? EndedAt { get; private set; }
    public long StartedTimestamp { get; private set; }
    public int Attempts { get; set; }
    public int RetryCount { get; set; }

    /// <summary>Cancelled with it; readable after its end, too.</summary>
    public CancellationToken Token { get; }
    public ExecutionProgress? Progress
    {
        get => progress;
        set => progress = value;
    }

    public ExecutionStatus Status => (ExecutionStatus)Volatile.Read(ref status);

    /// <summary>Its end.</summary>
    public Task<ExecutionResult> Ended => ended.Task;

    /// <summary>How it ended; null while it has not.</summary>
    public ExecutionResult? Result { get; private set; }

    public void Begin(DateTimeOffset at, long timestamp)
    {
        if (StartedAt is null)
        {
            StartedAt = at;
            StartedTimestamp = timestamp;
        }
        Volatile.Write(ref status, (int)ExecutionStatus.Running);
    }

    /// <summary>Asks it to end; true when it had not .</summary>
    public bool Cancel()
    {
        if (ended.Task.IsCompleted)
            return false;
        try
        {
            cancellation.Cancel();
            return true;
        }
        catch (ObjectDisposedException)
        {
            // It ended in the same moment.
            return false;
        }
    }

    public void Dispose() => cancellation.Dispose();

    public void End(ExecutionResult result, DateTimeOffset at)
    {
        EndedAt = at;
        Result = result;
        Volatile.Write(ref status, (int)result.Status);
    }

    /// <summary>Tells those who wait for it.</summary>
    public void Tell() => ended.TrySetResult(Result!);
}
