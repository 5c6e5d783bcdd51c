using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Fairlead.Server.Gateway.Handshake;
using Fairlead.Server.Gateway.Sessions;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Gateway.Replies;

/// <summary>Writes an <see cref="EventStream"/> to one connection until the stream ends or the connection does.</summary>
internal static class SseWriter
{
    /// <summary>Sets status and headers of an event stream (R10).</summary>
    public static void Begin(HttpResponse response, string? sessionId = null)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        if (sessionId is not null)
            response.Headers["Mcp-Session-Id"] = sessionId;
    }

    /// <summary>
    /// Copies events to the connection. By the client's <paramref name="rules"/> they carry ids and a priming
    /// event stands first, so that it can come back by <c>Last-Event-ID</c>; null is a client that cannot.
    /// </summary>
    public static async Task PumpAsync(
        HttpContext http,
        EventStream stream,
        long after,
        RevisionRules? rules,
        GatewayOptions options,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var body = http.Response.BodyWriter;
        var ticket = stream.Attach();
        var opened = time.GetTimestamp();
        var withIds = rules is { EventIds: true };
        var polling = rules is { Polling: true };
        try
        {
            if (polling)
                Prime(body, stream, after, options);
            await body.FlushAsync(cancellationToken);
            while (!cancellationToken.IsCancellationRequested)
            {
                var wrote = false;
                Task changed;
                while (true)
                {
                    var (sequence, message, over) = stream.Next(ticket, after, out changed);
                    if (message is null && over)
                    {
                        await body.FlushAsync(cancellationToken);
                        return;
                    }
                    if (message is null)
                        break;
                    Write(body, stream, sequence, message, withIds);
                    after = sequence;
                    wrote = true;
                }
                if (wrote)
                    await body.FlushAsync(cancellationToken);
                if (polling && options.PollAfter > TimeSpan.Zero && time.GetElapsedTime(opened) >= options.PollAfter)
                    return;
                if (!await WaitAsync(changed, Pause(options, polling, time, opened), time, cancellationToken))
                {
                    body.Write(":\n\n"u8);
                    await body.FlushAsync(cancellationToken);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client went away: what it missed stays in the stream, if it is one that can be resumed.
        }
        finally
        {
            stream.Detach(ticket);
        }
    }

    private static TimeSpan Pause(GatewayOptions options, bool polling, TimeProvider time, long opened)
    {
        if (!polling || options.PollAfter <= TimeSpan.Zero)
            return options.KeepAlive;
        var left = options.PollAfter - time.GetElapsedTime(opened);
        return left < options.KeepAlive
            ? (left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1))
            : options.KeepAlive;
    }

    private static async ValueTask<bool> WaitAsync(
        Task changed,
        TimeSpan pause,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await changed.WaitAsync(pause, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static void Prime(PipeWriter body, EventStream stream, long after, GatewayOptions options)
    {
        var retry = (long)options.Retry.TotalMilliseconds;
        body.Write(
            Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"id: {stream.Number}-{after}\nretry: {retry}\ndata:\n\n")
            )
        );
    }

    private static void Write(PipeWriter body, EventStream stream, long sequence, byte[] message, bool withIds)
    {
        if (withIds)
        {
            body.Write(
                Encoding.ASCII.GetBytes(
                    string.Create(CultureInfo.InvariantCulture, $"id: {stream.Number}-{sequence}\n")
                )
            );
        }
        body.Write("event: message\ndata: "u8);
        body.Write(OneLine(message));
        body.Write("\n\n"u8);
    }

    // A JSON text may be spread over lines by a service; line breaks in it are white space only, an event's data is one line.
    private static ReadOnlySpan<byte> OneLine(byte[] message)
    {
        if (message.AsSpan().IndexOfAny((byte)'\n', (byte)'\r') < 0)
            return message;
        var copy = message.AsSpan().ToArray();
        copy.AsSpan().Replace((byte)'\n', (byte)' ');
        copy.AsSpan().Replace((byte)'\r', (byte)' ');
        return copy;
    }
}
