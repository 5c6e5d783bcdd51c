namespace Fairlead.Server.Services;

/// <summary>
/// How many calls one service has at once. While there is room, entering and leaving is one interlocked operation each;
/// when there is none, calls wait in order for a short while, and above that they are turned away at once.
/// </summary>
internal sealed class CallGate
{
    private readonly Lock gate = new();
    private readonly LinkedList<TaskCompletionSource<bool>> queue = new();
    private int running;
    private int waiting;

    /// <summary>Calls inside now.</summary>
    public int Running => Volatile.Read(ref running);

    /// <summary>Calls that wait.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>Enters; false when there was no room in time. Whoever got in must <see cref="Leave"/>.</summary>
    /// <param name="limit">Calls at once.</param>
    /// <param name="most">Calls that may wait.</param>
    /// <param name="patience">How long one waits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives the place up.</param>
    public ValueTask<bool> EnterAsync(
        int limit,
        int most,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellationToken
    ) =>
        // Nobody is passed by: with a queue the newcomer goes to its end.
        Waiting == 0
        && TryEnter(limit)
            ? new(true)
            : new(QueueAsync(limit, most, patience, time, cancellationToken));

    /// <summary>One call is over.</summary>
    /// <param name="limit">Calls at once.</param>
    public void Leave(int limit)
    {
        // A full fence: whoever queues after this sees the room, and whoever queued before is seen below.
        Interlocked.Decrement(ref running);
        if (Waiting > 0)
            Admit(limit);
    }

    private bool TryEnter(int limit)
    {
        var seen = Volatile.Read(ref running);
        while (seen < limit)
        {
            var was = Interlocked.CompareExchange(ref running, seen + 1, seen);
            if (was == seen)
                return true;
            seen = was;
        }
        return false;
    }

    private async Task<bool> QueueAsync(
        int limit,
        int most,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var turn = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (waiting >= most)
                return false;
            queue.AddLast(turn);
            Interlocked.Increment(ref waiting);
        }
        // The last one may have left between the first look and the queue.
        Admit(limit);
        using var limited = new CancellationTokenSource(patience, time);
        using var late = limited.Token.UnsafeRegister(_ => Withdraw(turn), null);
        using var gone = cancellationToken.UnsafeRegister(_ => Withdraw(turn), null);
        var entered = await turn.Task;
        if (!entered || !cancellationToken.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return entered;
        }
        Leave(limit);
        throw new OperationCanceledException(cancellationToken);
    }

    private void Admit(int limit)
    {
        lock (gate)
        {
            while (queue.First is { } first && TryEnter(limit))
            {
                queue.RemoveFirst();
                Interlocked.Decrement(ref waiting);
                first.Value.TrySetResult(true);
            }
        }
    }

    private void Withdraw(TaskCompletionSource<bool> turn)
    {
        lock (gate)
        {
            if (!queue.Remove(turn))
                return;
            Interlocked.Decrement(ref waiting);
        }
        turn.TrySetResult(false);
    }
}
