using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Sessions;

namespace Fairlead.Server.Gateway;

/// <summary><c>subscriptions/listen</c> of a modern client: acknowledged first, then open until either side ends it (R41).</summary>
internal sealed class ListenMethod(ResourceWatches watches, GatewayOptions options)
{
    /// <summary>Runs it to its end; a refusal instead when nothing was opened.</summary>
    public async ValueTask<Answer?> RunAsync(Call call)
    {
        var traffic = call.Group.Traffic;
        if (traffic.Listeners.Count >= options.MaxListeners)
            return Refusal(call, Condition.TooManyListeners);
        var filter = JsonScan.Find(call.Envelope.Params.Of(call.Envelope.Message.Span), "notifications"u8);
        var wanted = filter.Present ? Read(filter.Of(call.Envelope.Params.Of(call.Envelope.Message))) : null;
        if (wanted is null)
        {
            return Refusal(
                call,
                Condition.InvalidParams,
                "Invalid params: notifications must be an object of the filter's types"
            );
        }
        if (wanted.Uris.Length > options.MaxSubscriptions)
        {
            return Refusal(
                call,
                Condition.InvalidParams,
                $"Invalid params: resourceSubscriptions has at most {options.MaxSubscriptions} URIs"
            );
        }
        var listener = new Listener(call.RawId.ToArray(), wanted) { Reply = call.Reply };
        // A resource nobody here owns, or whose template waits for a review, is left out of what is acknowledged.
        var watched = wanted
            .Uris.Select(uri => (Uri: uri, Route: call.Group.FindResource(uri)))
            .Where(w => w.Route is { IsHeld: false })
            .ToList();
        var honoured = wanted with { Uris = [.. watched.Select(w => w.Uri)] };
        if (!call.Reply.Send(listener.Message(McpMethod.NotificationsSubscriptionsAcknowledged, honoured.ToJson())))
            return Refusal(call, Condition.NotAcceptable);
        traffic.Listeners[listener] = 0;
        try
        {
            foreach (var (_, route) in watched)
                await watches.AddAsync(route!.Slot, route.UpstreamName);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Token);
        }
        catch (OperationCanceledException) when (call.Cause == CancelCause.Draining)
        {
            // The graceful end: the response to the long-lived request (spec subscriptions "Graceful Closure").
            await call.Reply.FinishAsync(call.RawId, Answer.Result(listener.Closing()));
            // On stdio no stream closes, so the revision wants it said (spec cancellation); an HTTP reply is over by now.
            call.Reply.Send(listener.Cancelled());
        }
        catch (OperationCanceledException)
        {
            await call.Reply.AbandonAsync();
        }
        finally
        {
            traffic.Listeners.TryRemove(listener, out _);
            foreach (var (_, route) in watched)
                watches.Remove(route!.Slot, route.UpstreamName);
        }
        return null;
    }

    private static Answer Refusal(Call call, Condition condition, string? text = null) =>
        ErrorTable.Answer(condition, call.RequestId, text, retryAfter: 1);

    private static ListenFilter? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            var filter = JsonSerializer.Deserialize(json.Span, ListenJson.Default.ListenFilter);
            // Generated code leaves a list that was not sent uninitialised.
            return filter is null ? null
                : filter.Uris.IsDefault ? filter with { Uris = [] }
                : filter.Uris.Contains(null!) ? null
                : filter;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
