using System.Collections.Concurrent;

namespace Fairlead.Server.Hosting.Limits;

/// <summary>
/// The allowances of one limit by caller. Bounded (P-115): new ones go to a young generation; when it is full it becomes the
/// old one, whose callers come over when they are heard of again, and the one before is forgotten. So finding and forgetting
/// take the same time however many strangers there are.
/// </summary>
/// <param name="name">The limit's name, the same on all nodes.</param>
/// <param name="make">Makes a caller's allowance at a time.</param>
/// <param name="most">Callers at most.</param>
internal sealed class AllowanceTable(string name, Func<string, long, Allowance> make, int most)
{
    private Generations generations = new([], []);

    public string Name => name;

    /// <summary>Callers known.</summary>
    public int Count => generations.Young.Count + generations.Old.Count;

    /// <summary>The allowance of a caller.</summary>
    public Allowance Of(string key, long now)
    {
        var seen = Volatile.Read(ref generations);
        if (seen.Young.TryGetValue(key, out var known))
            return known;
        var mine = seen.Old.TryGetValue(key, out var before) ? before : make(key, now);
        var one = seen.Young.GetOrAdd(key, mine);
        if (ReferenceEquals(one, mine) && Interlocked.Increment(ref seen.Made) >= most / 2)
            Interlocked.CompareExchange(ref generations, new([], seen.Young), seen);
        return one;
    }

    private sealed class Generations(
        ConcurrentDictionary<string, Allowance> young,
        ConcurrentDictionary<string, Allowance> old
    )
    {
        public int Made;
        public ConcurrentDictionary<string, Allowance> Young => young;
        public ConcurrentDictionary<string, Allowance> Old => old;
    }
}
