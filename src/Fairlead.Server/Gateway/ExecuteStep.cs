using System.Globalization;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Bridge;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tools.Recovery;

namespace Fairlead.Server.Gateway;

/// <summary>Sends a routed call to its owner and turns what comes back into the answer.</summary>
internal sealed class ExecuteStep(GatewayOptions options, Breakers breakers, TimeProvider time)
{
    private static readonly byte[] NoCompletions = "{\"completion\":{\"values\":[],\"hasMore\":false}}"u8.ToArray();
    private static readonly byte[] NoCompletionsModern =
        "{\"resultType\":\"complete\",\"completion\":{\"values\":[],\"hasMore\":false}}"u8.ToArray();

    /// <summary>Runs the call; null when it was cancelled and nothing may be answered.</summary>
    public async ValueTask<Answer?> RunAsync(Call call, ItemRoute route, Func<Call, Answer, ValueTask> finish)
    {
        call.Route = route;
        var guarded = call.Envelope.Method == McpMethod.ToolsCall;
        if (guarded)
        {
            if (!breakers.TryEnter(route, out var probed, out var wait))
                return Paused(call, wait);
            call.Probed = probed;
        }
        call.StartDeadline(route.Deadline);
        try
        {
            return await SendAsync(call, route, finish);
        }
        finally
        {
            Judge(call, route);
        }
    }

    /// <summary>What is to be answered for a call that is over while its owner keeps its thread; null for nothing.</summary>
    public Answer? GiveUp(Call call, ItemRoute route)
    {
        if (call.CauseOrDeadline == CancelCause.Deadline)
            call.Verdict = ToolVerdict.Bad;
        Judge(call, route);
        return Ended(call, route);
    }

    private void Judge(Call call, ItemRoute route)
    {
        if (call.Envelope.Method == McpMethod.ToolsCall && call.TryJudge())
            breakers.Report(route, call.Probed, call.Verdict);
    }

    private async ValueTask<Answer?> SendAsync(Call call, ItemRoute route, Func<Call, Answer, ValueTask> finish)
    {
        var slot = route.Slot;
        // Native tools share our process, not a service: what bounds them is the key's own limit.
        var inside = route.Publication.Service is null || options.ServiceCalls <= 0;
        var entered = false;
        try
        {
            while (true)
            {
                var channel = slot.Channel ?? await slot.ReadyAsync(options.StartPatience, time, call.Token);
                if (channel is null)
                    return Unavailable(call, slot.State);
                if (!inside)
                {
                    inside = entered = await slot.Gate.EnterAsync(
                        options.ServiceCalls,
                        options.ServiceQueue,
                        options.ServiceQueueWait,
                        time,
                        call.Token
                    );
                    if (!entered)
                        return ErrorTable.Answer(
                            Condition.ServiceBusy,
                            call.RequestId,
                            server: call.ServiceName,
                            retryAfter: 1
                        );
                }
                var start = slot.Calls.Begin();
                // Counted first, looked at again then: so a lazy service never ends under a call that just began.
                if (slot.Channel == channel)
                    return await CallAsync(call, route, channel, start, finish);
                slot.Calls.End(start, null);
            }
        }
        catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
        {
            return Ended(call, route);
        }
        finally
        {
            if (entered)
                slot.Gate.Leave(options.ServiceCalls);
        }
    }

    // What became of it nobody knows: it may go on.
    private static Answer? Ended(Call call, ItemRoute route) =>
        call.CauseOrDeadline switch
        {
            CancelCause.Deadline => ErrorTable.Answer(
                Condition.TimedOut,
                call.RequestId,
                route.Publication.Service is null
                    ? $"The tool did not end within {route.Deadline.TotalSeconds:0.#} s"
                    : $"The service did not answer within {route.Deadline.TotalSeconds:0.#} s",
                call.ServiceName,
                "unknown"
            ),
            CancelCause.Draining => ErrorTable.Answer(
                Condition.Draining,
                call.RequestId,
                server: call.ServiceName,
                outcome: "unknown"
            ),
            _ => null,
        };

    /// <param name="call">The call.</param>
    /// <param name="route">Where it leads.</param>
    /// <param name="channel">The owner's channel.</param>
    /// <param name="start">When it was counted as begun; how it went is told to the slot's window (S-14).</param>
    /// <param name="finish">Writes the answer while its bytes are there.</param>
    private async ValueTask<Answer?> CallAsync(
        Call call,
        ItemRoute route,
        IChannel channel,
        long start,
        Func<Call, Answer, ValueTask> finish
    )
    {
        var isOpen = true;
        bool? answered = null;
        try
        {
            var bridge = EraBridge.Between(call.Revision.Era(), channel.Hello.Era);
            call.CarriesQuestions = bridge.CarriesQuestions;
            if (
                call.Envelope.Method == McpMethod.CompletionComplete
                && !JsonScan.Has(channel.Hello.Capabilities.Span, "completions"u8)
            )
            {
                // We declare completions for the whole group; an owner without them has nothing to suggest.
                var none = call.Revision.Era() == Era.Modern ? NoCompletionsModern : NoCompletions;
                await finish(call, Answer.Result(none));
                return Answer.Result(none);
            }
            var renamed =
                route.UpstreamName == call.Name && !call.IsFound
                    ? (ReadOnlyMemory<byte>?)null
                    : JsonText.Quote(route.UpstreamName);
            using var parameters = bridge.Params(call, renamed);
            call.HoldsThread = route.Publication.Service is null;
            var asked = channel.CallAsync(
                new ChannelCall
                {
                    Method = call.Envelope.Method,
                    Params = parameters.Json,
                    ProgressToken = parameters.ProgressToken,
                    Name = route.UpstreamName,
                    ParamHeaders = route.OwnHeaders.Build(call.Arguments),
                    SessionKey = call.Session?.Id,
                },
                call,
                call.Token
            );
            call.HoldsThread = false;
            using var reply = await asked;
            // How long a client takes to read is not the service's time.
            isOpen = false;
            route.Slot.Calls.End(start, reply.Kind == ChannelReplyKind.Failed ? false : Verdict(call, true));
            // The answer's bytes belong to the reply: they are written out before it is given back.
            var answer = reply.Kind switch
            {
                ChannelReplyKind.Result => Readable(call, bridge.Result(call, reply.Json)) with
                {
                    ToolFailed = SaysError(reply.Json.Span),
                    Permit = reply.Permit,
                    RetryAfter = reply.Permit is { IsGiven: false } over ? over.RetryAfter : 0,
                },
                ChannelReplyKind.Error => bridge.Error(call, reply.Json),
                _ => ErrorTable.Answer(
                    ErrorTable.Of(reply.Failure),
                    call.RequestId,
                    server: call.ServiceName,
                    outcome: reply.Dispatched ? "unknown" : "none"
                ),
            };
            if (!answer.IsError && answer.Length > options.MaxResultBytes)
                answer = TooLarge(call, answer.Length);
            call.Verdict = breakers.Judge(reply, answer, channel);
            await finish(call, answer);
            return answer;
        }
        catch (OperationCanceledException) when (isOpen && call.CauseOrDeadline == CancelCause.Deadline)
        {
            answered = Verdict(call, false);
            call.Verdict = answered is null ? null : ToolVerdict.Bad;
            throw;
        }
        finally
        {
            call.HoldsThread = false;
            if (isOpen)
                route.Slot.Calls.End(start, answered);
        }
    }

    // A person who thinks about an answer makes no service slow, and one who gives none makes it no failure.
    private static bool? Verdict(Call call, bool answered) => call.WaitedForClient ? null : answered;

    private static Answer Paused(Call call, TimeSpan wait) =>
        ErrorTable.Answer(
            Condition.CircuitOpen,
            call.RequestId,
            $"The tool fails too often and is given a pause; it is tried again in {Math.Ceiling(wait.TotalSeconds):0} s",
            call.ServiceName,
            retryAfter: Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds))
        );

    private static Answer Unavailable(Call call, ServiceState state) =>
        state.Phase == ServicePhase.CircuitOpen
            ? ErrorTable.Answer(
                Condition.CircuitOpen,
                call.RequestId,
                $"The service answers too badly ({state.Why}); it is tried again by itself",
                call.ServiceName
            )
            : ErrorTable.Answer(
                Condition.NotConnected,
                call.RequestId,
                $"The service is not available ({state.Status switch { ServiceStatus.Starting => "still starting", ServiceStatus.Stopped => "stopped", _ => "not running" }})",
                call.ServiceName
            );

    // It ran, and what it did is done: only its answer is not passed on.
    private Answer TooLarge(Call call, int length) =>
        ErrorTable.Answer(
            Condition.TooLarge,
            call.RequestId,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The answer has {length} bytes, and {options.MaxResultBytes} is the most that is passed on (setting Gateway:MaxResultBytes): ask for less of it"
            ),
            call.ServiceName,
            "done"
        );

    private static Answer Readable(Call call, Answer answer) =>
        call.Session is { } session ? OlderContent.Adapt(answer, call.Envelope.Method, session.Rules) : answer;

    // The quick search rules nearly all results out; inside a JSON string the quotes would be escaped.
    private static bool SaysError(ReadOnlySpan<byte> result) =>
        result.IndexOf("\"isError\""u8) >= 0 && JsonScan.Has(result, "isError"u8);
}
