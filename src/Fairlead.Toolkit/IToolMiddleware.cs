using System.Text.Json;

namespace Fairlead.Toolkit;

/// <summary>One run of a tool, as middleware sees it.</summary>
/// <param name="Tool">The tool's name as its author gave it.</param>
/// <param name="Policy">What its attributes say.</param>
/// <param name="Arguments">The arguments as they were sent, not checked yet; an object, or undefined when there are none.</param>
/// <param name="Context">The call.</param>
public sealed record ToolRun(string Tool, ToolPolicy Policy, JsonElement Arguments, CallContext Context);

/// <summary>What a run of a tool came to: a value, or an error with a text.</summary>
public sealed class ToolResult
{
    private ToolResult(object? value, bool isError) => (Value, IsError) = (value, isError);

    /// <summary>What the tool returned; for an error its text.</summary>
    public object? Value { get; }

    /// <summary>Whether the caller is told that it failed.</summary>
    public bool IsError { get; }

    /// <summary>A result with what a tool may return: a text, content blocks, or anything that becomes JSON.</summary>
    /// <param name="value">The value; null is an empty result.</param>
    public static ToolResult Of(object? value) => new(value, isError: false);

    /// <summary>An error result.</summary>
    /// <param name="message">What went wrong and what to do about it, for a person or a model.</param>
    public static ToolResult Error(string message) => new(message, isError: true);
}

/// <summary>Runs what comes after a middleware: the next one, at last the tool.</summary>
/// <param name="run">The run.</param>
public delegate ValueTask<ToolResult> ToolNext(ToolRun run);

/// <summary>
/// Stands around every run of a native tool: the first registered is the first to see the request and the last to
/// see the result. What it throws becomes an error result, as if the tool had thrown it.
/// </summary>
public interface IToolMiddleware
{
    /// <summary>Does something before, after or instead of the run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="next">Goes on with it; a middleware that does not call it answers itself.</param>
    ValueTask<ToolResult> InvokeAsync(ToolRun run, ToolNext next);
}
