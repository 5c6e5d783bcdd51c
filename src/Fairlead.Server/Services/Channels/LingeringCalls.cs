namespace Fairlead.Server.Services.Channels;

/// <summary>
/// Calls that were cancelled and that the service may not have ended yet. Where calls share a connection, a late
/// question of one must not be taken for the question of another. Each is kept until its late answer, or a bounded time.
/// </summary>
internal sealed class LingeringCalls(TimeProvider time)
{
    /// <summary>A service that heeds cancellation stops well within it, and nobody misses questions for long.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly Dictionary<long, string?> sessions = [];
    private readonly Queue<(long Id, long At)> order = new();

    public void Add(long id, string? session)
    {
        lock (gate)
        {
            Forget();
            sessions[id] = session;
            order.Enqueue((id, time.GetTimestamp()));
        }
    }

    public void Remove(long id)
    {
        lock (gate)
            sessions.Remove(id);
    }

    /// <summary>Whether there is one that is not of this session; null is a session of nobody's.</summary>
    public bool Any(string? ofOthersThan)
    {
        lock (gate)
        {
            Forget();
            foreach (var session in sessions.Values)
            {
                if (session is null || session != ofOthersThan)
                    return true;
            }
            return false;
        }
    }

    private void Forget()
    {
        while (order.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At) >= Longest)
        {
            order.Dequeue();
            sessions.Remove(oldest.Id);
        }
    }
}
