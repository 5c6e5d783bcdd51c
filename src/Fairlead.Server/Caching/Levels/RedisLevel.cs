using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using Fairlead.Server.Caching.Redis;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Caching.Levels;

/// <summary>
/// The shared level: raw values in Redis under <c>cache:</c>. Nothing here throws or takes longer than it is given
/// (P-45): after some failures Redis is left alone until it answers a probe, which no call has to wait for. What was to be
/// deleted meanwhile is deleted before it is believed again.
/// </summary>
internal sealed partial class RedisLevel(
    RedisClient client,
    CachingOptions options,
    TimeProvider time,
    ILogger<RedisLevel> logger
)
{
    public const string Prefix = "cache:";
    private const string TagPrefix = "cachetag:";
    private const int MaxPending = 10_000;
    private const int ScanCount = 500;
    private readonly ConcurrentQueue<RemovalOf> pending = new();
    private readonly Lock gate = new();
    private ImmutableArray<string> removing = [];
    private int failures;
    private volatile bool isAway;

    /// <summary>Left alone after failures.</summary>
    public bool IsAway => isAway;

    /// <summary>The value and what is left of its life (null: for ever); null where there is none or Redis fails.</summary>
    public async ValueTask<(ReadOnlyMemory<byte> Value, TimeSpan? Left)?> GetAsync(string key, TimeSpan budget) =>
        (await GetManyAsync([key], budget))[0];

    /// <summary>The same for several in one trip.</summary>
    public async ValueTask<(ReadOnlyMemory<byte> Value, TimeSpan? Left)?[]> GetManyAsync(
        IReadOnlyList<string> keys,
        TimeSpan budget
    )
    {
        var found = new (ReadOnlyMemory<byte>, TimeSpan?)?[keys.Count];
        if (isAway || keys.Count == 0)
            return found;
        var commands = new RedisPipeline();
        foreach (var key in keys)
            commands.Add("GET", Prefix + key).Add("PTTL", Prefix + key);
        if (await TryAsync("read", token => client.ExecuteAsync(commands, token), budget) is not { } replies)
            return found;
        for (var i = 0; i < found.Length; i++)
        {
            // A removal by prefix may still be under way; what it has not reached yet is gone for readers.
            var left = replies[2 * i + 1].Number;
            if (replies[2 * i].Bytes is { } value && left != -2 && !IsRemoving(keys[i]))
                found[i] = (value, left < 0 ? null : TimeSpan.FromMilliseconds(left));
        }
        return found;
    }

    public async ValueTask SetAsync(
        string key,
        ReadOnlyMemory<byte> value,
        TimeSpan ttl,
        IReadOnlyList<string> tags,
        TimeSpan budget
    )
    {
        if (isAway || budget <= TimeSpan.Zero)
            return;
        var milliseconds = Math.Max(1, (long)ttl.TotalMilliseconds);
        var commands = new RedisPipeline().Add("SET", Prefix + key, value, "PX", milliseconds);
        foreach (var tag in tags)
        {
            // The set lives as long as the longest of its members.
            commands.Add("SADD", TagPrefix + tag, key);
            commands.Add("PEXPIRE", TagPrefix + tag, milliseconds, "NX");
            commands.Add("PEXPIRE", TagPrefix + tag, milliseconds, "GT");
        }
        // One that did not surely arrive may arrive late and bring an older value back.
        if (await TryAsync("write", token => client.ExecuteAsync(commands, token), budget) is null)
            Postpone(new(RemovalKind.Key, key));
    }

    /// <summary>Removes, and goes on removing after the budget; returns the keys that are known to be gone.</summary>
    public async ValueTask<IReadOnlyList<string>> RemoveAsync(RemovalOf removal, TimeSpan budget)
    {
        if (isAway)
        {
            Postpone(removal);
            return [];
        }
        var guard = removal.Kind is RemovalKind.Prefix;
        if (guard)
            ImmutableInterlocked.Update(ref removing, static (all, one) => all.Add(one), removal.Name);
        var work = WorkAsync();
        try
        {
            return await work.WaitAsync(budget, time);
        }
        catch (TimeoutException)
        {
            return [];
        }

        async Task<IReadOnlyList<string>> WorkAsync()
        {
            try
            {
                var patience = removal.Kind is RemovalKind.Key ? budget : TimeSpan.FromSeconds(30);
                if (await TryAsync("delete", token => EraseAsync(removal, token), patience) is { } gone)
                    return gone;
                Postpone(removal);
                return [];
            }
            finally
            {
                if (guard)
                    ImmutableInterlocked.Update(ref removing, static (all, one) => all.Remove(one), removal.Name);
            }
        }
    }

    /// <summary>Tells other nodes; a failure is logged.</summary>
    public async Task PublishAsync(string channel, IEnumerable<string> notices)
    {
        if (isAway)
            return;
        var commands = new RedisPipeline();
        foreach (var notice in notices)
            commands.Add("PUBLISH", channel, notice);
        await TryAsync("publish", token => client.ExecuteAsync(commands, token), options.L2Budget);
    }

    /// <summary>One look after Redis: keeps the pool, and lets it back in when it answers and what was postponed is done.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        await client.KeepAsync();
        if (!isAway)
            return;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            // As quick as calls need it, or it stays away.
            await client.ExecuteAsync(["PING"], both.Token).WaitAsync(options.L2Budget, time, cancellationToken);
            while (pending.TryPeek(out var removal))
            {
                await EraseAsync(removal, both.Token);
                pending.TryDequeue(out _);
            }
            await client.ExecuteAsync(["SET", RedisClient.StatusKey, "running"], both.Token);
            lock (gate)
            {
                // One that came in between has seen it away and waits for the next look.
                if (!pending.IsEmpty)
                    return;
                (isAway, failures) = (false, 0);
            }
            LogBack(client.Address);
        }
        catch (Exception failure) when (failure is RedisException or OperationCanceledException or TimeoutException)
        {
            // Still away.
        }
    }

    private async Task<T?> TryAsync<T>(string what, Func<CancellationToken, Task<T>> work, TimeSpan budget)
        where T : class
    {
        using var cut = new CancellationTokenSource(budget, time);
        try
        {
            var done = await work(cut.Token);
            Volatile.Write(ref failures, 0);
            return done;
        }
        catch (Exception failure) when (failure is RedisException or OperationCanceledException)
        {
            LogFailed(what, client.Address, failure.Message);
            if (Interlocked.Increment(ref failures) >= options.L2Failures)
                LeaveAlone();
            return null;
        }
    }

    private async Task<IReadOnlyList<string>> EraseAsync(RemovalOf removal, CancellationToken cancellationToken)
    {
        switch (removal.Kind)
        {
            case RemovalKind.Key:
                await client.ExecuteAsync(["DEL", Prefix + removal.Name], cancellationToken);
                return [removal.Name];
            case RemovalKind.Tag:
                var members = await client.ExecuteAsync(["SMEMBERS", TagPrefix + removal.Name], cancellationToken);
                string[] keys = [.. (members.Items ?? []).Select(m => m.Text!)];
                foreach (var some in keys.Chunk(ScanCount))
                    await UnlinkAsync([.. some.Select(k => Prefix + k)], cancellationToken);
                await client.ExecuteAsync(["DEL", TagPrefix + removal.Name], cancellationToken);
                return keys;
            default:
                await ScanAsync(Prefix + removal.Name, cancellationToken);
                if (removal.Name.Length == 0)
                    await ScanAsync(TagPrefix, cancellationToken);
                return [];
        }
    }

    // SCAN and not KEYS, which would stop Redis for all while it looks (P-49).
    private async Task ScanAsync(string prefix, CancellationToken cancellationToken)
    {
        var cursor = "0";
        do
        {
            var page = await client.ExecuteAsync(
                ["SCAN", cursor, "MATCH", Glob(prefix) + "*", "COUNT", ScanCount],
                cancellationToken
            );
            if (page.Items is not [{ Text: { } next }, { Items: { } found }])
                throw new RedisException("The answer to SCAN is not understood.");
            cursor = next;
            await UnlinkAsync([.. found.Select(k => k.Text!)], cancellationToken);
        } while (cursor != "0");
    }

    private async Task UnlinkAsync(string[] keys, CancellationToken cancellationToken)
    {
        if (keys.Length > 0)
            await client.ExecuteAsync(["UNLINK", .. keys.Select(k => (RedisArgument)k)], cancellationToken);
    }

    private static string Glob(string prefix)
    {
        var text = new StringBuilder(prefix.Length);
        foreach (var c in prefix)
            text.Append(c is '*' or '?' or '[' or ']' or '\\' ? "\\" : "").Append(c);
        return text.ToString();
    }

    private bool IsRemoving(string key)
    {
        foreach (var prefix in removing)
            if (key.StartsWith(prefix, StringComparison.Ordinal))
                return true;
        return false;
    }

    // What may not come back is worth more than the level: it is left alone at once.
    private void Postpone(RemovalOf removal)
    {
        lock (gate)
        {
            if (pending.Count >= MaxPending)
            {
                pending.Clear();
                removal = new(RemovalKind.Prefix, "");
            }
            pending.Enqueue(removal);
            LeaveAlone();
        }
    }

    /// <summary>Not used until it answers a probe.</summary>
    public void LeaveAlone()
    {
        lock (gate)
        {
            if (isAway)
                return;
            isAway = true;
        }
        LogLost(client.Address);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis {Address} failed at {What}: {Problem}; the call goes on")]
    private partial void LogFailed(string what, RedisAddress address, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis {Address} is left alone until it answers again")]
    private partial void LogLost(RedisAddress address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis {Address} is back")]
    private partial void LogBack(RedisAddress address);
}

/// <summary>By what entries are removed.</summary>
internal enum RemovalKind
{
    Key,
    Prefix,
    Tag,
}

/// <summary>Entries to remove; the empty prefix means all.</summary>
internal readonly record struct RemovalOf(RemovalKind Kind, string Name);
