namespace Fairlead.Server.Services;

/// <summary>
/// The last items of something that goes on, in memory and bounded, for readers who follow it: who reads more slowly than
/// it is written misses the oldest.
/// </summary>
/// <param name="time">Where ids begin.</param>
/// <param name="most">Items kept.</param>
/// <param name="mostWeight">Weight kept, all items together; the last is always kept.</param>
/// <param name="weigh">What an item weighs; null: nothing.</param>
internal sealed class FollowedList<T>(
    TimeProvider time,
    int most,
    int mostWeight = int.MaxValue,
    Func<T, int>? weigh = null
)
    where T : class
{
    private readonly Lock gate = new();
    private readonly Queue<(long Id, T Item)> items = new();

    // Begins with the time, so that a reader who comes back after a restart is not taken to be ahead.
    private long last = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
    private int weight;
    private TaskCompletionSource added = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Adds an item.</summary>
    /// <param name="make">Makes it with its id, which is greater than all before.</param>
    public T Add(Func<long, T> make)
    {
        TaskCompletionSource wake;
        T item;
        lock (gate)
        {
            item = make(++last);
            items.Enqueue((last, item));
            weight += Weight(item);
            while (items.Count > most || (weight > mostWeight && items.Count > 1))
                weight -= Weight(items.Dequeue().Item);
            wake = added;
            added = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        wake.SetResult();
        return item;
    }

    /// <summary>The last <paramref name="count"/> items, oldest first.</summary>
    public IReadOnlyList<T> Last(int count)
    {
        lock (gate)
            return [.. items.TakeLast(count).Select(static i => i.Item)];
    }

    /// <summary>The id before the last <paramref name="count"/> items: <see cref="AfterAsync"/> goes on with them.</summary>
    public long IdBefore(int count)
    {
        lock (gate)
            return count >= items.Count ? 0 : items.ElementAt(items.Count - count - 1).Id;
    }

    /// <summary>The items after an id, oldest first; waits until there is one.</summary>
    public async Task<IReadOnlyList<T>> AfterAsync(long id, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (gate)
            {
                if (
                    last > id
                    && items.Where(i => i.Id > id).Select(static i => i.Item).ToList() is { Count: > 0 } newer
                )
                    return newer;
                more = added.Task;
            }
            await more.WaitAsync(cancellationToken);
        }
    }

    private int Weight(T item) => weigh?.Invoke(item) ?? 0;
}
