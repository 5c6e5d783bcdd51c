using System.Net;
using System.Net.Http.Headers;
using Fairlead.Protocol;

namespace Fairlead.Server.Services.Channels;

/// <summary>What both HTTP eras share: requests with the service's own headers, bounded bodies, and what a failure means.</summary>
internal sealed class HttpWire(
    Uri uri,
    IReadOnlyCollection<KeyValuePair<string, string>> headers,
    ChannelOptions options
) : IDisposable
{
    private readonly HttpMessageInvoker invoker = GuardedHttp.Create(options);

    public ChannelOptions Options { get; } = options;

    /// <summary>A POST, to <paramref name="to"/> instead of the service's own address where given.</summary>
    public HttpRequestMessage Post(ReadOnlyMemory<byte> body, Uri? to = null)
    {
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        var request = Request(HttpMethod.Post, "application/json, text/event-stream", to);
        request.Content = content;
        return request;
    }

    /// <summary>A GET for a stream, from <paramref name="lastEventId"/> on when given.</summary>
    public HttpRequestMessage Get(string? lastEventId)
    {
        var request = Request(HttpMethod.Get, "text/event-stream");
        if (lastEventId is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        return request;
    }

    public HttpRequestMessage Delete() => Request(HttpMethod.Delete, "application/json");

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        invoker.SendAsync(request, cancellationToken);

    public static bool IsStream(HttpResponseMessage response) => Is(response, "text/event-stream");

    public static bool IsJson(HttpResponseMessage response) => Is(response, "application/json");

    /// <summary>
    /// Reads the whole body as the answer to call <paramref name="id"/>. The reply owns the buffer: a result goes on as
    /// the bytes that arrived.
    /// </summary>
    public async ValueTask<ChannelReply> ReadReplyAsync(
        HttpResponseMessage response,
        long id,
        CancellationToken cancellationToken
    )
    {
        if (!IsJson(response))
            return Refused(response);
        var length = response.Content.Headers.ContentLength ?? 0;
        if (length > Options.MaxMessageBytes)
            return TooLarge();
        var body = new PooledBytes((int)length + 1);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            int n;
            while ((n = await stream.ReadAsync(body.GetMemory(), cancellationToken)) > 0)
            {
                body.Advance(n);
                if (body.Length > Options.MaxMessageBytes)
                    return Drop(body, TooLarge());
            }
        }
        catch (Exception e) when (IsCut(e) && !cancellationToken.IsCancellationRequested)
        {
            return Drop(body, Cut(e));
        }
        catch (Exception e) when (e is OperationCanceledException || IsCut(e))
        {
            body.Dispose();
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
        var parts = WireMessage.Scan(body.Span);
        if (Accept(body, parts, id, response.IsSuccessStatusCode) is { } reply)
            return reply;
        return Drop(body, Refused(response));
    }

    /// <summary>The reply in a message that answers call <paramref name="id"/>; null when it does not.</summary>
    public static ChannelReply? Accept(PooledBytes message, in WireMessage parts, long id, bool success = true)
    {
        // An error that could not name its request has no id; on its own exchange it can only be for this call.
        var mine = parts.Id == id || (parts.Kind == WireKind.Error && parts.RawId.Equals(default));
        if (!mine || (parts.Kind == WireKind.Result && !success))
            return null;
        if (parts.Kind is not (WireKind.Result or WireKind.Error))
            return null;
        WireWriter.OneLine(message.Span);
        var kind = parts.Kind == WireKind.Result ? ChannelReplyKind.Result : ChannelReplyKind.Error;
        return new ChannelReply(kind, message.Written[parts.Body], message);
    }

    public static ChannelReply TooLarge() =>
        ChannelReply.Fail(ChannelFailure.TooLarge, dispatched: true, "the answer exceeds the size limit");

    /// <summary>What an answer without a usable JSON-RPC message means.</summary>
    public static ChannelReply Refused(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        var detail = $"HTTP {status}";
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ChannelReply.Fail(
                ChannelFailure.NotConnected,
                dispatched: false,
                detail + ": the service refuses our credentials"
            ),
            HttpStatusCode.TooManyRequests => ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false, detail),
            HttpStatusCode.ServiceUnavailable => ChannelReply.Fail(
                ChannelFailure.NotConnected,
                dispatched: true,
                detail
            ),
            // A client error or a redirect was refused before any work; all else may have run.
            _ => ChannelReply.Fail(
                ChannelFailure.Protocol,
                dispatched: status is < 300 or >= 500,
                $"{detail} {MediaType(response)}: not an MCP answer"
            ),
        };
    }

    /// <summary>What an exception of sending means; a caller's own cancellation must be ruled out before.</summary>
    public static ChannelReply Failed(Exception e)
    {
        var notSent =
            e
                is OperationCanceledException // only the connect timeout cancels by itself
                    or AddressRefusedException
                    // Of the invoker itself: disposed by a stop before this request began.
                    or ObjectDisposedException { ObjectName: "System.Net.Http.HttpMessageInvoker" }
                    or HttpRequestException
                    {
                        HttpRequestError: HttpRequestError.ConnectionError
                            or HttpRequestError.NameResolutionError
                            or HttpRequestError.SecureConnectionError
                    }
            || e.InnerException is AddressRefusedException;
        var detail = e.InnerException?.Message ?? e.Message;
        return notSent
            ? ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false, detail)
            : ChannelReply.Fail(ChannelFailure.Crashed, dispatched: true, detail);
    }

    /// <summary>A stop disposes the connections under the calls in flight: to them that is a connection that is gone.</summary>
    public static bool IsTransportError(Exception e) =>
        e is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException;

    /// <summary>Whether reading an answer ended because its connection did.</summary>
    public static bool IsCut(Exception e) => e is IOException or HttpRequestException or ObjectDisposedException;

    /// <summary>The end of a call in flight at the stop of its service.</summary>
    public static ChannelReply Stopped() =>
        ChannelReply.Fail(ChannelFailure.Crashed, dispatched: true, "the service was stopped");

    /// <summary>What a cut answer means: the service's doing, unless the connections were disposed by a stop.</summary>
    public static ChannelReply Cut(Exception e) =>
        e is ObjectDisposedException
            ? Stopped()
            : ChannelReply.Fail(ChannelFailure.Protocol, dispatched: true, e.Message);

    public void Dispose() => invoker.Dispose();

    private static ChannelReply Drop(PooledBytes body, ChannelReply reply)
    {
        body.Dispose();
        return reply;
    }

    private static bool Is(HttpResponseMessage response, string mediaType) =>
        MediaType(response) is { } type
        && type.StartsWith(mediaType, StringComparison.OrdinalIgnoreCase)
        && (type.Length == mediaType.Length || type[mediaType.Length] is ';' or ' ');

    /// <summary>The raw header: parsing it costs an object per answer and tells no more.</summary>
    private static string? MediaType(HttpResponseMessage response) =>
        response.Content.Headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues values)
        && values.Count == 1
            ? values.ToString()
            : null;

    private HttpRequestMessage Request(HttpMethod method, string accept, Uri? to = null)
    {
        var request = new HttpRequestMessage(method, to ?? uri);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }
}
