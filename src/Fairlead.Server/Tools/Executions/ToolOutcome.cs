using System.Text.RegularExpressions;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;

namespace Fairlead.Server.Tools.Executions;

/// <summary>How one attempt went.</summary>
internal sealed partial record ToolOutcome
{
    /// <summary>What the type of a failure is called that came as a tool's own answer.</summary>
    public const string ToolError = "ToolError";

    public bool Success { get; init; }

    /// <summary>The result object; also of a tool that ran and reported failure.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }
    public string Error { get; init; } = "";

    /// <summary>What failed: the name of an exception, the reason of a gateway's error, or <see cref="ToolError"/>.</summary>
    public string Type { get; init; } = ToolError;
    public int Code { get; init; }

    /// <summary>Where it was thrown, when that was here.</summary>
    public string? Stack { get; init; }

    /// <summary>Nobody knows whether the tool did its work.</summary>
    public bool IsOpen { get; init; }
    public bool IsCancelled { get; init; }
    public bool IsTimeout { get; init; }

    /// <summary>There is no such tool, or no such group for the caller (R-27).</summary>
    public bool IsUnknownTool { get; init; }

    /// <summary>A limit held it back before anything was done: how long to wait; null else.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>The tool does not heed its cancellation and still runs: its end; null else.</summary>
    public Task? Stuck { get; init; }

    public static readonly ToolOutcome Cancelled = new()
    {
        IsCancelled = true,
        Error = "cancelled",
        Type = "cancelled",
    };

    public static ToolOutcome Unknown(string text) =>
        new()
        {
            IsUnknownTool = true,
            Error = text,
            Type = "unknown_tool",
            Code = McpErrorCode.InvalidParams,
        };

    public static ToolOutcome TimedOut(TimeSpan limit, Task? stuck = null) =>
        new()
        {
            IsTimeout = true,
            IsOpen = true,
            Code = McpErrorCode.UpstreamTimeout,
            Type = nameof(TimeoutException),
            Error = $"Timeout: the tool did not answer within {limit.TotalSeconds:0.###} s",
            Stuck = stuck,
        };

    /// <summary>Reads an answer whose bytes are ours to keep.</summary>
    public static ToolOutcome Of(in Answer answer, ReadOnlyMemory<byte> bytes)
    {
        if (!answer.IsError)
        {
            if (!answer.ToolFailed && answer.Code == 0)
                return new() { Success = true, Result = bytes };
            var text = answer.Message ?? FirstText(bytes.Span) ?? "the tool reported an error";
            return new()
            {
                Result = bytes,
                Code = answer.Code,
                Error = text,
                Wait = answer.Permit is { IsGiven: false } over ? over.Wait : null,
                Type =
                    answer.Permit is { IsGiven: false } ? "rate_limited"
                    : Thrown().Match(text) is { Success: true } thrown ? thrown.Groups["type"].Value
                    : ToolError,
            };
        }
        var data = JsonScan.Value(bytes.Span, "data"u8);
        var isObject = data.Length > 0 && data[0] == (byte)'{';
        var isBusy = answer is { Status: 429 or 503, RetryAfter: > 0 };
        return new()
        {
            Code = answer.Code,
            Error = answer.Message ?? "the call failed",
            Type = (isObject ? JsonScan.Text(data, "reason"u8) : null) ?? "protocol_error",
            IsOpen = isObject && JsonScan.Text(data, "outcome"u8) == "unknown",
            // Services cannot fake this: the status of what they answer is never one of these.
            Wait = isBusy ? TimeSpan.FromSeconds(answer.RetryAfter) : null,
        };
    }

    private static string? FirstText(ReadOnlySpan<byte> result)
    {
        var content = JsonScan.Value(result, "content"u8);
        var start = content.IndexOf((byte)'{');
        if (start < 0)
            return null;
        var reader = new System.Text.Json.Utf8JsonReader(content[start..]);
        reader.Read();
        reader.Skip();
        return JsonScan.Text(content.Slice(start, (int)reader.BytesConsumed), "text"u8);
    }

    // How a native tool says that it threw (NativeTool).
    [GeneratedRegex(@"^The tool failed \((?<type>\w{1,100})\)", RegexOptions.NonBacktracking)]
    private static partial Regex Thrown();
}
