namespace Fairlead.Server.Tools.Recovery;

/// <summary>
/// Holds retries to a share of the traffic, so that they never add to what brought a service down: every first attempt
/// earns a share of one, every retry costs one. A small reserve, given back over a minute, lets little traffic retry.
/// </summary>
/// <param name="share">Retries an attempt earns; 0.2 is at most 20 % more traffic.</param>
/// <param name="reserve">Retries a minute that need no traffic.</param>
/// <param name="time">The clock.</param>
internal sealed class RetryBudget(double share, int reserve, TimeProvider time)
{
    // What a burst can save up: a fifth of a thousand attempts.
    private const double MostSaved = 200;
    private readonly Lock gate = new();
    private double spare = reserve;
    private double earned;
    private long last = time.GetTimestamp();

    /// <summary>A first attempt was made.</summary>
    public void Earn()
    {
        lock (gate)
            earned = Math.Min(MostSaved, earned + share);
    }

    /// <summary>Takes a retry; false when there is none left.</summary>
    public bool TrySpend()
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            spare = Math.Min(reserve, spare + (time.GetElapsedTime(last, now).TotalMinutes * reserve));
            last = now;
            // Sums of fifths are not exact: a retry short by less than a millionth is one.
            if (earned >= 1 - 1e-6)
            {
                earned--;
                return true;
            }
            if (spare < 1 - 1e-6)
                return false;
            spare--;
            return true;
        }
    }
}
