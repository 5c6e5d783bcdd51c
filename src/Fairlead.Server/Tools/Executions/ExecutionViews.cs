using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Tools.Recovery;

namespace Fairlead.Server.Tools.Executions;

internal sealed record SubmitRequest
{
    [Description("The group whose tool it is: its id or its code.")]
    public string? Group { get; set; }

    [Description("Exposed name of the tool in the group.")]
    public string? ToolName { get; set; }

    [Description("The tool's arguments; none unless given.")]
    public JsonElement? Input { get; set; }

    [Description("-100 to 100; higher goes first; 0 unless given.")]
    public int Priority { get; set; }

    [Description("Seconds one attempt may take, up to 600; 30 unless given.")]
    public double? Timeout { get; set; }

    [Description("Retries, 0 to 10, of a tool that may be asked twice; 3 unless given.")]
    public int? MaxRetries { get; set; }

    [Description("What belongs together: an abort cancels all of it.")]
    public string? CorrelationId { get; set; }
}

internal sealed record SubmitBatchRequest
{
    [Description("What is to be run, in this order.")]
    public SubmitRequest[]? Executions { get; set; }
}

internal sealed record ExecutionView
{
    public required string TaskId { get; init; }
    public required string ToolName { get; init; }

    [Description("Code of the group; its id when it is gone.")]
    public required string Group { get; init; }

    [Description("queued, running, completed, failed, cancelled, skipped or unknown (it may have run or not).")]
    public required string Status { get; init; }
    public required bool Success { get; init; }
    public required int Priority { get; init; }

    [Description("Seconds one attempt may take.")]
    public required double Timeout { get; init; }
    public required int MaxRetries { get; init; }
    public required int RetryCount { get; init; }

    [Description("How often the tool was asked.")]
    public required int Attempts { get; init; }
    public required string? CorrelationId { get; init; }
    public required string? SubmittedBy { get; init; }
    public required DateTime SubmittedAt { get; init; }
    public required DateTime? StartedAt { get; init; }
    public required DateTime? EndedAt { get; init; }

    [Description("Seconds from its first start to its end, waits between attempts included.")]
    public required double? ExecutionTime { get; init; }
    public required string? Error { get; init; }

    [Description("The substitute that answered in the tool's place.")]
    public required string? FallbackTool { get; init; }

    [Description("Where it waits for a decision: /api/v1/executions/manual.")]
    public required string? ManualId { get; init; }

    [Description("How far a running one says it is.")]
    public required ExecutionProgress? Progress { get; init; }

    [Description("Size of the result in bytes, kept or not.")]
    public required int ResultBytes { get; init; }

    [Description("The MCP result; only where one execution is asked for, and null where it was too large to keep.")]
    public JsonElement? Result { get; init; }

    [Description("The arguments; only where one execution is asked for.")]
    public JsonElement? Input { get; init; }

    public static string Wire(ExecutionStatus status) => JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());

    public static ExecutionView Of(Execution execution, string group, bool whole)
    {
        var request = execution.Request;
        var result = execution.Result;
        return new()
        {
            TaskId = execution.Id,
            ToolName = request.ToolName,
            Group = group,
            Status = Wire(execution.Status),
            Success = result?.Success ?? false,
            Priority = request.Priority,
            Timeout = request.Timeout.TotalSeconds,
            MaxRetries = request.MaxRetries,
            RetryCount = execution.RetryCount,
            Attempts = execution.Attempts,
            CorrelationId = request.CorrelationId,
            SubmittedBy = request.SubmittedBy?.Value,
            SubmittedAt = execution.SubmittedAt.UtcDateTime,
            StartedAt = execution.StartedAt?.UtcDateTime,
            EndedAt = execution.EndedAt?.UtcDateTime,
            ExecutionTime = result is null ? null : Math.Round(result.ExecutionTime.TotalSeconds, 3),
            Error = result?.Error,
            FallbackTool = result?.FallbackTool,
            ManualId = result?.ManualId,
            Progress = result is null ? execution.Progress : null,
            ResultBytes = result?.ResultBytes ?? 0,
            Result = whole && result is { Result.IsEmpty: false } ? JsonElement.Parse(result.Result.Span) : null,
            Input = whole && !request.Input.IsEmpty ? JsonElement.Parse(request.Input.Span) : null,
        };
    }
}

internal sealed record CancelledView(
    string TaskId,
    [property: Description("Whether it had not ended yet.")] bool Cancelled
);

internal sealed record ManualView
{
    public required string Id { get; init; }

    [Description("The execution that failed.")]
    public required string TaskId { get; init; }
    public required string ToolName { get; init; }
    public required string Group { get; init; }

    [Description("database, network, validation, permission or unknown.")]
    public required string FailureClass { get; init; }
    public required string Severity { get; init; }
    public required string ExceptionType { get; init; }
    public required string Error { get; init; }

    [Description("Whether the tool may have done its work: look before you run it again.")]
    public required bool MayHaveRun { get; init; }
    public required string? CorrelationId { get; init; }
    public required DateTime CreatedAt { get; init; }

    [Description("open, replayed or dismissed.")]
    public required string State { get; init; }

    [Description("The execution that ran it again.")]
    public required string? ReplayedAs { get; init; }
    public required string? DecidedBy { get; init; }
}

internal sealed record BreakerView
{
    [Description("For a reset.")]
    public required string Id { get; init; }
    public required string ServiceId { get; init; }

    [Description("The service's name; native for the gateway's own tools.")]
    public required string Service { get; init; }

    [Description("The service's own name of the tool.")]
    public required string ToolName { get; init; }

    [Description("closed, open or half_open.")]
    public required string State { get; init; }
    public required DateTime? OpenedAt { get; init; }
    public required int FailureCount { get; init; }

    [Description("Seconds it stays open.")]
    public required double Pause { get; init; }

    [Description("Seconds until it lets probes through.")]
    public required double SecondsLeft { get; init; }
    public required int Probes { get; init; }
    public required int ProbesGood { get; init; }
}

internal sealed record FailureView(
    string ExceptionId,
    string TaskId,
    string ToolName,
    string ExceptionType,
    string Message,
    string? Stack,
    string Severity,
    string FailureClass,
    DateTime Timestamp,
    int RetryCount,
    int RecoveryAttempts,
    [property: Description("The strategy that took it on, or escalated; null where none was asked.")]
        string? RecoveredBy
);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SubmitRequest))]
[JsonSerializable(typeof(SubmitBatchRequest))]
[JsonSerializable(typeof(Envelope<ExecutionView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ExecutionView>>))]
[JsonSerializable(typeof(Envelope<CancelledView>))]
[JsonSerializable(typeof(Envelope<ManualView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<ManualView>>))]
[JsonSerializable(typeof(Envelope<BreakerView>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<BreakerView>>))]
[JsonSerializable(typeof(Envelope<IReadOnlyList<FailureView>>))]
internal sealed partial class ExecutionsJson : JsonSerializerContext;
