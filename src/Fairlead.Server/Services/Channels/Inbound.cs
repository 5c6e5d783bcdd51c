using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// Gives each message of a service to the one it is for: a response to its call, progress to its call by our token, a
/// question to its asker, list changes to the supervisor. Shared by all connections where messages of several calls
/// may meet (stdio, the streams of legacy HTTP).
/// </summary>
internal sealed class Inbound(PendingCalls calls, Questions? questions, IChannelEvents events)
{
    /// <summary>
    /// Routes a request or notification. <paramref name="context"/> is the call on whose own stream it came, if any.
    /// </summary>
    public void Route(ReadOnlySpan<byte> message, in WireMessage parts, PendingCall? context)
    {
        if (parts.Kind == WireKind.Request)
        {
            // Modern services may not ask (spec 2026-07-28 stdio "Receiving Messages"), nor may we answer them.
            questions?.OnRequest(message, parts, context);
            return;
        }
        var parameters = message[parts.Body];
        switch (parts.Method)
        {
            case McpMethod.NotificationsProgress:
                OnProgress(parameters);
                break;
            case McpMethod.NotificationsCancelled:
                OnCancelled(parameters);
                break;
            case McpMethod.NotificationsMessage or McpMethod.NotificationsElicitationComplete:
                OnAddressless(parts.Method, parameters, context);
                break;
            case McpMethod.NotificationsToolsListChanged
            or McpMethod.NotificationsPromptsListChanged
            or McpMethod.NotificationsResourcesListChanged
            or McpMethod.NotificationsResourcesUpdated
            or McpMethod.NotificationsSubscriptionsAcknowledged:
                OnChange(parts.Method, parameters);
                break;
            default:
                break;
        }
    }

    /// <summary>The progress token's value in <c>params</c>, or an empty range.</summary>
    public static Range TokenOf(ReadOnlySpan<byte> parameters) =>
        JsonScan.Find(parameters, "progressToken"u8) is { Present: true } token
            ? token.Start..(token.Start + token.Length)
            : default;

    private static long SubscriptionOf(ReadOnlySpan<byte> parameters) =>
        WireMessage.OurId(
            JsonScan.Value(JsonScan.Value(parameters, "_meta"u8), "io.modelcontextprotocol/subscriptionId"u8)
        );

    private void OnProgress(ReadOnlySpan<byte> parameters)
    {
        var token = TokenOf(parameters);
        if (!token.Equals(default))
            calls
                .Find(WireMessage.OurId(parameters[token]))
                ?.Deliver(McpMethod.NotificationsProgress, parameters, token);
    }

    private void OnCancelled(ReadOnlySpan<byte> parameters)
    {
        var id = JsonScan.Value(parameters, "requestId"u8);
        // One of the service's own questions, or (modern) the end of a subscription of ours.
        questions?.OnCancelled(id);
        var ours = WireMessage.OurId(id);
        if (questions is null && calls.Find(ours) is { Method: McpMethod.SubscriptionsListen })
            calls
                .Take(ours)
                ?.Complete(ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: true, "subscription ended"));
    }

    private void OnAddressless(McpMethod method, ReadOnlySpan<byte> parameters, PendingCall? context)
    {
        if ((context is { HasAsker: true } ? context : calls.OnlyAsker(out _)) is { } call)
            call.Deliver(method, parameters, default);
        else
            events.OnNotification(method, parameters.ToArray());
    }

    private void OnChange(McpMethod method, ReadOnlySpan<byte> parameters)
    {
        if (calls.Find(SubscriptionOf(parameters)) is { } subscription)
            subscription.Deliver(method, parameters, default);
        else
            events.OnNotification(method, parameters.ToArray());
    }
}
