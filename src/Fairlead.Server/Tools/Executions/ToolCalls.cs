using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;

namespace Fairlead.Server.Tools.Executions;

/// <summary>
/// Calls a tool of a group from inside, on the way every MCP call takes (<see cref="CallPipeline"/>): the group's
/// limits, breakers, bounds and the call log hold.
/// </summary>
internal sealed class ToolCalls(
    Routes routes,
    CallPipeline pipeline,
    GatewayOptions gateway,
    ExecutionOptions options,
    TimeProvider time
)
{
    /// <summary>The tool's route; null when there is none for this caller.</summary>
    public ItemRoute? Find(ExecutionRequest wanted) => GroupOf(wanted)?.Tools.GetValueOrDefault(wanted.ToolName);

    /// <summary>One attempt. Only what breaks the gateway itself throws.</summary>
    /// <param name="wanted">What to call; its retries are somebody else's.</param>
    /// <param name="progress">Told how far the tool is.</param>
    /// <param name="cancellationToken">Ends it; the tool's own token is cancelled.</param>
    public async Task<ToolOutcome> RunAsync(
        ExecutionRequest wanted,
        Action<ExecutionProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        // Looked up each time: rights that were taken away hold for the next attempt.
        if (GroupOf(wanted) is not { } group)
            return ToolOutcome.Unknown("The group does not exist, is disabled, or is not for this caller");
        if (!group.Tools.ContainsKey(wanted.ToolName))
            return ToolOutcome.Unknown($"Unknown tool: {wanted.ToolName}");
        var message = Message(wanted);
        var fault = EnvelopeReader.Read(message, EnvelopeLimits.Default, out var envelope);
        if (fault != EnvelopeFault.None)
            return new ToolOutcome
            {
                Error = fault.Text(),
                Code = fault.Code(),
                Type = "invalid_input",
            };
        var reply = new CollectedReply(progress);
        var call = new Call(envelope, group, wanted.SubmittedBy, Revisions.Newest, reply, gateway, time)
        {
            Named = wanted.Caller,
        };
#pragma warning disable CA2025 // The task itself disposes of the call, when it has ended: a deaf tool outlives this method.
        var running = RunAsync(call);
#pragma warning restore CA2025
        using var over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var deadline = new CancellationTokenSource(wanted.Timeout, time);
        using var late = deadline.Token.Register(() => End(call, CancelCause.Deadline, over));
        using var cancelled = cancellationToken.Register(() => End(call, CancelCause.Client, over));
        try
        {
            await running.WaitAsync(over.Token);
        }
        catch (OperationCanceledException) when (!running.IsCompleted)
        {
            return cancellationToken.IsCancellationRequested
                ? ToolOutcome.Cancelled with
                {
                    Stuck = running,
                }
                : ToolOutcome.TimedOut(wanted.Timeout, running);
        }
        return reply.Outcome is { Code: McpErrorCode.UpstreamTimeout } && deadline.IsCancellationRequested
            ? ToolOutcome.TimedOut(wanted.Timeout)
            : reply.Outcome ?? ToolOutcome.Cancelled;
    }

    private void End(Call call, CancelCause why, CancellationTokenSource over)
    {
        // First: the call may end, and all of this with it, before the cancelling returns.
        over.CancelAfter(options.CancelPatience);
        call.Cancel(why);
    }

    private async Task RunAsync(Call call)
    {
        using (call)
        {
            // A tool that never waits would hold up the one who starts it.
            await Task.Yield();
            await pipeline.RunAsync(call);
        }
    }

    private GroupRoute? GroupOf(ExecutionRequest wanted) =>
        routes.Table.ById.TryGetValue(wanted.Group, out var group)
        && group.Config.Enabled
        && (wanted.User is not { } user || (group.NeedsUser && CallerStep.Allows(group, user)))
            ? group
            : null;

    private static byte[] Message(ExecutionRequest wanted)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + wanted.Input.Length);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WriteNumber("id"u8, 1);
            json.WriteString("method"u8, McpMethod.ToolsCall.Wire());
            json.WriteStartObject("params"u8);
            json.WriteStartObject("_meta"u8);
            json.WriteString("io.modelcontextprotocol/protocolVersion"u8, Revisions.Newest.Wire());
            json.WriteStartObject("io.modelcontextprotocol/clientInfo"u8);
            json.WriteString("name"u8, "fairlead-executions"u8);
            json.WriteString("version"u8, ProductVersion.Text);
            json.WriteEndObject();
            json.WriteStartObject("io.modelcontextprotocol/clientCapabilities"u8);
            json.WriteEndObject();
            json.WriteNumber("progressToken"u8, 1);
            json.WriteEndObject();
            json.WriteString("name"u8, wanted.ToolName);
            if (!wanted.Input.IsEmpty)
            {
                json.WritePropertyName("arguments"u8);
                json.WriteRawValue(wanted.Input.Span);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}

/// <summary>Keeps the answer of a call that nobody outside made.</summary>
internal sealed class CollectedReply(Action<ExecutionProgress>? progress) : IReply
{
    /// <summary>The answer; null until there is one, and for a call that was abandoned.</summary>
    public ToolOutcome? Outcome { get; private set; }

    public bool Send(byte[] message)
    {
        var parameters = JsonScan.Value(message, "params"u8);
        if (
            progress is null
            || JsonScan.Text(message, "method"u8) != McpMethod.NotificationsProgress.Wire()
            || Number(parameters, "progress"u8) is not { } done
        )
            return true;
        progress(
            new ExecutionProgress(
                done,
                Number(parameters, "total"u8),
                Telemetry.ShortText.Cut(JsonScan.Text(parameters, "message"u8), 500)
            )
        );
        return true;
    }

    public void StartStreaming()
    {
        // Nothing is in between that could take it for dead.
    }

    public ValueTask FinishAsync(ReadOnlyMemory<byte> rawId, Answer answer)
    {
        // The bytes belong to the service's answer and are given back after this.
        Outcome = ToolOutcome.Of(answer, (byte[])[.. answer.A.Span, .. answer.B.Span, .. answer.C.Span]);
        return ValueTask.CompletedTask;
    }

    public ValueTask AbandonAsync() => ValueTask.CompletedTask;

    private static double? Number(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key) =>
        Utf8Parser.TryParse(JsonScan.Value(json, key), out double value, out _) ? value : null;
}
