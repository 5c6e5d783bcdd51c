namespace Fairlead.Server.Telemetry.Calls;

/// <summary>A page of rows, newest first; <paramref name="Next"/> is the id to continue before, or null at the end.</summary>
internal sealed record CallLogPage(IReadOnlyList<CallLogEntry> Rows, long? Next);

/// <summary>Reads the log across days, newest first.</summary>
internal sealed class CallLogQuery(ICallLogStore store)
{
    public const int MaxLimit = 500;

    // A row is written when its call ends, so it may lie in the day after the one in which the call began.
    private const int LongestCallDays = 1;

    /// <param name="filter">Which rows.</param>
    /// <param name="limit">Rows of a page, 1 to <see cref="MaxLimit"/>.</param>
    /// <param name="cancellationToken">Ends the search between days and inside one.</param>
    public async Task<CallLogPage> ReadAsync(CallLogFilter filter, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxLimit);
        var rows = new List<CallLogEntry>(limit);
        foreach (var day in Days(filter))
        {
            // One more than asked for tells whether there is a next page.
            rows.AddRange(await store.ReadAsync(day, filter, limit + 1 - rows.Count, cancellationToken));
            if (rows.Count > limit)
                return new CallLogPage(rows[..limit], rows[limit - 1].Id);
        }
        return new CallLogPage(rows, null);
    }

    /// <summary>The id of the newest row there is; 0 where there is none.</summary>
    public long Newest()
    {
        var days = store.Days();
        if (days.Count == 0)
            return 0;
        var last = days.Max();
        return CallLogIds.Floor(last) + store.Rows(last);
    }

    /// <summary>Rows after <paramref name="after"/> up to <paramref name="newest"/>, oldest first.</summary>
    public async Task<IReadOnlyList<CallLogEntry>> ReadAfterAsync(
        CallLogFilter filter,
        long after,
        long newest,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var between = filter with { AfterId = after, BeforeId = newest + 1 };
        var rows = new List<CallLogEntry>();
        foreach (var day in Days(between).Where(d => d >= CallLogIds.Day(after)).Order())
        {
            if (rows.Count == limit)
                break;
            rows.AddRange(await store.ReadAsync(day, between, limit - rows.Count, cancellationToken));
        }
        return rows;
    }

    private IEnumerable<DateOnly> Days(CallLogFilter filter)
    {
        IEnumerable<DateOnly> days = store.Days();
        if (filter.BeforeId is { } id)
            days = days.Where(d => d <= CallLogIds.Day(id));
        if (filter.From is { } from)
            days = days.Where(d => d >= DateOnly.FromDateTime(from.UtcDateTime));
        if (filter.To is { } to)
            days = days.Where(d => d <= DateOnly.FromDateTime(to.UtcDateTime).AddDays(LongestCallDays));
        return days.OrderDescending();
    }
}
