namespace Fairlead.Server.Tools.Recovery;

/// <summary>A failure and what was done about it .</summary>
internal sealed record FailureRecord
{
    public required string ExceptionId { get; init; }
    public required string TaskId { get; init; }
    public required string ToolName { get; init; }
    public required string ExceptionType { get; init; }
    public required string Message { get; init; }

    /// <summary>Where it was thrown; null for what a service or another process reported.</summary>
    public string? Stack { get; init; }
    public required Severity Severity { get; init; }
    public required FailureClass Class { get; init; }
    public required DateTimeOffset Timestamp { get; init; }
    public required int RetryCount { get; init; }

    /// <summary>Strategies that were tried so far.</summary>
    public int RecoveryAttempts { get; set; }

    /// <summary>What was done in the end: a strategy's name, or <c>escalated</c>.</summary>
    public string? RecoveredBy { get; set; }
}

/// <summary>The newest failures, for people to look at; bounded.</summary>
internal sealed class Failures(int most)
{
    private readonly Lock gate = new();
    private readonly LinkedList<FailureRecord> records = new();

    public void Add(FailureRecord record)
    {
        lock (gate)
        {
            records.AddFirst(record);
            if (records.Count > most)
                records.RemoveLast();
        }
    }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<FailureRecord> All
    {
        get
        {
            lock (gate)
                return [.. records];
        }
    }
}
