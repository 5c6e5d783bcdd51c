namespace Fairlead.Testing;

/// <summary>
/// A clock that stands still until the test moves it. Timers fire on <see cref="Advance"/>, on the caller's thread, in
/// the order they are due and with the clock standing at their due time, so a run is the same every time.
/// </summary>
public sealed class FakeTimeProvider(DateTimeOffset? start = null) : TimeProvider
{
    /// <summary>Where the clock starts unless told otherwise.</summary>
    public static readonly DateTimeOffset DefaultStart = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock gate = new();
    private readonly List<FakeTimer> timers = [];
    private DateTimeOffset wall = start ?? DefaultStart;
    private TimeSpan monotonic;
    private long order;
    private int fired;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Timers that are set and not yet fired: lets a test see that the code under test is waiting.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (gate)
                return timers.Count;
        }
    }

    /// <summary>Timers that fired so far.</summary>
    public int Fired => Volatile.Read(ref fired);

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return wall;
    }

    public override long GetTimestamp()
    {
        lock (gate)
            return monotonic.Ticks;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves both clocks on by <paramref name="by"/>, firing every timer that falls due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan target;
        lock (gate)
            target = monotonic + by;
        while (NextDue(target) is { } timer)
        {
            Interlocked.Increment(ref fired);
            timer.Fire();
        }
    }

    /// <summary>Moves the wall clock alone, as an operator or NTP does; timers and timestamps do not notice.</summary>
    public void JumpWallClock(TimeSpan by)
    {
        lock (gate)
            wall += by;
    }

    private FakeTimer? NextDue(TimeSpan target)
    {
        lock (gate)
        {
            var next = timers.Where(t => t.Due <= target).OrderBy(t => t.Due).ThenBy(t => t.Order).FirstOrDefault();
            MoveTo(next is null ? target : next.Due);
            next?.Rearm(order++);
            return next;
        }
    }

    private void MoveTo(TimeSpan point)
    {
        if (point <= monotonic)
            return;
        wall += point - monotonic;
        monotonic = point;
    }

    private sealed class FakeTimer(FakeTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan period = Timeout.InfiniteTimeSpan;
        private bool disposed;

        public TimeSpan Due { get; private set; }
        public long Order { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                if (disposed)
                    return false;
                clock.timers.Remove(this);
                this.period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                Due = clock.monotonic + dueTime;
                Order = clock.order++;
                clock.timers.Add(this);
            }
            return true;
        }

        // Called with the gate held, before the callback runs, so that a callback may change or dispose its own timer.
        public void Rearm(long order)
        {
            if (period == Timeout.InfiniteTimeSpan || period == TimeSpan.Zero)
            {
                clock.timers.Remove(this);
                return;
            }
            Due = clock.monotonic + period;
            Order = order;
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock.gate)
            {
                disposed = true;
                clock.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
