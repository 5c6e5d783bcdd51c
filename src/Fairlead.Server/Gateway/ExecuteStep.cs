using Fairlead.Protocol;
using Fairlead.Server.Gateway.Bridge;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;

namespace Fairlead.Server.Gateway;

/// <summary>Sends a routed call to its owner and turns what comes back into the answer.</summary>
internal sealed class ExecuteStep(GatewayOptions options, TimeProvider time)
{
    private static readonly byte[] NoCompletions = "{\"completion\":{\"values\":[],\"hasMore\":false}}"u8.ToArray();
    private static readonly byte[] NoCompletionsModern =
        "{\"resultType\":\"complete\",\"completion\":{\"values\":[],\"hasMore\":false}}"u8.ToArray();

    /// <summary>Runs the call; null when it was cancelled and nothing may be answered.</summary>
    public async ValueTask<Answer?> RunAsync(Call call, ItemRoute route, Func<Call, Answer, ValueTask> finish)
    {
        call.Route = route;
        call.StartDeadline(route.Deadline);
        try
        {
            var slot = route.Slot;
            while (true)
            {
                var channel = slot.Channel ?? await slot.ReadyAsync(options.StartPatience, time, call.Token);
                if (channel is null)
                    return Unavailable(call, slot.State);
                var start = slot.Calls.Begin();
                // Counted first, looked at again then: so a lazy service never ends under a call that just began.
                if (slot.Channel == channel)
                    return await CallAsync(call, route, channel, start, finish);
                slot.Calls.End(start, null);
            }
        }
        catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
        {
            return call.CauseOrDeadline switch
            {
                CancelCause.Deadline => ErrorTable.Answer(
                    Condition.TimedOut,
                    call.RequestId,
                    $"The service did not answer within {route.Deadline.TotalSeconds:0.#} s",
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
        }
    }

    /// <param name="call">The call.</param>
    /// <param name="route">Where it leads.</param>
    /// <param name="channel">The owner's channel.</param>
    /// <param name="start">When it was counted as begun; how it went is told to the slot's window (S-14).</param>
    /// <param name="finish">Writes the answer while its bytes are there.</param>
    private static async ValueTask<Answer?> CallAsync(
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
                route.UpstreamName == call.Name ? (ReadOnlyMemory<byte>?)null : JsonText.Quote(route.UpstreamName);
            using var parameters = bridge.Params(call, renamed);
            using var reply = await channel.CallAsync(
                new ChannelCall
                {
                    Method = call.Envelope.Method,
                    Params = parameters.Json,
                    ProgressToken = parameters.ProgressToken,
                    Name = route.UpstreamName,
                    ParamHeaders = route.ParamHeaders.Build(call.Envelope.Arguments.Of(call.Envelope.Message.Span)),
                    SessionKey = call.Session?.Id,
                },
                call,
                call.Token
            );
            // How long a client takes to read is not the service's time.
            isOpen = false;
            route.Slot.Calls.End(start, reply.Kind == ChannelReplyKind.Failed ? false : Verdict(call, true));
            // The answer's bytes belong to the reply: they are written out before it is given back.
            var answer = reply.Kind switch
            {
                ChannelReplyKind.Result => Readable(call, bridge.Result(call, reply.Json)) with
                {
                    ToolFailed = SaysError(reply.Json.Span),
                },
                ChannelReplyKind.Error => bridge.Error(call, reply.Json),
                _ => ErrorTable.Answer(
                    ErrorTable.Of(reply.Failure),
                    call.RequestId,
                    server: call.ServiceName,
                    outcome: reply.Dispatched ? "unknown" : "none"
                ),
            };
            await finish(call, answer);
            return answer;
        }
        catch (OperationCanceledException) when (isOpen && call.CauseOrDeadline == CancelCause.Deadline)
        {
            answered = Verdict(call, false);
            throw;
        }
        finally
        {
            if (isOpen)
                route.Slot.Calls.End(start, answered);
        }
    }

    // A person who thinks about an answer makes no service slow, and one who gives none makes it no failure.
    private static bool? Verdict(Call call, bool answered) => call.WaitedForClient ? null : answered;

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

    private static Answer Readable(Call call, Answer answer) =>
        call.Session is { } session ? OlderContent.Adapt(answer, call.Envelope.Method, session.Rules) : answer;

    // The quick search rules nearly all results out; inside a JSON string the quotes would be escaped.
    private static bool SaysError(ReadOnlySpan<byte> result) =>
        result.IndexOf("\"isError\""u8) >= 0 && JsonScan.Has(result, "isError"u8);
}
