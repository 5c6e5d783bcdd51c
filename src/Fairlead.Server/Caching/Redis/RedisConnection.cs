using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Server.Caching.Redis;

/// <summary>
/// One connection speaking RESP2. Used by one caller at a time; one that was left in the middle of an answer is thrown
/// away, for what comes next would be taken for the answer to something else.
/// </summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    /// <summary>Longest value read; a longer one ends the connection instead of the memory.</summary>
    public const int MaxValueBytes = 64 * 1024 * 1024;
    private const int MaxLine = 64 * 1024;
    private const int MaxItems = 1_000_000;
    private const int MaxDepth = 8;
    private readonly Socket socket;
    private readonly Stream stream;
    private readonly PipeReader reader;

    private RedisConnection(Socket socket, Stream stream)
    {
        this.socket = socket;
        this.stream = stream;
        reader = PipeReader.Create(stream);
    }

    /// <summary>When it was last given back, as a timestamp of the pool's clock.</summary>
    public long IdleSince { get; set; }

    /// <summary>Whether the other side closed it, or something came that nobody asked for.</summary>
    public bool IsStale => socket.Poll(0, SelectMode.SelectRead);

    /// <exception cref="RedisException">It does not let us in.</exception>
    public static async Task<RedisConnection> OpenAsync(RedisAddress address, CancellationToken cancellationToken)
    {
        var made = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        // A subscription waits for ever: without these, a partition would leave it deaf.
        made.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        made.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
        made.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        made.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        Stream? channel = null;
        try
        {
            await made.ConnectAsync(address.Host, address.Port, cancellationToken);
            channel = new NetworkStream(made, ownsSocket: true);
            if (address.Tls)
            {
                var tls = new SslStream(channel);
                channel = tls;
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions { TargetHost = address.Host },
                    cancellationToken
                );
            }
            var connection = new RedisConnection(made, channel);
            var greeting = new RedisPipeline();
            if (address.Password is { } password)
            {
                if (address.User is { } user)
                    greeting.Add("AUTH", user, password);
                else
                    greeting.Add("AUTH", password);
            }
            if (address.Database != 0)
                greeting.Add("SELECT", address.Database);
            greeting.Add("PING");
            foreach (var reply in await connection.SendAsync(greeting, cancellationToken))
                if (reply.Error is { } refusal)
                    throw new RedisException($"{address} refuses us: {refusal}");
            return connection;
        }
        catch
        {
            if (channel is not null)
                await channel.DisposeAsync();
            made.Dispose();
            throw;
        }
    }

    public async Task<RedisReply[]> SendAsync(RedisPipeline commands, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(commands.Written, cancellationToken);
        var replies = new RedisReply[commands.Count];
        for (var i = 0; i < replies.Length; i++)
            replies[i] = await ReadAsync(0, cancellationToken);
        return replies;
    }

    /// <summary>The next message of a subscription.</summary>
    public Task<RedisReply> ReadAsync(CancellationToken cancellationToken) => ReadAsync(0, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await reader.CompleteAsync();
        await stream.DisposeAsync();
    }

    private async Task<RedisReply> ReadAsync(int depth, CancellationToken cancellationToken)
    {
        var line = await LineAsync(cancellationToken);
        var rest = line.AsMemory(1);
        switch (line[0])
        {
            case (byte)'+':
                return new(rest);
            case (byte)'-':
                return new(Error: Encoding.UTF8.GetString(rest.Span));
            case (byte)':':
                return new(Number: Number(rest.Span, long.MinValue, long.MaxValue));
            case (byte)'$':
                var length = Number(rest.Span, -1, MaxValueBytes);
                return length < 0 ? default : new(await BytesAsync((int)length, cancellationToken));
            case (byte)'*' when depth < MaxDepth:
                var count = Number(rest.Span, -1, MaxItems);
                if (count < 0)
                    return default;
                // Grows with what comes: a number alone must not cost memory.
                var items = new List<RedisReply>();
                for (var i = 0; i < count; i++)
                    items.Add(await ReadAsync(depth + 1, cancellationToken));
                return new(Items: [.. items]);
            default:
                throw new RedisException("The answer is not of the Redis protocol.");
        }
    }

    private async ValueTask<byte[]> LineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end).ToArray();
                reader.AdvanceTo(buffer.GetPosition(1, end));
                return line is [.. var text, (byte)'\r'] && text.Length > 0
                    ? text
                    : throw new RedisException("The answer is not of the Redis protocol.");
            }
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                throw new RedisException("The connection was closed.");
            if (buffer.Length > MaxLine)
                throw new RedisException("The answer is not of the Redis protocol.");
        }
    }

    private async ValueTask<byte[]> BytesAsync(int length, CancellationToken cancellationToken)
    {
        var read = await reader.ReadAtLeastAsync(length + 2, cancellationToken);
        if (read.Buffer.Length < length + 2)
            throw new RedisException("The connection was closed.");
        var bytes = read.Buffer.Slice(0, length).ToArray();
        reader.AdvanceTo(read.Buffer.GetPosition(length + 2));
        return bytes;
    }

    private static long Number(ReadOnlySpan<byte> text, long least, long most) =>
        Utf8Parser.TryParse(text, out long number, out var used)
        && used == text.Length
        && number >= least
        && number <= most
            ? number
            : throw new RedisException("The answer is not of the Redis protocol.");
}
