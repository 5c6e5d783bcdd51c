using System.Globalization;

namespace Fairlead.Server.Telemetry.Calls;

/// <summary>One day of the log: the UTC day on which its rows were written, and how many there are.</summary>
internal readonly record struct CallLogDay(DateOnly Day, long Rows);

/// <summary>
/// Ids of rows: the day in the high bits, the place in the day in the low ones. So a row's day follows from its id, the
/// newest row has the highest id across days, and 64-bit integers stay exact in JavaScript (51 bits until 2059).
/// </summary>
internal static class CallLogIds
{
    private const int PlaceBits = 36;

    /// <summary>The id before the first of a day.</summary>
    public static long Floor(DateOnly day) =>
        (long)(day.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber) << PlaceBits;

    public static long Ceiling(DateOnly day) => Floor(day.AddDays(1));

    public static DateOnly Day(long id) =>
        DateOnly.FromDateTime(DateTime.UnixEpoch).AddDays((int)Math.Clamp(id >> PlaceBits, 0, 1_000_000));

    public static long Place(long id) => id & ((1L << PlaceBits) - 1);

    public static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>Which days the log gives up: whole days, oldest first, never the open one.</summary>
internal static class CallLogRetention
{
    public static IReadOnlyList<DateOnly> Expired(IEnumerable<CallLogDay> days, DateOnly today, CallLogOptions options)
    {
        var expired = new List<DateOnly>();
        long kept = 0;
        foreach (var (day, rows) in days.OrderByDescending(d => d.Day))
        {
            kept += rows;
            var old = day.DayNumber <= today.DayNumber - options.RetentionDays;
            if (day < today && (old || kept > options.RetentionRows))
                expired.Add(day);
        }
        return expired;
    }
}
