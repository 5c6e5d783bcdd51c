namespace Fairlead.Server.Hosting.Limits;

/// <summary>
/// So many in any window of time (P-89): each one needs that the one <c>max</c> before it has left the window. The times
/// of up to 128 are kept, so that limits up to there are exact; beyond, one time, the last, stands for a row of several, and
/// the limit is kept to one such row, less than a hundredth of it.
/// </summary>
internal sealed class SlidingWindow : Allowance
{
    private const int MostMarks = 128;

    // A mark is the number of its row (the low bits of it) and its time in milliseconds, so that both change at once.
    private const int RowBits = 22;
    private const long RowMask = (1L << RowBits) - 1;
    private readonly long[] marks;
    private readonly int rowLength;
    private readonly int max;
    private readonly long window;
    private readonly long frequency;
    private readonly long born;
    private long taken;

    /// <param name="max">How many, at least 1.</param>
    /// <param name="window">In which time.</param>
    /// <param name="frequency">Timestamps in a second.</param>
    /// <param name="now">The time.</param>
    public SlidingWindow(int max, TimeSpan window, long frequency, long now)
    {
        (this.max, this.frequency, born) = (max, frequency, now);
        this.window = (long)window.TotalMilliseconds;
        rowLength = (max + MostMarks - 1) / MostMarks;
        marks = new long[(max + rowLength - 1) / rowLength];
    }

    public override Permit Take(long now, int parts = 1)
    {
        var at = Milliseconds(now);
        var reach = Math.Max(1, marks.Length / parts);
        while (true)
        {
            var seen = Volatile.Read(ref taken);
            var row = seen / rowLength;
            if (seen % rowLength == 0 && row >= reach)
            {
                var before = row - reach;
                var mark = Volatile.Read(ref marks[before % marks.Length]);
                var newer = Newer(mark, before);
                // Written over by a later one: what was seen is no longer so.
                if (newer > 0)
                    continue;
                // Not written yet: it is being taken at this moment.
                var since = newer < 0 ? 0 : at - (mark >> RowBits);
                if (since < window)
                    return new(false, 0, TimeSpan.FromMilliseconds(window - Math.Max(since, 0)));
            }
            if (Interlocked.CompareExchange(ref taken, seen + 1, seen) != seen)
                continue;
            Mark(row, now);
            return new(true, Remaining(at, row, reach), TimeSpan.Zero);
        }
    }

    public override void Spend(int count, long now)
    {
        // More than the limit is not owed.
        var end = Interlocked.Add(ref taken, Math.Min(count, max));
        for (var row = (end - Math.Min(count, max)) / rowLength; row <= (end - 1) / rowLength; row++)
            Mark(row, now);
    }

    private void Mark(long row, long now)
    {
        // Rounded up, and the time of the question down: nothing leaves the window too early.
        var at = Milliseconds(now, frequency - 1);
        ref var place = ref marks[row % marks.Length];
        while (true)
        {
            var seen = Volatile.Read(ref place);
            // An earlier one that was held up never goes over a later one.
            if (Newer(seen, row) > 0 || (Newer(seen, row) == 0 && seen >> RowBits >= at))
                return;
            var mark = (at << RowBits) | ((row + 1) & RowMask);
            if (Interlocked.CompareExchange(ref place, mark, seen) == seen)
                return;
        }
    }

    /// <summary>How a mark stands to that of a row: below 0 it is an earlier one or none, above 0 a later one.</summary>
    private static long Newer(long mark, long row)
    {
        if (mark == 0)
            return -1;
        // Rows are counted round; of two that differ by less than half of all, it is known which is later.
        var apart = ((mark & RowMask) - ((row + 1) & RowMask)) & RowMask;
        return apart > RowMask / 2 ? apart - RowMask - 1 : apart;
    }

    // Of rows begun within the window; looked for from the newest, so that a caller with much left costs little.
    private int Remaining(long at, long row, int reach)
    {
        var used = 0;
        while (used < reach && used <= row)
        {
            var mark = Volatile.Read(ref marks[(row - used) % marks.Length]);
            if (mark == 0 || at - (mark >> RowBits) >= window)
                break;
            used++;
        }
        return (reach - used) * rowLength;
    }

    // From 1 on: 0 is a place without a mark.
    private long Milliseconds(long now, long up = 0)
    {
        var (seconds, rest) = Math.DivRem(now - born, frequency);
        return seconds * 1000 + (rest * 1000 + up) / frequency + 1;
    }
}
