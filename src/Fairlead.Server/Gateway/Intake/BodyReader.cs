using System.Buffers;
using System.Globalization;
using Fairlead.Server.Gateway.Replies;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>A request body in one pooled run of bytes; dispose when the call is over.</summary>
internal readonly struct RequestBody(byte[] rented, int length) : IDisposable
{
    public ReadOnlyMemory<byte> Bytes => rented.AsMemory(0, length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(rented);
}

/// <summary>Reads a body up to a limit, without trusting Content-Length.</summary>
internal static class BodyReader
{
    private const int FirstGuess = 4096;

    /// <summary>The body, or null when it is larger than <paramref name="limit"/> bytes.</summary>
    public static async ValueTask<RequestBody?> ReadAsync(HttpContext http, int limit)
    {
        var request = http.Request;
        if (request.ContentLength > limit)
            return null;
        var buffer = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? FirstGuess) + 1);
        var length = 0;
        var kept = false;
        try
        {
            var reader = request.BodyReader;
            while (true)
            {
                var read = await reader.ReadAsync(http.RequestAborted);
                var more = read.Buffer;
                if (length + more.Length > limit)
                {
                    reader.AdvanceTo(more.End);
                    return null;
                }
                if (length + more.Length > buffer.Length)
                    buffer = Grow(buffer, length, (int)(length + more.Length));
                more.CopyTo(buffer.AsSpan(length));
                length += (int)more.Length;
                reader.AdvanceTo(more.End);
                if (read.IsCompleted || read.IsCanceled)
                    break;
            }
            kept = true;
            return new RequestBody(buffer, length);
        }
        finally
        {
            if (!kept)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public static Answer TooLarge(GatewayOptions options) =>
        ErrorTable.Answer(
            Condition.BodyTooLarge,
            detail: string.Create(
                CultureInfo.InvariantCulture,
                $"The request body is larger than {options.MaxBodyBytes} bytes (setting Gateway:MaxBodyBytes)"
            )
        );

    private static byte[] Grow(byte[] buffer, int used, int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, buffer.Length * 2));
        buffer.AsSpan(0, used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
