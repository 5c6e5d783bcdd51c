using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Load;

/// <summary>A run that proves nothing: a wrong answer, a lost connection, a missing row.</summary>
internal sealed class BrokenRunException(string message) : Exception(message);

/// <summary>One answer; its bytes stay valid until the next request on the connection.</summary>
internal readonly struct HttpAnswer(int status, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
{
    public int Status => status;
    public ReadOnlyMemory<byte> Body => body;

    public string BodyText => Encoding.UTF8.GetString(body.Span);

    public string? Header(string name)
    {
        foreach (var line in Encoding.ASCII.GetString(head.Span).Split("\r\n"))
        {
            if (
                line.Length > name.Length
                && line[name.Length] == ':'
                && line.StartsWith(name, StringComparison.OrdinalIgnoreCase)
            )
                return line[(name.Length + 1)..].Trim();
        }
        return null;
    }
}

/// <summary>
/// One HTTP/1.1 keep-alive connection on a plain socket: a request is one send, an answer as few receives as it comes
/// in. It costs the same for every target and little, as load, target and service share the machine.
/// </summary>
internal sealed class Connection : IDisposable
{
    private const int InChunks = -1;
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
    };
    private byte[] buffer = new byte[16 * 1024];

    public static async Task<Connection> OpenAsync(Uri uri)
    {
        var connection = new Connection();
        try
        {
            await connection.socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(uri.Host), uri.Port));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async ValueTask<HttpAnswer> SendAsync(ReadOnlyMemory<byte> request)
    {
        var rest = request;
        while (rest.Length > 0)
            rest = rest[await socket.SendAsync(rest, SocketFlags.None)..];
        var held = 0;
        var bodyAt = 0;
        var length = 0;
        while (
            bodyAt == 0
            || (length == InChunks ? !HasEnded(buffer.AsSpan(bodyAt, held - bodyAt)) : held < bodyAt + length)
        )
        {
            if (held == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            var read = await socket.ReceiveAsync(buffer.AsMemory(held), SocketFlags.None);
            if (read == 0)
                throw new BrokenRunException("the connection was closed in the middle of an answer");
            held += read;
            if (
                bodyAt == 0
                && TryReadHead(buffer.AsSpan(0, held), out bodyAt, out length)
                && buffer.Length < bodyAt + length
            )
                Array.Resize(ref buffer, bodyAt + length);
        }
        if (length == InChunks)
            held = bodyAt + (length = Join(buffer.AsSpan(bodyAt, held - bodyAt)));
        if (held != bodyAt + length)
            throw new BrokenRunException("more came than one answer");
        return new HttpAnswer(Status(buffer), buffer.AsMemory(0, bodyAt), buffer.AsMemory(bodyAt, length));
    }

    public void Dispose() => socket.Dispose();

    private static int Status(ReadOnlySpan<byte> head) =>
        Utf8Parser.TryParse(head["HTTP/1.1 ".Length..], out int status, out _) ? status : 0;

    private static bool HasEnded(ReadOnlySpan<byte> chunks) => chunks.EndsWith("\r\n0\r\n\r\n"u8);

    /// <summary>Moves what is in the chunks together, and tells how much that is.</summary>
    private static int Join(Span<byte> chunks)
    {
        var length = 0;
        for (var at = 0; ; )
        {
            if (!Utf8Parser.TryParse(chunks[at..], out int size, out var digits, 'x'))
                throw new BrokenRunException("an answer whose chunks cannot be read");
            if (size == 0)
                return length;
            at += digits + 2;
            chunks.Slice(at, size).CopyTo(chunks[length..]);
            length += size;
            at += size + 2;
        }
    }

    private static bool TryReadHead(ReadOnlySpan<byte> received, out int bodyAt, out int length)
    {
        length = 0;
        bodyAt = received.IndexOf("\r\n\r\n"u8);
        if (bodyAt < 0)
        {
            bodyAt = 0;
            return false;
        }
        bodyAt += 4;
        var head = received[..bodyAt];
        var at = head.IndexOf("\r\nContent-Length: "u8);
        if (at >= 0)
            return Utf8Parser.TryParse(head[(at + "\r\nContent-Length: ".Length)..], out length, out _);
        if (head.IndexOf("\r\nTransfer-Encoding: chunked\r\n"u8) >= 0)
        {
            length = InChunks;
            return true;
        }
        // 202 and 204 have no body.
        if (Status(head) is 202 or 204)
            return true;
        throw new BrokenRunException($"an answer without Content-Length:\n{Encoding.ASCII.GetString(head)}");
    }
}
