namespace Fairlead.Server.Hosting.Limits;

/// <summary>Whether one may go on.</summary>
/// <param name="IsGiven">Go on.</param>
/// <param name="Remaining">How many more may at once.</param>
/// <param name="Wait">How long until the next may; zero where this one may.</param>
internal readonly record struct Permit(bool IsGiven, int Remaining, TimeSpan Wait)
{
    /// <summary>The wait in whole seconds, at least one: for <c>Retry-After</c>.</summary>
    public int RetryAfter => Math.Max(1, (int)Math.Ceiling(Wait.TotalSeconds));
}

/// <summary>
/// What one caller may still do. Asking costs a few reads and one compare-and-swap: no lock, and nobody waits. Times are
/// timestamps of the limits' clock.
/// </summary>
internal abstract class Allowance
{
    private int untold;

    /// <summary>Takes one where it is given.</summary>
    /// <param name="now">The time.</param>
    /// <param name="parts">Into how many parts the limit is cut, because as many nodes cannot hear each other; else 1.</param>
    public abstract Permit Take(long now, int parts = 1);

    /// <summary>Counts what other nodes gave.</summary>
    public abstract void Spend(int count, long now);

    /// <summary>Counts one given that other nodes do not know of; whether it is the first of these.</summary>
    public bool Note() => Interlocked.Increment(ref untold) == 1;

    /// <summary>How many were given that other nodes do not know of; begins anew.</summary>
    public int TakeUntold() => Interlocked.Exchange(ref untold, 0);
}
