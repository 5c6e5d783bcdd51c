using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tools.Executions;

/// <summary>
/// Whose turn it is: at most so many at once, no two that need the same resource, the highest priority first. Driven by
/// events alone: nothing runs while nobody waits, and what waited for a resource starts the moment it is free.
/// </summary>
internal sealed partial class Turns(DynamicPool pool, TimeSpan ageing, TimeProvider time, ILogger<Turns> logger)
{
    private const int MostFaults = 3;
    private static readonly TimeSpan FaultPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShrinkEvery = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private readonly SortedSet<Waiter> waiting = new(Waiter.Order);
    private readonly HashSet<string> held = new(StringComparer.Ordinal);
    private readonly long ageTicks = (long)(ageing.TotalSeconds * time.TimestampFrequency);
    private long sequence;
    private long shrunk = time.GetTimestamp();
    private int running;

    public int Waiting
    {
        get
        {
            lock (gate)
                return waiting.Count;
        }
    }

    public int Running => Volatile.Read(ref running);

    /// <summary>How many may run at once now.</summary>
    public int Size => pool.Size;

    /// <summary>Resources in use.</summary>
    public int Held
    {
        get
        {
            lock (gate)
                return held.Count;
        }
    }

    /// <summary>Waits for a turn; dispose it when the work is done.</summary>
    /// <param name="priority">Higher goes first.</param>
    /// <param name="since">Since when it waits: each <c>ageing</c> counts as one step of priority .</param>
    /// <param name="resources">What it needs for itself alone; asked when it could start.</param>
    /// <param name="cancellationToken">Gives the place up.</param>
    public async Task<Turn> TakeAsync(
        int priority,
        long since,
        Func<IReadOnlyList<string>> resources,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        // All grow older at the same pace, so the order never changes while they wait.
        var waiter = new Waiter(since - (priority * ageTicks), Interlocked.Increment(ref sequence), resources);
        lock (gate)
            waiting.Add(waiter);
        await using var given = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var (self, waiter) = ((Turns, Waiter))state!;
                lock (self.gate)
                    self.waiting.Remove(waiter);
                waiter.Start.TrySetCanceled(token);
            },
            (this, waiter)
        );
        Pump();
        return await waiter.Start.Task;
    }

    private void Pump()
    {
        lock (gate)
        {
            List<Waiter>? gone = null;
            foreach (var waiter in waiting)
            {
                while (running >= pool.Size && pool.Adjust((double)running / pool.Size)) { }
                if (running >= pool.Size)
                    break;
                if (waiter.IsPaused || Needs(waiter) is not { } needs)
                    continue;
                if (needs.Any(held.Contains))
                    continue;
                (gone ??= []).Add(waiter);
                if (waiter.Fault is { } fault)
                {
                    waiter.Start.TrySetException(fault);
                    continue;
                }
                held.UnionWith(needs);
                running++;
                if (!waiter.Start.TrySetResult(new Turn(this, needs)))
                    Free(needs);
            }
            gone?.ForEach(w => waiting.Remove(w));
        }
    }

    // Null while it cannot be told: one whose rule fails holds up nobody else, and is asked again after a second.
    private IReadOnlyList<string>? Needs(Waiter waiter)
    {
        try
        {
            return waiter.Needs ??= waiter.Resources();
        }
        catch (Exception e)
        {
            RuleFailed(logger, e);
            if (++waiter.Faults >= MostFaults)
            {
                waiter.Fault = e;
                return waiter.Needs = [];
            }
            waiter.IsPaused = true;
            _ = ResumeAsync(waiter);
            return null;
        }
    }

    private async Task ResumeAsync(Waiter waiter)
    {
        await Task.Delay(FaultPause, time, CancellationToken.None);
        lock (gate)
            waiter.IsPaused = false;
        Pump();
    }

    private void Free(IReadOnlyList<string> resources)
    {
        running--;
        held.ExceptWith(resources);
    }

    private void End(Turn turn, bool slot, bool resources)
    {
        lock (gate)
        {
            if (slot)
                running--;
            if (resources)
                held.ExceptWith(turn.Resources);
            // Not at each quiet moment: a pool that follows every pause would never be warm.
            if (slot && time.GetElapsedTime(shrunk) >= ShrinkEvery)
            {
                shrunk = time.GetTimestamp();
                if ((double)running / pool.Size < DynamicPool.Low)
                    pool.Adjust((double)running / pool.Size);
            }
        }
        Pump();
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "The rule that names the resources of a tool failed; its execution waits a second"
    )]
    private static partial void RuleFailed(ILogger logger, Exception exception);

    /// <summary>A place among those that run, and the resources that go with it.</summary>
    internal sealed class Turn(Turns turns, IReadOnlyList<string> resources) : IDisposable
    {
        private bool slotGone;
        private bool gone;

        public IReadOnlyList<string> Resources => resources;

        /// <summary>Gives the place back and keeps the resources: what used them has not ended.</summary>
        public void Step()
        {
            if (Interlocked.Exchange(ref slotGone, true))
                return;
            turns.End(this, slot: true, resources: false);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref gone, true))
                return;
            turns.End(this, slot: !Interlocked.Exchange(ref slotGone, true), resources: true);
        }
    }

    private sealed class Waiter(long rank, long sequence, Func<IReadOnlyList<string>> resources)
    {
        public static readonly IComparer<Waiter> Order = Comparer<Waiter>.Create(
            static (a, b) => a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : a.Sequence.CompareTo(b.Sequence)
        );

        public long Rank { get; } = rank;
        public long Sequence { get; } = sequence;
        public Func<IReadOnlyList<string>> Resources { get; } = resources;
        public IReadOnlyList<string>? Needs { get; set; }
        public int Faults { get; set; }
        public Exception? Fault { get; set; }
        public bool IsPaused { get; set; }
        public TaskCompletionSource<Turn> Start { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
