namespace Fairlead.Server.Hosting.Limits;

/// <summary>
/// A token bucket, kept as the one moment at which it will be full again (generic cell rate algorithm): it starts full and
/// gets a token each interval (I-26).
/// </summary>
/// <param name="capacity">Tokens of a full bucket, at least 1.</param>
/// <param name="perMinute">Tokens it gets in a minute, at least 1.</param>
/// <param name="frequency">Timestamps in a second.</param>
internal sealed class TokenBucket(int capacity, int perMinute, long frequency) : Allowance
{
    private readonly long interval = frequency * 60 / perMinute;
    private long full;

    public override Permit Take(long now, int parts = 1)
    {
        var each = interval * parts;
        var most = each * Math.Max(1, capacity / parts);
        while (true)
        {
            var seen = Volatile.Read(ref full);
            var missing = Math.Max(seen - now, 0) + each;
            if (missing > most)
                return new(false, 0, TimeSpan.FromSeconds((double)(missing - most) / frequency));
            if (Interlocked.CompareExchange(ref full, now + missing, seen) == seen)
                return new(true, each == 0 ? capacity : (int)((most - missing) / each), TimeSpan.Zero);
        }
    }

    public override void Spend(int count, long now)
    {
        long seen,
            next;
        do
        {
            seen = Volatile.Read(ref full);
            // Empty is empty: what nodes gave too much before they heard of each other is not owed.
            next = Math.Min(Math.Max(seen, now) + interval * count, now + interval * capacity);
        } while (next > seen && Interlocked.CompareExchange(ref full, next, seen) != seen);
    }
}
