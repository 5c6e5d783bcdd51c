using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Fairlead.Server.Caching.Redis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Hosting.Limits;

/// <summary>
/// All limits by caller, and what lets several nodes keep them together where there is a Redis. Each node counts in its own
/// memory, so that no call waits, and tells the others over publish and subscribe what it let through since it last did.
/// Too much is let through at most as is asked of different nodes between two tellings. A node that does not hear itself
/// does not hear the others either: it then gives its part of each limit only (security.md section 5).
/// </summary>
internal sealed partial class SharedLimits(
    LimitsOptions options,
    TimeProvider time,
    ILogger<SharedLimits> logger,
    RedisClient? redis = null
) : BackgroundService
{
    private const string Channel = "fairlead:limits";
    private const int LinesPerMessage = 500;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Deaf = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Gone = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly string node = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
    private readonly ConcurrentDictionary<string, AllowanceTable> tables = new();
    private readonly ConcurrentDictionary<string, long> heardOf = new();
    private readonly ConcurrentQueue<(AllowanceTable Table, string Key, Allowance Allowance)> untold = new();
    private long? told;
    private int nodes = 1;
    private volatile int parts = 1;

    /// <summary>Into how many parts limits are cut now: 1, or the number of nodes last known while they cannot be heard.</summary>
    public int Parts => parts;

    /// <summary>Nodes that keep the limits together, this one among them.</summary>
    public int Nodes => nodes;

    /// <summary>A limit of this name; the same one for who asks again.</summary>
    /// <param name="name">Its name, the same on all nodes.</param>
    /// <param name="make">Makes a caller's allowance, at a time.</param>
    public AllowanceTable Limit(string name, Func<string, long, Allowance> make) =>
        tables.GetOrAdd(name, n => new AllowanceTable(n, make, options.MaxCallers));

    /// <summary>Takes one of a caller's allowance.</summary>
    public Permit Take(AllowanceTable table, string key)
    {
        var now = time.GetTimestamp();
        var allowance = table.Of(key, now);
        var permit = allowance.Take(now, parts);
        if (permit.IsGiven && redis is not null && allowance.Note())
            untold.Enqueue((table, key, allowance));
        return permit;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (redis is null)
            return;
        var listening = ListenAsync(redis, stoppingToken);
        using var timer = new PeriodicTimer(options.ShareEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TellAsync(redis, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await listening;
        }
    }

    private async Task TellAsync(RedisClient to, CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        Judge(now);
        if (untold.IsEmpty && told is { } before && time.GetElapsedTime(before, now) < Beat)
            return;
        told = now;
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await to.ExecuteAsync(Messages(), both.Token);
        }
        catch (Exception failure) when (failure is RedisException or OperationCanceledException)
        {
            // Not told again later: it would count for longer than it should. Who is not heard gives its part only.
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private RedisPipeline Messages()
    {
        var commands = new RedisPipeline();
        // What comes in meanwhile goes with the next.
        var left = untold.Count;
        do
        {
            var text = new StringBuilder(node);
            for (var i = 0; i < LinesPerMessage && left > 0 && untold.TryDequeue(out var one); i++, left--)
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"\n{one.Allowance.TakeUntold()} {one.Table.Name} {Uri.EscapeDataString(one.Key)}"
                );
            commands.Add("PUBLISH", Channel, text.ToString());
        } while (left > 0 && !untold.IsEmpty);
        return commands;
    }

    private void Hear(ReadOnlyMemory<byte> message)
    {
        var lines = Encoding.UTF8.GetString(message.Span).Split('\n');
        var now = time.GetTimestamp();
        heardOf[lines[0]] = now;
        if (lines[0] == node)
            return;
        foreach (var line in lines.AsSpan(1))
        {
            // A limit that only another version has is not ours to keep.
            if (
                line.Split(' ') is [var number, var name, var key]
                && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && count > 0
                && tables.TryGetValue(name, out var table)
            )
                table.Of(Uri.UnescapeDataString(key), now).Spend(count, now);
        }
    }

    private void Judge(long now)
    {
        var hears = heardOf.TryGetValue(node, out var self) && time.GetElapsedTime(self, now) < Deaf;
        if (hears)
        {
            foreach (var (other, at) in heardOf)
                if (time.GetElapsedTime(at, now) > Gone)
                    heardOf.TryRemove(other, out _);
            nodes = heardOf.Count;
        }
        var next = hears ? 1 : nodes;
        if (next == parts)
            return;
        parts = next;
        if (next > 1)
            LogAlone(next);
        else
            LogTogether(nodes);
    }

    private async Task ListenAsync(RedisClient from, CancellationToken cancellationToken)
    {
        string? last = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await from.ListenAsync(Channel, () => last = null, Hear, cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                // Once for each cause, not at every try.
                if (last != failure.Message)
                    LogDeaf(failure.Message);
                last = failure.Message;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(Beat, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "What other nodes let through is not heard: each keeps 1/{Parts} of every limit"
    )]
    private partial void LogAlone(int parts);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Nodes} nodes keep the limits together")]
    private partial void LogTogether(int nodes);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Limits are not heard: {Problem}")]
    private partial void LogDeaf(string problem);
}
