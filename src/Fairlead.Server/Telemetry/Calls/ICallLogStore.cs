namespace Fairlead.Server.Telemetry.Calls;

/// <summary>
/// Where rows of the call log are kept, by day (design.md "Call log"). <see cref="Write"/> is called by one thread only;
/// the rest by any. All of it blocks: nothing here runs on the way of a call.
/// </summary>
internal interface ICallLogStore : IDisposable
{
    /// <summary>Commits <paramref name="rows"/> as one transaction to the open <paramref name="day"/>; all or nothing.</summary>
    void Write(ReadOnlySpan<CallLogRow> rows, DateOnly day);

    /// <summary>Every day there is, in any order.</summary>
    IReadOnlyList<DateOnly> Days();

    /// <summary>How many rows a day has.</summary>
    long Rows(DateOnly day);

    /// <summary>Builds what a day without writes can afford: the indexes of A-60. Repeating it is harmless.</summary>
    void Close(DateOnly day);

    /// <summary>Forgets a day with all its rows.</summary>
    void Drop(DateOnly day);

    /// <summary>
    /// The newest rows of a day that match, newest first; with <see cref="CallLogFilter.AfterId"/> the oldest after it, oldest
    /// first.
    /// </summary>
    Task<IReadOnlyList<CallLogEntry>> ReadAsync(
        DateOnly day,
        CallLogFilter filter,
        int limit,
        CancellationToken cancellationToken
    );
}
