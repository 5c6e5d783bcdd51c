using System.Data.Common;
using System.Text;
using Fairlead.Server.Caching.Redis;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fairlead.Server.Caching.Levels;

/// <summary>Tells the other nodes what is no longer true, so that it goes from their memories, too (P-48).</summary>
internal interface ICacheBus
{
    /// <summary>Tells; never throws: a failure is logged. Not to be waited for longer than a call may take.</summary>
    Task PublishAsync(IReadOnlyList<RemovalOf> removals);

    /// <summary>
    /// Hears until the connection is lost (throws) or cancelled. <paramref name="begun"/> is called when it begins to
    /// hear: what was told before is missed.
    /// </summary>
    Task ListenAsync(Action begun, Action<RemovalOf> heard, CancellationToken cancellationToken);
}

/// <summary>One removal as text: sender, kind, name.</summary>
internal sealed class CacheNotice(TimeProvider time)
{
    private readonly string node = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");

    public string Write(RemovalOf removal) => $"{node}\n{(int)removal.Kind}\n{removal.Name}";

    /// <summary>Null for our own and for what is none.</summary>
    public RemovalOf? Read(string text) =>
        text.Split('\n', 3) is [var sender, [var kind and >= '0' and <= '2'], var name] && sender != node
            ? new((RemovalKind)(kind - '0'), name)
            : null;
}

/// <summary>Over Redis publish and subscribe.</summary>
internal sealed class RedisCacheBus(RedisLevel level, RedisClient client, CacheNotice notice) : ICacheBus
{
    private const string Channel = "fairlead:cache";

    public Task PublishAsync(IReadOnlyList<RemovalOf> removals) =>
        level.PublishAsync(Channel, removals.Select(notice.Write));

    public Task ListenAsync(Action begun, Action<RemovalOf> heard, CancellationToken cancellationToken) =>
        client.ListenAsync(
            Channel,
            begun,
            bytes =>
            {
                if (notice.Read(Encoding.UTF8.GetString(bytes.Span)) is { } removal)
                    heard(removal);
            },
            cancellationToken
        );
}

/// <summary>Over NOTIFY of the store that all nodes share, where there is no Redis.</summary>
internal sealed partial class PostgresCacheBus(
    IStoreEngine engine,
    CacheNotice notice,
    TimeProvider time,
    ILogger<PostgresCacheBus> logger
) : ICacheBus
{
    private const string Channel = "fairlead_cache";

    // A payload of NOTIFY is less than 8000 bytes.
    private const int MaxBytes = 7900;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task PublishAsync(IReadOnlyList<RemovalOf> removals)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience, time);
            await using DbConnection connection = await engine.OpenAsync(patience.Token);
            foreach (var removal in removals)
            {
                var text = notice.Write(removal);
                if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
                    text = notice.Write(new(RemovalKind.Prefix, ""));
                await using DbCommand command = connection.CreateCommand();
                command.CommandText = $"SELECT pg_notify('{Channel}', @text)";
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = ("text", text);
                command.Parameters.Add(parameter);
                await command.ExecuteNonQueryAsync(patience.Token);
            }
        }
        catch (Exception failure)
        {
            LogUntold(failure);
        }
    }

    public async Task ListenAsync(Action begun, Action<RemovalOf> heard, CancellationToken cancellationToken)
    {
        await using var opened = await engine.OpenAsync(cancellationToken);
        var connection = (NpgsqlConnection)opened;
        connection.Notification += (_, told) =>
        {
            if (told.Channel == Channel && notice.Read(told.Payload) is { } removal)
                heard(removal);
        };
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = $"LISTEN {Channel}";
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        begun();
        while (true)
            await connection.WaitAsync(cancellationToken);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Other nodes were not told what to forget; their memories end by themselves"
    )]
    private partial void LogUntold(Exception failure);
}
