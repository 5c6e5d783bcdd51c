using System.Threading.Channels;

namespace Fairlead.Server.Caching.Redis;

/// <summary>
/// Connections to one Redis: at least <see cref="RedisOptions.PoolMin"/> kept, at most <see cref="RedisOptions.PoolMax"/>
/// (P-10). Connecting is never a caller's own work: a caller that gives up leaves it to whoever comes next.
/// </summary>
internal sealed class RedisClient : IAsyncDisposable
{
    /// <summary>Key that tells whether a gateway is there (P-10).</summary>
    public const string StatusKey = "server:status";
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(60);
    private readonly Channel<RedisConnection> idle = Channel.CreateUnbounded<RedisConnection>();
    private readonly CancellationTokenSource closing = new();
    private readonly RedisOptions options;
    private readonly TimeProvider time;
    private volatile Exception? lastFailure;
    private int open;

    /// <exception cref="RedisException">The address cannot be read.</exception>
    public RedisClient(RedisOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        Address = RedisAddress.TryRead(options) ?? throw new RedisException("Redis:Url cannot be read.");
    }

    public RedisAddress Address { get; }

    /// <summary>Connections that stand or are being made.</summary>
    public int Open => Volatile.Read(ref open);

    /// <summary>Sends commands on a connection of the pool and returns their answers in order.</summary>
    /// <exception cref="RedisException">It is not reachable, or refused a command.</exception>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public async Task<RedisReply[]> ExecuteAsync(RedisPipeline commands, CancellationToken cancellationToken)
    {
        var connection = await RentAsync(cancellationToken);
        RedisReply[] replies;
        try
        {
            replies = await connection.SendAsync(commands, cancellationToken);
        }
        catch (Exception failure)
        {
            await DropAsync(connection);
            if (failure is OperationCanceledException or RedisException)
                throw;
            throw new RedisException($"{Address} cannot be used: {failure.Message}", failure);
        }
        Return(connection);
        foreach (var reply in replies)
            if (reply.Error is { } refusal)
                throw new RedisException($"{Address} refused a command: {refusal}");
        return replies;
    }

    /// <summary>One command.</summary>
    public async Task<RedisReply> ExecuteAsync(RedisArgument[] command, CancellationToken cancellationToken) =>
        (await ExecuteAsync(new RedisPipeline().Add(command), cancellationToken))[0];

    /// <summary>
    /// Listens on a connection of its own until it is lost or cancelled. <paramref name="begun"/> is called when it
    /// listens: what was said before then was not heard.
    /// </summary>
    public async Task ListenAsync(
        string channel,
        Action begun,
        Action<ReadOnlyMemory<byte>> heard,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await connection.SendAsync(new RedisPipeline().Add("SUBSCRIBE", channel), cancellationToken);
        begun();
        while (true)
        {
            var message = await connection.ReadAsync(cancellationToken);
            if (message.Items is [{ Text: "message" }, _, { Bytes: { } payload }])
                heard(payload);
        }
    }

    /// <summary>Opens what is missing to the smallest pool, closes one that nobody needed for a minute. To be called now and then.</summary>
    public async Task KeepAsync()
    {
        while (Open < options.PoolMin && TryGrow()) { }
        if (Open <= options.PoolMin || !idle.Reader.TryRead(out var oldest))
            return;
        if (time.GetElapsedTime(oldest.IdleSince) > MaxIdle)
            await DropAsync(oldest);
        else
            idle.Writer.TryWrite(oldest);
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        idle.Writer.TryComplete();
        while (idle.Reader.TryRead(out var connection))
            await DropAsync(connection);
    }

    private async ValueTask<RedisConnection> RentAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!idle.Reader.TryRead(out var connection))
            {
                // Where none can be made and none is there, the reason is known now; waiting would not mend it.
                if (!TryGrow() && Open == 0 && lastFailure is { } failure)
                    throw new RedisException($"{Address} cannot be reached: {failure.Message}", failure);
                try
                {
                    connection = await idle.Reader.ReadAsync(cancellationToken);
                }
                catch (ChannelClosedException closed)
                {
                    throw new RedisException("The connections to Redis are closed.", closed);
                }
            }
            if (!connection.IsStale)
                return connection;
            await DropAsync(connection);
        }
    }

    private void Return(RedisConnection connection)
    {
        connection.IdleSince = time.GetTimestamp();
        if (!idle.Writer.TryWrite(connection))
            _ = DropAsync(connection);
    }

    private async Task DropAsync(RedisConnection connection)
    {
        Interlocked.Decrement(ref open);
        await connection.DisposeAsync();
    }

    private bool TryGrow()
    {
        if (closing.IsCancellationRequested)
            return false;
        int known;
        do
        {
            known = Open;
            if (known >= options.PoolMax)
                return false;
        } while (Interlocked.CompareExchange(ref open, known + 1, known) != known);
        _ = GrowAsync();
        return true;
    }

    private async Task GrowAsync()
    {
        try
        {
            Return(await ConnectAsync(closing.Token));
            lastFailure = null;
        }
        catch (Exception failure)
        {
            lastFailure = failure;
            Interlocked.Decrement(ref open);
        }
    }

    private async Task<RedisConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(ConnectPatience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        return await RedisConnection.OpenAsync(Address, both.Token);
    }
}
