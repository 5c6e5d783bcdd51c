using System.Collections.Concurrent;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Bridge;
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

    private readonly ConcurrentDictionary<(ServiceSlot Slot, string Uri), Watch> watches = new();
    private readonly ServiceSlots slots;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();

    public ResourceWatches(ServiceSlots slots, TimeProvider time, ILogger<ResourceWatches> logger)
    {
        this.slots = slots;
        this.logger = logger;
        this.time = time;
        slots.Changed += OnChanged;
    }

    private sealed class Watch
    {
        public int Watchers;
        public IChannel? Channel;
        public CancellationTokenSource? Listening;
    }

    /// <summary>Adds a watcher; the first one makes the gateway ask the service. Completes when it has answered.</summary>
    public async ValueTask AddAsync(ServiceSlot slot, string uri)
    {
        var watch = watches.GetOrAdd((slot, uri), static _ => new Watch());
        lock (watch)
        {
            if (++watch.Watchers > 1)
                return;
        }
        await AskAsync(slot, uri, watch);
    }

    /// <summary>Takes a watcher away; after the last one the service is told to stop.</summary>
    public void Remove(ServiceSlot slot, string uri)
    {
        if (!watches.TryGetValue((slot, uri), out var watch))
            return;
        IChannel? channel;
        lock (watch)
        {
            if (--watch.Watchers > 0)
                return;
            watches.TryRemove((slot, uri), out _);
            channel = watch.Channel;
            Stop(watch);
        }
        if (channel is { Hello.Era: Era.Legacy })
            _ = RequestAsync(slot, channel, McpMethod.ResourcesUnsubscribe, uri);
    }

    public void Dispose()
    {
        slots.Changed -= OnChanged;
        stopping.Cancel();
        stopping.Dispose();
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

    private async Task AskAsync(ServiceSlot slot, string uri, Watch watch)
    {
        if (slot.Channel is not { } channel)
            return;
        CancellationTokenSource? listening = null;
        lock (watch)
        {
            if (watch.Channel == channel)
                return;
            watch.Channel = channel;
            Stop(watch);
            if (channel.Hello.Era == Era.Modern)
                listening = watch.Listening = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        }
        if (listening is null)
            await RequestAsync(slot, channel, McpMethod.ResourcesSubscribe, uri);
        else
            _ = ListenAsync(slot, channel, uri, listening.Token);
    }

    private static void Stop(Watch watch) => watch.Listening?.Cancel();

    private async Task RequestAsync(ServiceSlot slot, IChannel channel, McpMethod method, string uri)
    {
        using var limit = new CancellationTokenSource(AskWithin, time);
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
                limit.Token
            );
            if (reply.Kind != ChannelReplyKind.Result)
                GatewayLog.WatchEnded(logger, slot.Id.Value, reply.Kind.ToString());
        }
        catch (OperationCanceledException)
        {
            GatewayLog.WatchEnded(logger, slot.Id.Value, "no answer in time");
        }
    }

    private async Task ListenAsync(ServiceSlot slot, IChannel channel, string uri, CancellationToken cancellationToken)
    {
        var quoted = Encoding.UTF8.GetString(JsonText.Quote(uri));
        var parameters = Encoding.UTF8.GetBytes(
            $"{{\"_meta\":{ModernMeta.Gateway},\"notifications\":{{\"resourceSubscriptions\":[{quoted}]}}}}"
        );
        try
        {
            using var reply = await channel.CallAsync(
                new ChannelCall { Method = McpMethod.SubscriptionsListen, Params = parameters },
                new UpstreamListen(slots, slot),
                cancellationToken
            );
            GatewayLog.WatchEnded(logger, slot.Id.Value, reply.Kind.ToString());
        }
        catch (OperationCanceledException)
        {
            // Nobody watches any more, or the service went away.
        }
    }

    private sealed class UpstreamListen(ServiceSlots slots, ServiceSlot slot) : ICallEvents
    {
        public void OnNotification(McpMethod method, ReadOnlySpan<byte> parameters, Range token)
        {
            if (method == McpMethod.NotificationsResourcesUpdated)
                slots.Notice(slot, method, parameters.ToArray());
        }

        public ValueTask<QuestionAnswer> OnQuestionAsync(
            McpMethod method,
            ReadOnlyMemory<byte> parameters,
            CancellationToken cancellationToken
        ) => new(LegacySession.Refused("nobody can be asked here"));
    }
}
