using Fairlead.Protocol;
using Fairlead.Protocol.Http;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// A service over HTTP in the modern era: every request its own POST, answered by JSON or by a stream of its own, so
/// nothing needs to be paired and cancelling is closing (spec 2026-07-28 streamable-http).
/// </summary>
internal sealed class ModernHttpChannel(HttpWire wire, IChannelEvents events) : IChannel
{
    private static readonly string Version = Revisions.Newest.Wire();
    private readonly ClientCalls clients = new();
    private readonly CancellationTokenSource life = new();
    private long lastId;
    private ServiceHello? hello;
    private int lost;

    public ServiceHello Hello
    {
        get => hello ?? throw new InvalidOperationException("The handshake has not ended.");
        set => hello = value;
    }

    public async ValueTask<ChannelReply> CallAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        if (life.IsCancellationRequested)
            return ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false, "the service is stopping");
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, life.Token);
        var counts = ClientCalls.Counts(call, events);
        if (counts)
            clients.Begin();
        try
        {
            return await ExchangeAsync(call, events, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HttpWire.Stopped();
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            if (counts)
                clients.End();
        }
    }

    private async ValueTask<ChannelReply> ExchangeAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        var id = Interlocked.Increment(ref lastId);
        using var body = WireWriter.Request(id, call);
        using var request = wire.Post(body.Written);
        AddHeaders(request, call);
        HttpResponseMessage response;
        try
        {
            response = await wire.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (HttpWire.IsTransportError(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Noted(HttpWire.Failed(e));
        }
        using (response)
        {
            return HttpWire.IsStream(response) && response.IsSuccessStatusCode
                ? await ReadStreamAsync(response, id, events, cancellationToken)
                : await wire.ReadReplyAsync(response, id, cancellationToken);
        }
    }

    /// <summary>The revision defines no client notification over HTTP; cancelling is closing the response.</summary>
    public ValueTask NotifyAsync(
        McpMethod method,
        ReadOnlyMemory<byte> parameters,
        CancellationToken cancellationToken
    ) => ValueTask.CompletedTask;

    public Task DrainAsync(CancellationToken limit) => clients.WhenIdleAsync().WaitAsync(limit);

    public async ValueTask DisposeAsync()
    {
        // Disposing the connections alone leaves the calls on them running.
        await life.CancelAsync();
        wire.Dispose();
    }

    private static void AddHeaders(HttpRequestMessage request, ChannelCall call)
    {
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", Version);
        request.Headers.TryAddWithoutValidation("Mcp-Method", call.Method.Wire());
        if (call.Name is { } name)
            request.Headers.TryAddWithoutValidation("Mcp-Name", HeaderText.Encode(name));
        if (call.ParamHeaders is not { } mirrored)
            return;
        foreach (var (header, value) in mirrored)
            request.Headers.TryAddWithoutValidation(header, value);
    }

    private async ValueTask<ChannelReply> ReadStreamAsync(
        HttpResponseMessage response,
        long id,
        ICallEvents callEvents,
        CancellationToken cancellationToken
    )
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new SseReader(stream, wire.Options.MaxMessageBytes);
        try
        {
            SseRead read;
            while ((read = await reader.ReadAsync(cancellationToken)) == SseRead.Event)
            {
                if (OnEvent(reader, id, callEvents) is { } reply)
                    return reply;
            }
            if (read == SseRead.TooLarge)
                return HttpWire.TooLarge();
        }
        catch (Exception e) when (HttpWire.IsCut(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return HttpWire.Cut(e);
        }
        return ChannelReply.Fail(ChannelFailure.Protocol, dispatched: true, "the stream ended before the answer");
    }

    private static ChannelReply? OnEvent(SseReader reader, long id, ICallEvents callEvents)
    {
        if (reader.Data.Length == 0 || reader.Name != "message")
            return null;
        var message = reader.Data.Written.Span;
        var parts = WireMessage.Scan(message);
        if (parts.Kind == WireKind.Notification && parts.Method != McpMethod.Unknown)
        {
            var parameters = message[parts.Body];
            if (parts.Method != McpMethod.NotificationsProgress)
                callEvents.OnNotification(parts.Method, parameters, default);
            else if (Inbound.TokenOf(parameters) is var token && WireMessage.OurId(parameters[token]) == id)
                callEvents.OnNotification(parts.Method, parameters, token);
            return null;
        }
        if (parts.Kind == WireKind.Invalid && parts.Id == id)
            return ChannelReply.Fail(ChannelFailure.Protocol, dispatched: true, "not a JSON-RPC message");
        if (HttpWire.Accept(reader.Data, parts, id) is not { } reply)
            return null;
        reader.Detach();
        return reply;
    }

    /// <summary>A service that refuses connections is down: its supervisor takes over.</summary>
    private ChannelReply Noted(ChannelReply reply)
    {
        if (reply.Failure == ChannelFailure.NotConnected && hello is not null && Interlocked.Exchange(ref lost, 1) == 0)
            events.OnClosed(reply.Detail ?? "no connection");
        return reply;
    }
}
