using System.Collections.Concurrent;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Gateway.Sessions;

/// <summary>
/// Which resources clients watch at which service. However many watch one, the service is asked once: by
/// <c>resources/subscribe</c> (legacy) or an upstream <c>subscriptions/listen</c> (modern). A restarted service is asked again.
/// </summary>
internal sealed class ResourceWatches : IDisposable
{
    private static readonly TimeSpan AskWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<(ServiceSlot Slot, string Uri), Watch> watches = new();
    private readonly ServiceSlots slots;
    private readonly SessionStore sessions;
    private readonly ILogger logger;
    private readonly TimeProvider time;

    public ResourceWatches(
        ServiceSlots slots,
        SessionStore sessions,
        TimeProvider time,
        ILogger<ResourceWatches> logger
    )
    {
        this.slots = slots;
        this.sessions = sessions;
        this.logger = logger;
        this.time = time;
        slots.Changed += OnChanged;
        sessions.Closed += Release;
    }

    private sealed class Watch
    {
        public int Watchers;

        /// <summary>Taken out of the table: whoever still holds it looks again.</summary>
        public bool IsGone;
        public IChannel? Channel;
        public CancellationTokenSource? Asking;
    }

    /// <summary>Resources watched now.</summary>
    public int Count => watches.Count;

    /// <summary>Adds a watcher; the first one makes the gateway ask the service. Completes when it has answered.</summary>
    public async ValueTask AddAsync(ServiceSlot slot, string uri)
    {
        while (true)
        {
            var watch = watches.GetOrAdd((slot, uri), static _ => new Watch());
            lock (watch)
            {
                if (watch.IsGone)
                    continue;
                if (++watch.Watchers > 1)
                    return;
            }
            await AskAsync(slot, uri, watch);
            return;
        }
    }

    /// <summary>Takes a watcher away; after the last one the service is told to stop.</summary>
    public void Remove(ServiceSlot slot, string uri)
    {
        if (!watches.TryGetValue((slot, uri), out var watch))
            return;
        IChannel? channel;
        lock (watch)
        {
            if (watch.IsGone || --watch.Watchers > 0)
                return;
            watch.IsGone = true;
            watches.TryRemove((slot, uri), out _);
            channel = watch.Channel;
            watch.Asking?.Cancel();
        }
        if (channel is { Hello.Era: Era.Legacy })
            _ = RequestAsync(slot, channel, McpMethod.ResourcesUnsubscribe, uri, CancellationToken.None);
    }

    /// <summary>Takes away all that a session watched.</summary>
    public void Release(LegacySession session)
    {
        foreach (var resource in session.UnsubscribeAll())
            Remove(resource.Slot, resource.Uri);
    }

    public void Dispose()
    {
        slots.Changed -= OnChanged;
        sessions.Closed -= Release;
        foreach (var watch in watches.Values)
        {
            lock (watch)
                watch.Asking?.Cancel();
        }
    }

    private void OnChanged(ServiceSlot slot)
    {
        if (slot.Channel is not { } channel)
            return;
        foreach (var ((owner, uri), watch) in watches)
        {
            if (owner == slot && watch.Channel != channel)
                _ = AskAsync(slot, uri, watch);
        }
    }

    /// <summary>Asks the service's present channel; completes when it has answered once, and goes on where needed.</summary>
    private async Task AskAsync(ServiceSlot slot, string uri, Watch watch)
    {
        if (slot.Channel is not { } channel)
            return;
        if (Begin(watch, channel) is not { } cancellationToken)
            return;
        if (channel.Hello.Era == Era.Modern)
            _ = KeepAsync(slot, channel, ListenAsync, uri, cancellationToken);
        else if (!await RequestAsync(slot, channel, McpMethod.ResourcesSubscribe, uri, cancellationToken))
            _ = KeepAsync(slot, channel, SubscribeAsync, uri, cancellationToken);
    }

    /// <summary>Ends what was asked of an earlier channel; null when this one was asked already.</summary>
    private static CancellationToken? Begin(Watch watch, IChannel channel)
    {
        lock (watch)
        {
            if (watch.IsGone || watch.Channel == channel)
                return null;
            watch.Channel = channel;
            watch.Asking?.Cancel();
            watch.Asking = new CancellationTokenSource();
            return watch.Asking.Token;
        }
    }

    /// <summary>
    /// Asks again, after growing pauses, as long as somebody watches and the channel lives: a proxy may cut a listen, a
    /// busy service may not answer.
    /// </summary>
    private async Task KeepAsync(
        ServiceSlot slot,
        IChannel channel,
        Func<ServiceSlot, IChannel, string, CancellationToken, Task<bool>> ask,
        string uri,
        CancellationToken cancellationToken
    )
    {
        var pause = FirstPause;
        try
        {
            while (slot.Channel == channel)
            {
                var begun = time.GetTimestamp();
                if (await ask(slot, channel, uri, cancellationToken))
                    return;
                pause = time.GetElapsedTime(begun) > LongestPause ? FirstPause : pause;
                await Task.Delay(pause, time, cancellationToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody watches any more.
        }
        catch (Exception e)
        {
            GatewayLog.WatchEnded(logger, slot.Id.Value, e.Message);
        }
    }

    private Task<bool> SubscribeAsync(
        ServiceSlot slot,
        IChannel channel,
        string uri,
        CancellationToken cancellationToken
    ) => RequestAsync(slot, channel, McpMethod.ResourcesSubscribe, uri, cancellationToken);

    /// <summary>False when the service did not answer; a refusal is an answer.</summary>
    private async Task<bool> RequestAsync(
        ServiceSlot slot,
        IChannel channel,
        McpMethod method,
        string uri,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(AskWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var parameters = Encoding.UTF8.GetBytes($"{{\"uri\":{Encoding.UTF8.GetString(JsonText.Quote(uri))}}}");
            using var reply = await channel.CallAsync(
                new ChannelCall
                {
                    Method = method,
                    Params = parameters,
                    Name = uri,
                },
                new UpstreamListen(slots, slot),
                either.Token
            );
            if (reply.Kind != ChannelReplyKind.Result)
                GatewayLog.WatchEnded(logger, slot.Id.Value, reply.Kind.ToString());
            return reply.Kind != ChannelReplyKind.Failed;
        }
        catch (OperationCanceledException)
        {
            GatewayLog.WatchEnded(logger, slot.Id.Value, "no answer in time");
            return cancellationToken.IsCancellationRequested;
        }
    }

    /// <summary>Listens until the service ends it; true when it refuses for good.</summary>
    private async Task<bool> ListenAsync(
        ServiceSlot slot,
        IChannel channel,
        string uri,
        CancellationToken cancellationToken
    )
    {
        var quoted = Encoding.UTF8.GetString(JsonText.Quote(uri));
        var parameters = Encoding.UTF8.GetBytes(
            $"{{{Encoding.UTF8.GetString(Handshakes.MetaMember)},\"notifications\":{{\"resourceSubscriptions\":[{quoted}]}}}}"
        );
        using var reply = await channel.CallAsync(
            new ChannelCall { Method = McpMethod.SubscriptionsListen, Params = parameters },
            new UpstreamListen(slots, slot),
            cancellationToken
        );
        GatewayLog.WatchEnded(logger, slot.Id.Value, reply.Kind.ToString());
        return reply.Kind == ChannelReplyKind.Error;
    }

    private sealed class UpstreamListen(ServiceSlots slots, ServiceSlot slot) : HouseEvents
    {
        public override void OnNotification(McpMethod method, ReadOnlySpan<byte> parameters, Range token)
        {
            if (method == McpMethod.NotificationsResourcesUpdated)
                slots.Notice(slot, method, parameters.ToArray());
        }
    }
}
