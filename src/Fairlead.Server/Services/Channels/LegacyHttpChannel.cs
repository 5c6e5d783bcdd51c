using System.Collections.Frozen;
using System.Net;
using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// A service over HTTP in the legacy era (spec 2025-11-25 transports "Streamable HTTP"): a session, an answer by JSON
/// or stream, one long GET stream where offered, questions answered by POST, cut streams resumed by their last event.
/// </summary>
internal sealed partial class LegacyHttpChannel : IChannel
{
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(30);

    private static readonly FrozenSet<string> SessionUnknown = FrozenSet.Create(
        StringComparer.Ordinal,
        "Bad Request: No valid session ID provided",
        "Bad Request: Server not initialized",
        "Invalid or missing session ID",
        "Session not found"
    );

    private readonly HttpWire wire;
    private readonly IChannelEvents events;
    private readonly TimeProvider time;
    private readonly PendingCalls calls;
    private readonly ClientCalls clients = new();
    private readonly Inbound inbound;
    private readonly SemaphoreSlim renewing = new(1, 1);
    private readonly CancellationTokenSource life = new();
    private volatile Session session = new(null, null);
    private volatile string? offeredSession;
    private ServiceHello? hello;
    private Task listening = Task.CompletedTask;
    private int lost;

    public LegacyHttpChannel(HttpWire wire, IChannelEvents events, TimeProvider time)
    {
        this.wire = wire;
        this.events = events;
        this.time = time;
        calls = new PendingCalls(time);
        inbound = new Inbound(calls, new Questions(calls, PostAsync), events);
    }

    /// <summary>One session: compared by reference, so that a loss is mended once however many calls see it.</summary>
    private sealed record Session(string? Id, string? Revision);

    public ServiceHello Hello => hello ?? throw new InvalidOperationException("The handshake has not ended.");

    /// <summary>Ends the handshake: says we are ready and opens the long stream.</summary>
    public async ValueTask ReadyAsync(ServiceHello said, CancellationToken cancellationToken)
    {
        await BeginAsync(said, cancellationToken);
        listening = ListenAsync(life.Token);
    }

    public async ValueTask<ChannelReply> CallAsync(
        ChannelCall call,
        ICallEvents events,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (calls.Open(call, events) is not { } pending)
            return ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false, "the service is stopping");
        if (pending.HasAsker)
            clients.Begin();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, life.Token);
        try
        {
            using var body = WireWriter.Request(pending.Id, call);
            var used = session;
            var (reply, sessionLost) = await ExchangeAsync(pending, body, used, either.Token);
            // 404 is the session's end (spec "Session Management" 3): the request was not run, so once more is safe.
            if (!sessionLost || !await RenewAsync(used, either.Token))
                return reply;
            reply.Dispose();
            (reply, _) = await ExchangeAsync(pending, body, session, either.Token);
            return reply;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Here a disconnect is not a cancel (R11), so the service is told; but initialize must not be cancelled.
            if (call.Method != McpMethod.Initialize)
                _ = TellCancelledAsync(pending.Id);
            calls.Linger(pending);
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Disposing the connections alone would leave the calls on them running.
            return HttpWire.Stopped();
        }
        finally
        {
            calls.Take(pending.Id);
            pending.End();
            if (pending.HasAsker)
                clients.End();
        }
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
            // Best effort; a service that is down shows at the next call.
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
        await FarewellAsync();
        wire.Dispose();
    }

    /// <summary>One POST of a call and its answer; tells whether the session turned out to be gone before it ran.</summary>
    private async ValueTask<(ChannelReply Reply, bool SessionLost)> ExchangeAsync(
        PendingCall pending,
        PooledBytes body,
        Session used,
        CancellationToken cancellationToken
    )
    {
        var initializing = pending.Method == McpMethod.Initialize;
        using var request = wire.Post(body.Written);
        if (!initializing)
            AddHeaders(request, used);
        HttpResponseMessage response;
        try
        {
            response = await wire.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (HttpWire.IsTransportError(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return (Noted(HttpWire.Failed(e)), false);
        }
        using (response)
        {
            if (initializing)
                offeredSession = SessionOf(response);
            if (HttpWire.IsStream(response) && response.IsSuccessStatusCode)
                return (await FollowAsync(response, pending, used, cancellationToken), false);
            var gone = response.StatusCode == HttpStatusCode.NotFound && used.Id is not null && !initializing;
            var reply = gone
                ? HttpWire.Refused(response)
                : await wire.ReadReplyAsync(response, pending.Id, cancellationToken);
            // A new session is never asked for because an initialize failed: that is how one is asked for.
            return (reply, gone || (!initializing && SaysSessionUnknown(response, used, reply)));
        }
    }

    /// <summary>
    /// Widely copied sample code answers an unknown session with 400 instead of the 404 it should be. Only its own words
    /// count: they are said before any work, while another error that speaks of sessions may come from a tool that ran.
    /// </summary>
    private static bool SaysSessionUnknown(HttpResponseMessage response, Session used, ChannelReply reply) =>
        response.StatusCode == HttpStatusCode.BadRequest
        && used.Id is not null
        && reply.Kind == ChannelReplyKind.Error
        && SessionUnknown.Contains(Handshakes.Text(reply.Json.Span, "message"u8) ?? "");

    /// <summary>Starts a new session in the place of a lost one; all who saw the same loss share one attempt.</summary>
    private async ValueTask<bool> RenewAsync(Session gone, CancellationToken cancellationToken)
    {
        await renewing.WaitAsync(cancellationToken);
        try
        {
            if (!ReferenceEquals(session, gone))
                return true;
            var asked = hello?.Revision ?? Revisions.NewestLegacy;
            using var reply = await CallAsync(Handshakes.Initialize(asked), HouseEvents.None, cancellationToken);
            if (
                reply.Kind != ChannelReplyKind.Result
                || Handshakes.ReadInitialize(reply.Json.Span, out _) is not { } said
            )
                return false;
            await BeginAsync(said, cancellationToken);
        }
        finally
        {
            renewing.Release();
        }
        // The service may have come back as another: have its lists read again.
        events.OnNotification(McpMethod.NotificationsToolsListChanged, default);
        return true;
    }

    /// <summary>Calls use the new session only after the service was told that we are ready.</summary>
    private async ValueTask BeginAsync(ServiceHello said, CancellationToken cancellationToken)
    {
        var next = new Session(offeredSession, said.Revision.Wire());
        using var message = WireWriter.Notification(McpMethod.NotificationsInitialized, default);
        try
        {
            await PostAsync(message, next, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Some services close here; whether the session works shows at the first call.
        }
        hello = said;
        session = next;
    }

    private ValueTask PostAsync(PooledBytes message, CancellationToken cancellationToken) =>
        PostAsync(message, session, cancellationToken);

    /// <summary>A notification or an answer to a question: nothing but its acceptance comes back.</summary>
    private async ValueTask PostAsync(PooledBytes message, Session used, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SendLimit, time);
        await using var linked = cancellationToken.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(),
            limit
        );
        using var request = wire.Post(message.Written);
        AddHeaders(request, used);
        using var response = await wire.SendAsync(request, limit.Token);
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

    /// <summary>Ends the session, as clients should; a service that does not allow it answers 405.</summary>
    private async ValueTask FarewellAsync()
    {
        if (session.Id is null)
            return;
        using var limit = new CancellationTokenSource(FarewellLimit, time);
        using var request = wire.Delete();
        AddHeaders(request, session);
        try
        {
            using var response = await wire.SendAsync(request, limit.Token);
        }
        catch (Exception e) when (HttpWire.IsTransportError(e))
        {
            // Gone already.
        }
    }

    private static void AddHeaders(HttpRequestMessage request, Session used)
    {
        if (used.Revision is { } revision)
            request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", revision);
        if (used.Id is { } id)
            request.Headers.TryAddWithoutValidation("Mcp-Session-Id", id);
    }

    private static string? SessionOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("Mcp-Session-Id", out var values) && values.Count == 1
            ? values.ToString()
            : null;

    private ChannelReply Noted(ChannelReply reply)
    {
        if (reply.Failure == ChannelFailure.NotConnected)
            NoteLost(reply.Detail);
        return reply;
    }

    /// <summary>A service that refuses connections is down: its supervisor takes over.</summary>
    private void NoteLost(string? detail)
    {
        if (hello is not null && !life.IsCancellationRequested && Interlocked.Exchange(ref lost, 1) == 0)
            events.OnClosed(detail ?? "no connection");
    }
}
