using System.Collections.Concurrent;
using Fairlead.Server.Telemetry.Redact;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Telemetry.Calls;

/// <summary>
/// How the log is doing, for health and metrics. <paramref name="LastError"/> says why the last commit failed and is
/// null while the log is being written.
/// </summary>
internal sealed record CallLogHealth(long Written, long Dropped, int Waiting, string? LastError);

/// <summary>
/// The call log. A call hands its row to a bounded queue and goes on; one dedicated thread commits in groups.
/// What cannot be kept is dropped and counted: a full or failing disk never slows or fails a call.
/// </summary>
internal sealed partial class CallLog(
    ICallLogStore store,
    CallLogOptions options,
    TimeProvider time,
    ILogger<CallLog> logger
) : IHostedService, IDisposable
{
    private const int CallerAppIdLength = 100;

    // A queue and a counter instead of a bounded channel: the channel takes a lock that all callers share.
    private readonly ConcurrentQueue<CallLogRow> queue = new();
    private readonly ConcurrentQueue<TaskCompletionSource> flushes = new();
    private readonly AutoResetEvent wake = new(initialState: false);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MaskMemo masks = new(TextMask.Apply);
    private readonly MaskMemo apps = new(static app => ShortText.Cut(TextMask.Apply(app), CallerAppIdLength));
    private readonly CallLogUpkeep upkeep = new(store, options, time, logger);
    private ITimer? timer;
    private int waiting;
    private long waitingBytes;
    private long written;
    private long dropped;
    private volatile bool started;
    private volatile bool stopping;
    private volatile string? lastError;
    private DateTimeOffset complainedAt;

    /// <summary>Raised on the writer's thread after a commit; handlers must not wait.</summary>
    public event Action? Committed;

    public CallLogHealth Health => new(Written, Dropped, Math.Max(0, Volatile.Read(ref waiting)), lastError);

    public long Written => Interlocked.Read(ref written);

    /// <summary>Rows given up since the start: the queue was full, the store failed, or the log had ended.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>Takes a row without ever waiting. False when it was dropped.</summary>
    public bool TryWrite(in CallLogRow row)
    {
        var count = Interlocked.Increment(ref waiting);
        if (count > options.Capacity || stopping)
        {
            Interlocked.Decrement(ref waiting);
            Interlocked.Increment(ref dropped);
            return false;
        }
        queue.Enqueue(TakeBytes(Bytes(in row)) ? row : row with { RequestBody = null, ResponseBody = null });
        // Only the row that fills a commit wakes the thread; the timer does the rest. Waking it for each would cost
        // more than the row.
        if (count == options.CommitRows)
            wake.Set();
        return true;
    }

    /// <summary>Ends when every row taken before this call is committed or counted as dropped.</summary>
    public Task FlushAsync(CancellationToken cancellationToken)
    {
        if (!started)
            return Task.CompletedTask;
        var flush = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        flushes.Enqueue(flush);
        wake.Set();
        return Task.WhenAny(flush.Task, ended.Task).WaitAsync(cancellationToken);
    }

    /// <summary>Starts the writer. The store is opened by the first commit, so a bad disk does not stop the start.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        started = true;
        new Thread(Run) { IsBackground = true, Name = "call log" }.Start();
        timer = time.CreateTimer(
            static w => ((AutoResetEvent)w!).Set(),
            wake,
            options.CommitInterval,
            options.CommitInterval
        );
        return Task.CompletedTask;
    }

    /// <summary>Commits what waits and ends the writer.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!started)
            return;
        stopping = true;
        wake.Set();
        await ended.Task.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        timer?.Dispose();
        stopping = true;
        wake.Set();
    }

    private void Run()
    {
        var batch = new CallLogRow[options.CommitRows];
        try
        {
            while (true)
            {
                upkeep.RunWhenDue();
                wake.WaitOne();
                // Both are read before the queue: what they speak of is in it by then.
                var last = stopping;
                var asked = Asked();
                int taken;
                do
                {
                    taken = Take(batch);
                    Commit(batch.AsSpan(0, taken));
                } while (taken == batch.Length);
                asked.ForEach(static a => a.SetResult());
                if (last)
                    return;
            }
        }
        finally
        {
            stopping = true;
            upkeep.Dispose();
            store.Dispose();
            ended.SetResult();
        }
    }

    private List<TaskCompletionSource> Asked()
    {
        var asked = new List<TaskCompletionSource>();
        while (flushes.TryDequeue(out var flush))
            asked.Add(flush);
        return asked;
    }

    private int Take(CallLogRow[] batch)
    {
        var taken = 0;
        var bytes = 0L;
        while (taken < batch.Length && queue.TryDequeue(out batch[taken]))
            bytes += Bytes(in batch[taken++]);
        Interlocked.Add(ref waiting, -taken);
        Interlocked.Add(ref waitingBytes, -bytes);
        return taken;
    }

    // The texts of a row are short; its bodies are what a flood of failed calls would fill the memory with.
    private static long Bytes(in CallLogRow row) => (row.RequestBody?.Length ?? 0) + (row.ResponseBody?.Length ?? 0);

    private bool TakeBytes(long bytes)
    {
        // Most rows have no bodies and share nothing here.
        if (bytes == 0 || Interlocked.Add(ref waitingBytes, bytes) <= options.CapacityBytes)
            return true;
        Interlocked.Add(ref waitingBytes, -bytes);
        return false;
    }

    private void Commit(Span<CallLogRow> rows)
    {
        if (rows.IsEmpty)
            return;
        try
        {
            foreach (ref var row in rows)
                row = Clean(in row);
            store.Write(rows, upkeep.OpenDay());
            Interlocked.Add(ref written, rows.Length);
            lastError = null;
            Committed?.Invoke();
        }
        catch (Exception error)
        {
            Interlocked.Add(ref dropped, rows.Length);
            lastError = error.Message;
            Complain(error);
        }
        rows.Clear();
    }

    // What a client chose may hold a secret, or characters that PostgreSQL refuses together with the whole commit.
    private CallLogRow Clean(in CallLogRow row) =>
        row with
        {
            Name = masks.Of(row.Name),
            CallerAppId = apps.Of(row.CallerAppId),
            UserId = masks.Of(row.UserId),
            ErrorMessage = masks.Of(row.ErrorMessage),
        };

    // A failing disk fails every second; saying it once a minute is enough.
    private void Complain(Exception error)
    {
        var now = time.GetUtcNow();
        if (now - complainedAt < TimeSpan.FromMinutes(1))
            return;
        complainedAt = now;
        CannotWrite(logger, error, Dropped);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The call log cannot be written; {Dropped} rows dropped so far")]
    private static partial void CannotWrite(ILogger logger, Exception error, long dropped);
}
