using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EchoService;

/// <summary>Streamable HTTP without routing or middleware: one handler right behind Kestrel.</summary>
internal sealed class HttpFace(IReadOnlyDictionary<string, Echo> faces)
{
    private const string SessionHeader = "Mcp-Session-Id";
    private readonly ConcurrentDictionary<string, bool> sessions = new(StringComparer.Ordinal);

    public static async Task RunAsync(string url, IReadOnlyDictionary<string, Echo> faces)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        await using var app = builder.Build();
        var face = new HttpFace(faces);
        app.Run(face.HandleAsync);
        await app.RunAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        var request = http.Request;
        var response = http.Response;
        if (!faces.TryGetValue(request.Path.Value!, out var echo))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (HttpMethods.IsDelete(request.Method) && !echo.IsModern)
        {
            sessions.TryRemove(request.Headers[SessionHeader].ToString(), out _);
            return;
        }
        if (!HttpMethods.IsPost(request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            if (read.IsCompleted)
            {
                try
                {
                    Answer(http, echo, read.Buffer);
                }
                catch (JsonException)
                {
                    response.StatusCode = StatusCodes.Status400BadRequest;
                }
                reader.AdvanceTo(read.Buffer.End);
                return;
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private void Answer(HttpContext http, Echo echo, in ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
        {
            Answer(http, echo, body.FirstSpan);
            return;
        }
        var length = (int)body.Length;
        var joined = ArrayPool<byte>.Shared.Rent(length);
        body.CopyTo(joined);
        Answer(http, echo, joined.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(joined);
    }

    private void Answer(HttpContext http, Echo echo, ReadOnlySpan<byte> body)
    {
        var request = Request.Read(body);
        var response = http.Response;
        if (!Admit(http, echo, request))
            return;
        using var answer = new PooledWriter(body.Length + 1024);
        if (!echo.Answer(request, answer))
        {
            response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }
        response.ContentType = "application/json";
        response.ContentLength = answer.Written.Length;
        response.BodyWriter.Write(answer.Written);
    }

    /// <summary>Holds each face to its own era, as a real service of that era would.</summary>
    private bool Admit(HttpContext http, Echo echo, in Request request)
    {
        var headers = http.Request.Headers;
        var modernAsked = string.Equals(headers["MCP-Protocol-Version"], "2026-07-28", StringComparison.Ordinal);
        if (modernAsked != echo.IsModern && (modernAsked || !request.Method.SequenceEqual("initialize"u8)))
            return Refuse(http, StatusCodes.Status400BadRequest);
        if (echo.IsModern)
            return modernAsked || Refuse(http, StatusCodes.Status400BadRequest);
        if (request.Method.SequenceEqual("initialize"u8))
        {
            var id = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
            sessions[id] = true;
            http.Response.Headers[SessionHeader] = id;
            return true;
        }
        var named = headers[SessionHeader];
        return named.Count == 0
            ? Refuse(http, StatusCodes.Status400BadRequest)
            : sessions.ContainsKey(named.ToString()) || Refuse(http, StatusCodes.Status404NotFound);
    }

    private static bool Refuse(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return false;
    }

    /// <summary>A buffer that goes back to the pool; the length must be known before the first byte is sent.</summary>
    private sealed class PooledWriter(int size) : IBufferWriter<byte>, IDisposable
    {
        private byte[] rented = ArrayPool<byte>.Shared.Rent(size);
        private int written;

        public ReadOnlySpan<byte> Written => rented.AsSpan(0, written);

        public void Advance(int count) => written += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Reserve(sizeHint);
            return rented.AsMemory(written);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            Reserve(sizeHint);
            return rented.AsSpan(written);
        }

        public void Dispose() => ArrayPool<byte>.Shared.Return(rented);

        private void Reserve(int sizeHint)
        {
            if (rented.Length - written >= Math.Max(sizeHint, 1))
                return;
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(rented.Length * 2, written + sizeHint));
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(rented);
            rented = larger;
        }
    }
}
