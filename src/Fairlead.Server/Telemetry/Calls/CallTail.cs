using System.Text.Json;
using System.Threading.Channels;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Telemetry.Calls;

/// <summary>
/// Follows the log for one reader: what is new is read from the store after a commit, so that nothing is kept for a slow
/// reader and a reader that comes back finds everything in its place.
/// </summary>
internal sealed class CallTail : IDisposable
{
    private const int Batch = 100;

    // Rows of other nodes come without a sign here.
    private static readonly TimeSpan OthersLook = TimeSpan.FromSeconds(1);

    private readonly CallLog log;
    private readonly CallLogQuery query;
    private readonly CallLogFilter filter;
    private readonly int last;
    private readonly TimeSpan look;
    private readonly TimeProvider time;

    // One sign is as good as many.
    private readonly Channel<bool> committed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private long? after;

    /// <param name="log">Tells of commits.</param>
    /// <param name="query">Reads them.</param>
    /// <param name="filter">Which rows.</param>
    /// <param name="last">How many of the rows there are come first.</param>
    /// <param name="after">Goes on after this row instead; null begins with <paramref name="last"/>.</param>
    /// <param name="provider">Whether others write, too.</param>
    /// <param name="time">For looks at what others write.</param>
    public CallTail(
        CallLog log,
        CallLogQuery query,
        CallLogFilter filter,
        int last,
        long? after,
        StorageProvider provider,
        TimeProvider time
    )
    {
        this.log = log;
        this.query = query;
        this.filter = filter;
        this.last = last;
        this.after = after;
        this.time = time;
        look = provider is StorageProvider.Postgres ? OthersLook : Timeout.InfiniteTimeSpan;
        log.Committed += OnCommitted;
    }

    /// <summary>What is new, oldest first; waits until something is, but for the first time, which tells where it begins.</summary>
    public async Task<IReadOnlyList<StreamItem>?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var isFirst = after is null;
            if (await ReadAsync(cancellationToken) is { Count: > 0 } rows)
                return
                [
                    .. rows.Select(static row => new StreamItem(
                        row.Id,
                        JsonSerializer.Serialize(row, CallLogJson.Default.CallLogEntry)
                    )),
                ];
            if (isFirst)
                return [new StreamItem(after!.Value, null)];
            await WaitAsync(cancellationToken);
        }
    }

    public void Dispose() => log.Committed -= OnCommitted;

    private async Task<IReadOnlyList<CallLogEntry>> ReadAsync(CancellationToken cancellationToken)
    {
        var newest = query.Newest();
        if (after is not { } from)
        {
            after = newest;
            if (last == 0)
                return [];
            var page = await query.ReadAsync(filter with { BeforeId = newest + 1 }, last, cancellationToken);
            return [.. page.Rows.Reverse()];
        }
        if (newest <= from)
            return [];
        var rows = await query.ReadAfterAsync(filter, from, newest, Batch, cancellationToken);
        // Where the batch was not filled, all up to the newest was seen: it is not searched again.
        after = rows.Count == Batch ? rows[^1].Id : newest;
        return rows;
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(look, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await committed.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time for a look.
        }
    }

    private void OnCommitted() => committed.Writer.TryWrite(true);
}
