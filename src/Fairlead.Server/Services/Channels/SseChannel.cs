using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// A service over HTTP+SSE (spec 2024-11-05 transports "HTTP with SSE"): one GET stream brings all messages of the
/// service, and names in its first event the address that ours are posted to. A stream that ends is opened again with a
/// new handshake, because that transport has no resumption; what was open on it has failed.
/// </summary>
internal sealed class SseChannel : IChannel
{
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(30);

    private readonly SseConnector connector;
    private readonly HttpWire wire;
    private readonly IChannelEvents events;
    private readonly TimeProvider time;
    private readonly PendingCalls calls;
    private readonly ClientCalls clients = new();
    private readonly Inbound inbound;
    private readonly CancellationTokenSource life = new();

    // Where calls go; unfinished while a new connection is made, null when there will be none.
    private volatile TaskCompletionSource<Uri?> place = NewPlace();
    private ServiceHello? hello;
    private Task listening = Task.CompletedTask;

    public SseChannel(Uri uri, HttpWire wire, IChannelEvents events, TimeProvider time)
    {
        connector = new SseConnector(uri, wire, time);
        this.wire = wire;
        this.events = events;
        this.time = time;
        calls = new PendingCalls(time);
        inbound = new Inbound(calls, new Questions(calls, PostAsync), events);
    }

    public ServiceHello Hello => hello ?? throw new InvalidOperationException("The handshake has not ended.");

    /// <summary>Opens the stream; what is wrong with it, or null. The handshake comes after.</summary>
    public async Task<string?> ConnectAsync(CancellationToken cancellationToken)
    {
        var (stream, problem) = await connector.OpenAsync(cancellationToken);
        if (stream is null)
            return problem;
        place.SetResult(stream.Endpoint);
        listening = ListenAsync(stream, life.Token);
        return null;
    }

    /// <summary>Ends the handshake: says we are ready.</summary>
    public async ValueTask ReadyAsync(ServiceHello said, CancellationToken cancellationToken)
    {
        hello = said;
        await NotifyAsync(McpMethod.NotificationsInitialized, default, cancellationToken);
    }

    public async ValueTask<ChannelReply> CallAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await place.Task.WaitAsync(cancellationToken) is { } endpoint
            ? await ExchangeAsync(call, events, endpoint, cancellationToken)
            : ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false, "the service is not connected");
    }

    public async ValueTask NotifyAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    )
    {
        using var message = WireWriter.Notification(method, parameters.Span);
        try
        {
            await PostAsync(message, cancellationToken);
        }
        catch (Exception e) when (HttpWire.IsTransportError(e) && !cancellationToken.IsCancellationRequested)
        {
            // Best effort; a service that is down shows by the end of its stream.
        }
    }

    public Task DrainAsync(CancellationToken limit) => clients.WhenIdleAsync().WaitAsync(limit);

    public async ValueTask DisposeAsync()
    {
        if (life.IsCancellationRequested)
            return;
        await life.CancelAsync();
        calls.Close(ChannelFailure.NotConnected, "the service is stopping");
        await listening;
        place.TrySetResult(null);
        wire.Dispose();
    }

    private static TaskCompletionSource<Uri?> NewPlace() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async ValueTask<ChannelReply> ExchangeAsync(
        ChannelCall call,
        ICallEvents events,
        Uri endpoint,
        CancellationToken cancellationToken
    )
    {
        if (calls.Open(call, events) is not { } pending)
            return ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false, "the service is stopping");
        if (pending.HasAsker)
            clients.Begin();
        // Not disposed: the POST may outlive the call whose answer came first.
        var posting = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var posted = SendAsync(pending, WireWriter.Request(pending.Id, call), endpoint, posting.Token);
        try
        {
            await using (
                cancellationToken.UnsafeRegister(
                    static (state, token) =>
                    {
                        var (owner, open) = ((SseChannel, PendingCall))state!;
                        owner.Cancel(open, token);
                    },
                    (this, pending)
                )
            )
                return await pending.Reply;
        }
        finally
        {
            if (!posted.IsCompleted)
                posting.CancelAfter(SendLimit);
            if (pending.HasAsker)
                clients.End();
        }
    }

    /// <summary>Posts a call. Its answer comes by the stream, maybe before the POST is accepted; a refusal ends it here.</summary>
    private async Task SendAsync(
        PendingCall pending,
        PooledBytes body,
        Uri endpoint,
        CancellationToken cancellationToken
    )
    {
        using (body)
        {
            try
            {
                using var request = wire.Post(body.Written, endpoint);
                using var response = await wire.SendAsync(request, cancellationToken);
                if (!response.IsSuccessStatusCode)
                    calls.Take(pending.Id)?.Complete(HttpWire.Refused(response));
            }
            catch (Exception e) when (HttpWire.IsTransportError(e))
            {
                calls.Take(pending.Id)?.Complete(HttpWire.Failed(e));
            }
        }
    }

    private void Cancel(PendingCall pending, CancellationToken cause)
    {
        if (calls.Take(pending.Id) is not { } open)
            return;
        calls.Linger(open);
        open.Cancel(cause);
        if (open.Method is not (McpMethod.Initialize or McpMethod.ServerDiscover))
            _ = TellCancelledAsync(open.Id);
    }

    private async Task TellCancelledAsync(long id)
    {
        using var message = WireWriter.Cancelled(id, "the caller cancelled or its deadline passed");
        try
        {
            await PostAsync(message, CancellationToken.None);
        }
        catch (Exception e) when (HttpWire.IsTransportError(e))
        {
            // It cannot be told; the call is given up here all the same.
        }
    }

    /// <summary>A notification or an answer to a question; where there is no connection it has lost its meaning.</summary>
    private async ValueTask PostAsync(PooledBytes message, CancellationToken cancellationToken)
    {
        if (place.Task is { IsCompleted: true } known && await known is { } endpoint)
            await PostAsync(message, endpoint, cancellationToken);
    }

    private async Task PostAsync(PooledBytes message, Uri endpoint, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SendLimit, time);
        await using var linked = cancellationToken.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(),
            limit
        );
        using var request = wire.Post(message.Written, endpoint);
        using var response = await wire.SendAsync(request, limit.Token);
    }

    /// <summary>Reads the stream, and those that follow it, until the channel closes or no new one can be had.</summary>
    private async Task ListenAsync(SseStream stream, CancellationToken cancellationToken)
    {
        var greeting = Task.FromResult(true);
        var failures = 0;
        try
        {
            while (true)
            {
                var since = time.GetTimestamp();
                var (failure, reason) = await ReadAsync(stream, cancellationToken);
                stream.Dispose();
                if (place.Task.IsCompleted)
                    place = NewPlace();
                calls.Fail(failure, reason);
                // One that is cut again and again is its supervisor's to judge.
                failures = await greeting && time.GetElapsedTime(since) > Steady ? 1 : failures + 1;
                if (hello is null || failures > wire.Options.ResumeAttempts)
                {
                    Lose(reason);
                    return;
                }
                await Task.Delay(wire.Options.ResumePause, time, cancellationToken);
                var (next, problem) = await connector.OpenAsync(cancellationToken);
                if (next is null)
                {
                    Lose(problem);
                    return;
                }
                stream = next;
                greeting = GreetAsync(stream, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            stream.Dispose();
        }
        catch (Exception e)
        {
            stream.Dispose();
            Lose("its event stream failed: " + e.Message);
        }
    }

    private async Task<(ChannelFailure Failure, string Reason)> ReadAsync(
        SseStream stream,
        CancellationToken cancellationToken
    )
    {
        try
        {
            SseRead read;
            while ((read = await stream.Reader.ReadAsync(cancellationToken)) == SseRead.Event)
                OnEvent(stream.Reader);
            return read == SseRead.TooLarge
                ? (ChannelFailure.TooLarge, "a message of the service exceeds the size limit")
                : (ChannelFailure.Protocol, "the service ended its event stream");
        }
        catch (Exception e) when (HttpWire.IsTransportError(e) && !cancellationToken.IsCancellationRequested)
        {
            return (ChannelFailure.Protocol, "its event stream was cut: " + e.Message);
        }
        finally
        {
            stream.Reader.Dispose();
        }
    }

    private void OnEvent(SseReader reader)
    {
        if (reader.Data.Length == 0 || reader.Name != "message")
            return;
        var message = reader.Data.Written.Span;
        var parts = WireMessage.Scan(message);
        switch (parts.Kind)
        {
            case WireKind.Request or WireKind.Notification:
                inbound.Route(message, parts, context: null);
                break;
            case WireKind.Result or WireKind.Error when calls.Take(parts.Id) is { } answered:
                answered.Complete(HttpWire.Accept(reader.Data, parts, parts.Id)!.Value);
                reader.Detach();
                break;
            case WireKind.Result or WireKind.Error:
                calls.Answered(parts.Id);
                break;
            default:
                calls
                    .Take(parts.Id)
                    ?.Complete(ChannelReply.Fail(ChannelFailure.Protocol, dispatched: true, "not a JSON-RPC message"));
                break;
        }
    }

    /// <summary>Shakes hands on a new stream while it is being read; calls that wait go there when it is done.</summary>
    private async Task<bool> GreetAsync(SseStream stream, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(wire.Options.HandshakeTimeout, time);
        await using var linked = cancellationToken.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(),
            limit
        );
        try
        {
            var call = Handshakes.Initialize(Hello.Revision);
            using var reply = await ExchangeAsync(call, HouseEvents.None, stream.Endpoint, limit.Token);
            if (reply.Kind == ChannelReplyKind.Result && Handshakes.ReadInitialize(reply.Json.Span, out _) is { } said)
            {
                using var message = WireWriter.Notification(McpMethod.NotificationsInitialized, default);
                await PostAsync(message, stream.Endpoint, limit.Token);
                hello = said;
                place.TrySetResult(stream.Endpoint);
                // The service may have come back as another: have its lists read again.
                events.OnNotification(McpMethod.NotificationsToolsListChanged, default);
                return true;
            }
        }
        catch (Exception e) when (HttpWire.IsTransportError(e))
        {
            // Another try, if there is one left.
        }
        stream.Dispose();
        return false;
    }

    private void Lose(string reason)
    {
        calls.Close(ChannelFailure.NotConnected, reason);
        place.TrySetResult(null);
        if (hello is not null && !life.IsCancellationRequested)
            events.OnClosed(reason);
    }
}
