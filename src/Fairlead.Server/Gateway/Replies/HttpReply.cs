using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Sessions;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Gateway.Replies;

/// <summary>
/// The response to one POST: a single JSON object, or, from the first message that comes before the answer, an event
/// stream. Answers <c>application/json</c> whenever it can: that is the fast path.
/// </summary>
internal sealed class HttpReply(
    HttpContext http,
    bool acceptsStream,
    LegacySession? session,
    GatewayOptions options,
    TimeProvider time
) : IReply
{
    private readonly Lock gate = new();
    private EventStream? stream;
    private Task? pump;
    private bool finished;
    private volatile bool held;
    private TaskCompletionSource? detached;

    public bool IsHeld
    {
        set => held = value;
    }

    /// <summary>Put into the response of <c>initialize</c>.</summary>
    public string? NewSessionId { get; set; }

    /// <summary>
    /// Completes when nothing more goes out on this connection: the call is over, or the connection ended before the
    /// answer, closed by the client or to let it poll. The stream lives on.
    /// </summary>
    public Task Detached
    {
        get
        {
            lock (gate)
                return (detached ??= new()).Task;
        }
    }

    public void Detach()
    {
        TaskCompletionSource over;
        lock (gate)
            over = detached ??= new();
        over.TrySetResult();
    }

    public async ValueTask CompleteAsync()
    {
        try
        {
            await http.Response.CompleteAsync();
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The client is gone.
        }
        Detach();
    }

    public bool Send(byte[] message)
    {
        lock (gate)
        {
            if (finished || !acceptsStream)
                return false;
            OpenStream();
            return stream!.Append(message);
        }
    }

    public void StartStreaming()
    {
        lock (gate)
        {
            if (!finished && acceptsStream)
                OpenStream();
        }
    }

    public async ValueTask FinishAsync(ReadOnlyMemory<byte> rawId, Answer answer)
    {
        lock (gate)
            finished = true;
        if (stream is null)
        {
            await WriteJsonAsync(rawId, answer);
            return;
        }
        stream.Append(Whole(rawId, answer));
        stream.Complete(time.GetUtcNow());
        await pump!;
    }

    /// <summary>Sends a message that is whole already, such as the answers of a batch, and ends the response.</summary>
    public async ValueTask FinishAsync(byte[] message)
    {
        lock (gate)
            finished = true;
        if (stream is not null)
        {
            stream.Append(message);
            stream.Complete(time.GetUtcNow());
            await pump!;
            return;
        }
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = message.Length;
        http.Response.BodyWriter.Write(message);
        await WaitAsync(http.Response.BodyWriter.FlushAsync(http.RequestAborted));
    }

    /// <summary>Ends the response where nothing is to be answered.</summary>
    public async ValueTask AcceptAsync()
    {
        if (stream is not null)
            await AbandonAsync();
        else
            http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    public async ValueTask AbandonAsync()
    {
        lock (gate)
            finished = true;
        if (stream is not null)
        {
            stream.Complete(time.GetUtcNow());
            await pump!;
            return;
        }
        if (http.Response.HasStarted || http.RequestAborted.IsCancellationRequested)
            return;
        // No answer may follow a cancellation (R43): an empty stream where the client takes one, else an empty 202.
        if (acceptsStream)
            SseWriter.Begin(http.Response);
        else
            http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    /// <summary>The whole response message in one piece.</summary>
    public static byte[] Whole(ReadOnlyMemory<byte> rawId, Answer answer)
    {
        var buffer = new ArrayBufferWriter<byte>(answer.Length + rawId.Length + 64);
        Write(buffer, rawId.Span, answer);
        return buffer.WrittenSpan.ToArray();
    }

    // A later revision of HTTP has no such header, and a stream for each request.
    private void SayIfHeld()
    {
        if (held && HttpProtocol.IsHttp11(http.Request.Protocol))
            http.Response.Headers.Connection = "close";
    }

    private void OpenStream()
    {
        if (stream is not null)
            return;
        stream = session is null ? new EventStream(0, StreamBounds.Passing(options)) : session.OpenStream();
        pump = Task.Run(PumpAsync);
    }

    private async Task PumpAsync()
    {
        SayIfHeld();
        SseWriter.Begin(http.Response, NewSessionId);
        await SseWriter.PumpAsync(http, stream!, 0, session?.Rules, options, time, http.RequestAborted);
        Detach();
    }

    private ValueTask WriteJsonAsync(ReadOnlyMemory<byte> rawId, Answer answer)
    {
        var response = http.Response;
        response.StatusCode = answer.Status;
        response.ContentType = "application/json";
        if (NewSessionId is not null)
            response.Headers["Mcp-Session-Id"] = NewSessionId;
        if (answer.RetryAfter > 0)
            response.Headers.RetryAfter = answer.RetryAfter.ToString(CultureInfo.InvariantCulture);
        if (answer.Permit is { } permit)
            response.Headers["X-RateLimit-Remaining"] = permit.Remaining.ToString(CultureInfo.InvariantCulture);
        if (answer.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer realm=\"fairlead\"";
        SayIfHeld();
        response.ContentLength = Length(rawId, answer);
        Write(response.BodyWriter, rawId.Span, answer);
        var flush = response.BodyWriter.FlushAsync(http.RequestAborted);
        return flush.IsCompletedSuccessfully ? ValueTask.CompletedTask : WaitAsync(flush);
    }

    private static async ValueTask WaitAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            await flush;
        }
        catch (OperationCanceledException)
        {
            // The client did not wait for its answer.
        }
    }

    private static int Length(ReadOnlyMemory<byte> rawId, Answer answer) =>
        "{\"jsonrpc\":\"2.0\",}"u8.Length
        + (rawId.Length > 0 ? "\"id\":,"u8.Length + rawId.Length : 0)
        + (answer.IsError ? "\"error\":"u8.Length : "\"result\":"u8.Length)
        + answer.Length;

    private static void Write(IBufferWriter<byte> to, ReadOnlySpan<byte> rawId, Answer answer)
    {
        to.Write("{\"jsonrpc\":\"2.0\","u8);
        if (rawId.Length > 0)
        {
            to.Write("\"id\":"u8);
            to.Write(rawId);
            to.Write(","u8);
        }
        to.Write(answer.IsError ? "\"error\":"u8 : "\"result\":"u8);
        to.Write(answer.A.Span);
        to.Write(answer.B.Span);
        to.Write(answer.C.Span);
        to.Write("}"u8);
    }
}
