using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Telemetry.Calls;

/// <summary>
/// Closes ended days and drops expired ones, at the start, hourly and when a day ends. Beside the writer's thread: an
/// index over millions of rows takes longer than the queue holds.
/// </summary>
internal sealed partial class CallLogUpkeep(
    ICallLogStore store,
    CallLogOptions options,
    TimeProvider time,
    ILogger logger
) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private readonly ManualResetEventSlim idle = new(initialState: true);
    private DateOnly open;
    private DateOnly kept;
    private DateTimeOffset dueAt;

    /// <summary>The day that takes rows now. A clock set back does not open an ended day again.</summary>
    public DateOnly OpenDay()
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        return open = today > open ? today : open;
    }

    /// <summary>Called by the writer's thread between commits.</summary>
    public void RunWhenDue()
    {
        var today = OpenDay();
        var now = time.GetUtcNow();
        if ((now < dueAt && today == kept) || !idle.IsSet)
            return;
        kept = today;
        dueAt = now + Interval;
        idle.Reset();
        ThreadPool.UnsafeQueueUserWorkItem(
            static s => s.Self.Run(s.Today),
            (Self: this, Today: today),
            preferLocal: false
        );
    }

    /// <summary>Waits for what is under way.</summary>
    public void Dispose()
    {
        idle.Wait();
        idle.Dispose();
    }

    private void Run(DateOnly today)
    {
        try
        {
            var expired = CallLogRetention.Expired(
                store.Days().Select(d => new CallLogDay(d, store.Rows(d))),
                today,
                options
            );
            foreach (var day in expired)
                store.Drop(day);
            foreach (var day in store.Days().Where(d => d < today))
                store.Close(day);
            if (expired.Count > 0)
                DroppedDays(logger, expired.Count, expired[0]);
        }
        catch (Exception error)
        {
            Failed(logger, error);
        }
        finally
        {
            idle.Set();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Dropped {Days} days of the call log, up to {Newest}")]
    private static partial void DroppedDays(ILogger logger, int days, DateOnly newest);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upkeep of the call log failed; it is tried again in an hour")]
    private static partial void Failed(ILogger logger, Exception error);
}
