using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Services.Channels;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools.Recovery;

/// <summary>What a call says of its tool.</summary>
/// <param name="IsGood">Whether it works.</param>
/// <param name="Cause">What several calls failed of together counts once: the same number, not 0.</param>
internal readonly record struct ToolVerdict(bool IsGood, int Cause = 0)
{
    public static readonly ToolVerdict Good = new(true);
    public static readonly ToolVerdict Bad = new(false);
}

/// <summary>
/// The breakers of all tools (R-42, C-09). Among the last 100 failures of all tools, more than 10 of one within 300 s
/// open its breaker. While none is open a call costs one read.
/// </summary>
internal sealed partial class Breakers(ToolRecoveryOptions options, TimeProvider time, ILogger<Breakers> logger)
{
    private readonly ConcurrentDictionary<ToolKey, ToolBreaker> open = new();
    private readonly Lock gate = new();
    private readonly LinkedList<(ToolKey Tool, long At, int Cause)> failures = new();

    // Not the dictionary's own count, which takes all its locks.
    private int opened;

    /// <summary>Whether a call may go.</summary>
    /// <param name="route">Where to.</param>
    /// <param name="probed">The breaker whose probe it is; to be given back with <see cref="Report"/>.</param>
    /// <param name="wait">When it may not: how long to wait.</param>
    public bool TryEnter(ItemRoute route, out ToolBreaker? probed, out TimeSpan wait)
    {
        probed = null;
        wait = TimeSpan.Zero;
        if (Volatile.Read(ref opened) == 0 || !open.TryGetValue(KeyOf(route), out var breaker))
            return true;
        if (!breaker.TryProbe(out wait))
            return false;
        probed = breaker;
        return true;
    }

    /// <summary>How a call that went in has ended.</summary>
    public void Report(ItemRoute route, ToolBreaker? probed, ToolVerdict? verdict)
    {
        if (probed is not null)
        {
            if (probed.Report(verdict?.IsGood))
                Close(probed.Key);
            return;
        }
        if (verdict is { IsGood: false } bad && options.Breakers)
            Fail(KeyOf(route), bad.Cause);
    }

    /// <summary>
    /// What an answer says of its tool. A service that is not there says nothing: that is the service's breaker's
    /// business (S-14), and one crash is one failure, however many calls it ended.
    /// </summary>
    public ToolVerdict? Judge(ChannelReply reply, in Answer answer, IChannel channel) =>
        reply.Kind switch
        {
            ChannelReplyKind.Failed => reply.Failure switch
            {
                ChannelFailure.NotConnected => null,
                ChannelFailure.Crashed => reply.Dispatched
                    ? new ToolVerdict(false, RuntimeHelpers.GetHashCode(channel) | 1)
                    : null,
                _ => ToolVerdict.Bad,
            },
            ChannelReplyKind.Error => answer.Code == McpErrorCode.InternalError ? ToolVerdict.Bad : ToolVerdict.Good,
            // Who asks too often says nothing about the tool.
            _ when reply.Permit is { IsGiven: false } => null,
            _ => answer.ToolFailed && (options.BreakerCountsToolErrors || reply.Threw)
                ? ToolVerdict.Bad
                : ToolVerdict.Good,
        };

    /// <summary>All breakers that are not closed, and tools whose failures are counted.</summary>
    public IReadOnlyList<BreakerFacts> All
    {
        get
        {
            lock (gate)
            {
                var recent = failures.Where(IsRecent).CountBy(f => f.Tool);
                return
                [
                    .. open.Values.Select(b => b.Facts),
                    .. recent
                        .Where(f => !open.ContainsKey(f.Key))
                        .Select(f => new BreakerFacts(
                            f.Key,
                            BreakerState.Closed,
                            null,
                            f.Value,
                            options.BreakerPause,
                            TimeSpan.Zero,
                            0,
                            0
                        )),
                ];
            }
        }
    }

    /// <summary>Closes a tool's breaker and forgets its failures; false when there was neither.</summary>
    public bool Reset(ToolKey tool)
    {
        var known = All.Any(f => f.Key == tool);
        Close(tool);
        return known;
    }

    private void Fail(ToolKey tool, int cause)
    {
        int count;
        lock (gate)
        {
            if (cause != 0 && failures.Any(f => f.Tool == tool && f.Cause == cause))
                return;
            failures.AddLast((tool, time.GetTimestamp(), cause));
            if (failures.Count > options.BreakerMemory)
                failures.RemoveFirst();
            count = failures.Count(f => f.Tool == tool && IsRecent(f));
            if (count <= options.BreakerFailures || !open.TryAdd(tool, new ToolBreaker(tool, count, options, time)))
                return;
            Interlocked.Increment(ref opened);
        }
        LogOpened(logger, tool.Tool, tool.Service, count, options.BreakerWindow.TotalSeconds);
    }

    private void Close(ToolKey tool)
    {
        lock (gate)
        {
            for (var node = failures.First; node is not null; )
            {
                var next = node.Next;
                if (node.Value.Tool == tool)
                    failures.Remove(node);
                node = next;
            }
            if (!open.TryRemove(tool, out _))
                return;
            Interlocked.Decrement(ref opened);
        }
        LogClosed(logger, tool.Tool, tool.Service);
    }

    private bool IsRecent((ToolKey Tool, long At, int Cause) failure) =>
        time.GetElapsedTime(failure.At) <= options.BreakerWindow;

    private static ToolKey KeyOf(ItemRoute route) => new(route.Slot.Id.Value, route.UpstreamName);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The breaker of tool {Tool} of service {Service} opened: {Count} failures within {Seconds} s"
    )]
    private static partial void LogOpened(ILogger logger, string tool, string service, int count, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "The breaker of tool {Tool} of service {Service} closed")]
    private static partial void LogClosed(ILogger logger, string tool, string service);
}
