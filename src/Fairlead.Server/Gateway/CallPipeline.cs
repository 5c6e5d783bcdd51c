using System.Globalization;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Finding;
using Fairlead.Server.Gateway.Policies;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Gateway.Traffic;

namespace Fairlead.Server.Gateway;

/// <summary>
/// One call from its checked envelope to its record, the same for every transport and era: limits → method → route →
/// execute → reply → record. Whatever happens, the call is answered (or abandoned) and recorded once.
/// </summary>
internal sealed class CallPipeline(
    ExecuteStep execute,
    LocalMethods local,
    TrafficRecord traffic,
    CallsInFlight inFlight,
    FinderStep finding,
    KeyRate rate,
    GatewayOptions options
)
{
    public async ValueTask RunAsync(Call call)
    {
        if (!inFlight.TryAdd(call))
        {
            await EndAsync(call, ErrorTable.Answer(Condition.Draining, call.RequestId, retryAfter: 1));
            return;
        }
        var limited = call.Envelope.Method == McpMethod.ToolsCall;
        var entered = false;
        try
        {
            if (limited)
            {
                if (Refuse(call) is { } refusal)
                {
                    await EndAsync(call, refusal);
                    return;
                }
                entered = true;
            }
            await DispatchAsync(call);
        }
        catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
        {
            await AbandonAsync(call);
        }
        catch (Exception e)
        {
            GatewayLog.CallFailed(local.Log, e, call.RequestId);
            await EndAsync(call, ErrorTable.Answer(Condition.Internal, call.RequestId, outcome: "unknown"));
        }
        finally
        {
            if (call.Rescue is { } rescue)
                await rescue;
            if (entered)
                call.Group.Traffic.Leave();
            inFlight.Remove(call);
        }
    }

    private ValueTask DispatchAsync(Call call) =>
        call.Envelope.Method switch
        {
            McpMethod.ToolsCall or McpMethod.PromptsGet or McpMethod.ResourcesRead or McpMethod.CompletionComplete =>
                RouteAsync(call),
            McpMethod.SubscriptionsListen when call.Revision.Era() == Era.Modern => ListenAsync(call),
            _ => AnswerAsync(call),
        };

    private async ValueTask ListenAsync(Call call)
    {
        if (await local.ListenAsync(call) is { } refusal)
            await EndAsync(call, refusal);
        else if (call.TryEnd())
            traffic.Write(call, default);
    }

    private async ValueTask AnswerAsync(Call call) => await EndAsync(call, await local.AnswerAsync(call));

    private async ValueTask RouteAsync(Call call)
    {
        var found = Find(call, out var missing);
        if (found is null)
        {
            await EndAsync(call, missing);
            return;
        }
        call.ServiceName = found.ServiceName;
        if (found.IsHeld)
        {
            await EndAsync(call, Held(call, found));
            return;
        }
        // A client that came by call_tool was never shown what to mirror.
        if (
            !call.IsFound
            && call.Header is { } header
            && found.ParamHeaders.Mismatch(call.Arguments, header) is { } wrong
        )
        {
            await EndAsync(call, ErrorTable.Answer(Condition.HeaderMismatch, detail: $"Header mismatch: {wrong}"));
            return;
        }
        if (found.View is { } view)
        {
            if (view.Mistake(call.Arguments) is { } mistake)
            {
                await EndAsync(
                    call,
                    ErrorTable.Answer(Condition.InvalidParams, call.RequestId, $"Invalid params: {mistake}")
                );
                return;
            }
            call.Sent = view.Complete(call.Arguments) ?? call.Sent;
        }
        // Only what runs in this process can keep the request's thread.
        using var rescue = found.Publication.Service is null
            ? Rescue.Of(call, () => RescueAsync(call, found))
            : default;
        var answer = await execute.RunAsync(call, found, EndAsync);
        if (call.HasEnded)
            return;
        if (answer is { } late)
        {
            await EndAsync(call, late);
            return;
        }
        await AbandonAsync(call);
    }

    private ValueTask RescueAsync(Call call, ItemRoute route)
    {
        GatewayLog.Rescued(local.Log, call.Name!, call.RequestId);
        var late = execute.GiveUp(call, route);
        return late is { } answer ? EndAsync(call, answer) : AbandonAsync(call);
    }

    private ItemRoute? Find(Call call, out Answer missing)
    {
        var e = call.Envelope;
        missing = default;
        var (name, routes, condition) = e.Method switch
        {
            McpMethod.ToolsCall => (e.Text(e.Name), call.Group.Tools, Condition.UnknownTool),
            McpMethod.PromptsGet => (e.Text(e.Name), call.Group.Prompts, Condition.UnknownPrompt),
            McpMethod.CompletionComplete when e.Name.Present => (
                e.Text(e.Name),
                call.Group.Prompts,
                Condition.UnknownPrompt
            ),
            _ => (e.Text(e.Uri), call.Group.Resources, Condition.UnknownResource),
        };
        call.Name = name;
        if (name is null)
        {
            missing = ErrorTable.Answer(
                Condition.InvalidParams,
                call.RequestId,
                $"Invalid params: {(condition == Condition.UnknownResource ? "uri" : "name")} is missing"
            );
            return null;
        }
        if (condition == Condition.UnknownTool && call.Group.Finder is { } finder && FinderStep.Takes(name))
            return finding.Run(call, finder, out missing);
        if (routes.TryGetValue(name, out var route))
            return route;
        route = condition == Condition.UnknownResource ? OfTemplate(call, name) : null;
        if (route is null)
            missing = Unknown(call, condition, name);
        return route;
    }

    /// <summary>The answer for what waits for a review.</summary>
    public static Answer Held(Call call, ItemRoute route) =>
        ErrorTable.Answer(
            route.View is { IsHeld: true } ? Condition.ViewMisfit : Condition.DefinitionChanged,
            call.RequestId,
            server: route.ServiceName
        );

    private static ItemRoute? OfTemplate(Call call, string uri) =>
        call.Envelope.Method == McpMethod.CompletionComplete
            ? call.Group.Templates.FirstOrDefault(t => t.Route.Publication.ExposedName == uri)?.Route
                ?? call.Group.FindResource(uri)
            : call.Group.FindResource(uri);

    /// <summary>The answer for a name or URI that leads nowhere.</summary>
    public static Answer Unknown(Call call, Condition condition, string name)
    {
        var shown = name.Length > 128 ? name[..128] + "…" : name;
        var answer = ErrorTable.Answer(
            condition,
            call.RequestId,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{ErrorTable.Of(condition).Text}: {shown} ({Lists(condition, call.Group)})"
            )
        );
        // Handshake clients know a code of its own for a missing resource (2025-11-25 server/resources).
        return condition == Condition.UnknownResource && call.Revision.Era() == Era.Legacy
            ? new Answer(true, MessageBytes.Error(McpErrorCode.LegacyResourceNotFound, answer.Message!))
            {
                Code = McpErrorCode.LegacyResourceNotFound,
                Message = answer.Message,
            }
            : answer;
    }

    /// <summary>Where the right names are.</summary>
    private static string Lists(Condition condition, GroupRoute group) =>
        condition switch
        {
            Condition.UnknownTool when group.Finder is not null => "find_tools finds the tools of this group",
            Condition.UnknownTool => "tools/list names the tools of this group",
            Condition.UnknownPrompt => "prompts/list names the prompts of this group",
            _ => "resources/list and resources/templates/list name the resources of this group",
        };

    private Answer? Refuse(Call call)
    {
        if (rate.Take(call.Group) is { IsGiven: false } over)
        {
            return ErrorTable.Answer(
                Condition.RateLimited,
                call.RequestId,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Rate limit exceeded: {rate.Of(call.Group)} tools/call a minute for this key"
                ),
                retryAfter: over.RetryAfter
            ) with
            {
                Permit = over,
            };
        }
        return call.Group.Traffic.TryEnter(call.Group.Config.ConcurrentCalls ?? options.ConcurrentCalls)
            ? null
            : ErrorTable.Answer(Condition.TooManyCalls, call.RequestId, retryAfter: 1);
    }

    private async ValueTask EndAsync(Call call, Answer answer)
    {
        if (!call.TryEnd())
            return;
        try
        {
            await call.Reply.FinishAsync(call.RawId, answer);
        }
        finally
        {
            // Also of an answer that could not be sent: what the call did is done.
            traffic.Write(call, answer);
        }
    }

    private async ValueTask AbandonAsync(Call call)
    {
        if (!call.TryEnd())
            return;
        try
        {
            await call.Reply.AbandonAsync();
        }
        finally
        {
            traffic.Write(
                call,
                new Answer(true, default)
                {
                    Code = McpErrorCode.InternalError,
                    Message = $"cancelled: {call.CauseOrDeadline}",
                }
            );
        }
    }
}
