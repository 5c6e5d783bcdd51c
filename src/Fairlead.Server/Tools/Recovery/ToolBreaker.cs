namespace Fairlead.Server.Tools.Recovery;

/// <summary>Where a breaker is (C-09).</summary>
internal enum BreakerState
{
    /// <summary>Calls go.</summary>
    Closed,

    /// <summary>Calls fail at once.</summary>
    Open,

    /// <summary>A few calls go, to see whether it is mended.</summary>
    HalfOpen,
}

/// <summary>A service's tool, whatever groups call it.</summary>
internal readonly record struct ToolKey(string Service, string Tool);

/// <summary>What a breaker shows of itself .</summary>
internal sealed record BreakerFacts(
    ToolKey Key,
    BreakerState State,
    DateTimeOffset? OpenedAt,
    int FailureCount,
    TimeSpan Pause,
    TimeSpan Left,
    int Probes,
    int ProbesGood
);

/// <summary>The breaker of a tool that failed too often; there is none for one that did not.</summary>
internal sealed class ToolBreaker(ToolKey key, int failures, ToolRecoveryOptions options, TimeProvider time)
{
    private readonly Lock gate = new();
    private BreakerState state = BreakerState.Open;
    private DateTimeOffset openedAt = time.GetUtcNow();
    private long opened = time.GetTimestamp();
    private TimeSpan pause = options.BreakerPause;
    private int started;
    private int good;
    private int bad;

    public ToolKey Key => key;

    public BreakerFacts Facts
    {
        get
        {
            lock (gate)
                return new(key, state, openedAt, failures, pause, Left, started, good);
        }
    }

    private TimeSpan Left =>
        state == BreakerState.Open && pause - time.GetElapsedTime(opened) is var left && left > TimeSpan.Zero
            ? left
            : TimeSpan.Zero;

    /// <summary>Whether a call may go as a probe, and else how long to wait.</summary>
    public bool TryProbe(out TimeSpan wait)
    {
        lock (gate)
        {
            wait = Left;
            if (wait > TimeSpan.Zero)
                return false;
            if (state == BreakerState.Open)
                (state, started, good, bad) = (BreakerState.HalfOpen, 0, 0, 0);
            if (started < options.BreakerProbes)
            {
                started++;
                return true;
            }
            wait = TimeSpan.FromSeconds(1);
            return false;
        }
    }

    /// <summary>How a probe went, null when it tells nothing; true once the breaker may go.</summary>
    public bool Report(bool? success)
    {
        lock (gate)
        {
            if (state != BreakerState.HalfOpen)
                return false;
            switch (success)
            {
                case null:
                    started--;
                    return false;
                case true:
                    good++;
                    break;
                default:
                    bad++;
                    break;
            }
            // Decided as soon as the probes that are still out cannot change it.
            var needed = (int)Math.Ceiling((options.BreakerSuccess * options.BreakerProbes) - 1e-9);
            if (good >= needed)
                return true;
            if (bad > options.BreakerProbes - needed)
            {
                state = BreakerState.Open;
                openedAt = time.GetUtcNow();
                opened = time.GetTimestamp();
                pause = pause * 2 > options.BreakerLongestPause ? options.BreakerLongestPause : pause * 2;
            }
            return false;
        }
    }
}
