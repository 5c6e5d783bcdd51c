using System.Globalization;
using System.Text.Json;
using Fairlead.Bench;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>Printed by <c>bench --json</c>; the comparison is null without <c>--compare</c>.</summary>
internal sealed record MeasuredRun(BenchmarkResult Result, IReadOnlyList<ComparedMeasure>? Comparison);

/// <summary>A tool as something to measure.</summary>
internal static class MeasuredTool
{
    /// <summary>One call before a run: what is wrong from the beginning is told as by <c>tools call</c>, not counted.</summary>
    /// <exception cref="CliFailure">The tool reported an error.</exception>
    public static async Task TryAsync(
        FairleadMcpClient mcp,
        string tool,
        JsonElement arguments,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await CallAsync(mcp, tool, arguments, cancellationToken);
        }
        catch (InvalidOperationException failure)
        {
            throw new CliFailure(ExitCode.ServiceFailed, $"The tool {tool} reported an error: {failure.Message}");
        }
    }

    /// <summary>One call. A tool that reports an error has failed as much as one that does not answer.</summary>
    /// <exception cref="InvalidOperationException">The tool reported an error; the message is its text.</exception>
    public static async ValueTask CallAsync(
        FairleadMcpClient mcp,
        string tool,
        JsonElement arguments,
        CancellationToken cancellationToken
    )
    {
        var result = await mcp.CallToolAsync(tool, arguments, cancellationToken: cancellationToken);
        if (result.IsError)
            throw new InvalidOperationException(result.Text);
    }
}

/// <summary>Tells of every tenth of a run: more would be noise in a log.</summary>
internal sealed class TenthSteps(int total, Action<string> tell) : IProgress<int>
{
    private int told;

    public void Report(int value)
    {
        var tenth = (int)(10L * value / total);
        if (tenth > Volatile.Read(ref told) && Interlocked.Exchange(ref told, tenth) < tenth)
            tell(string.Create(CultureInfo.InvariantCulture, $"{value} of {total} calls"));
    }
}
