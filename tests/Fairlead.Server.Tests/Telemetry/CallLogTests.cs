using System.Collections.Concurrent;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Telemetry.Calls;
using Fairlead.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

/// <summary>The queue and its writer (A-60; security.md §5 "Disk full").</summary>
public sealed class CallLogTests : IAsyncDisposable
{
    private readonly FakeTimeProvider time = new(CallRows.Start);
    private readonly MemoryStore store = new();
    private readonly CountingLogger logger = new();
    private readonly List<CallLog> logs = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        store.Released.Set();
        foreach (var log in logs)
        {
            await log.StopAsync(Cancelled);
            log.Dispose();
        }
        store.Released.Dispose();
    }

    private async Task<CallLog> StartAsync(CallLogOptions? options = null)
    {
        var log = new CallLog(store, options ?? new CallLogOptions(), time, logger);
        logs.Add(log);
        await log.StartAsync(Cancelled);
        return log;
    }

    [Fact]
    public async Task Row_IsCommittedWithinTheInterval()
    {
        var log = await StartAsync();
        log.TryWrite(CallRows.Row(1)).ShouldBeTrue();
        store.Commits.ShouldBeEmpty();

        time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.UntilAsync(() => log.Written == 1);
        store.Commits.Single().Length.ShouldBe(1);
    }

    [Fact]
    public async Task Rows_WhoseBodiesExceedTheBytes_AreKeptWithoutThem()
    {
        var log = await StartAsync(new CallLogOptions { CapacityBytes = 2500 });
        foreach (var number in Enumerable.Range(1, 3))
            log.TryWrite(CallRows.Row(number) with { RequestBody = new byte[600], ResponseBody = new byte[600] })
                .ShouldBeTrue();
        await log.FlushAsync(Cancelled);
        // What was written makes room again.
        log.TryWrite(CallRows.Row(4) with { RequestBody = new byte[600] }).ShouldBeTrue();
        await log.FlushAsync(Cancelled);
        store.Commits.SelectMany(c => c).Select(r => r.RequestBody is not null).ShouldBe([true, true, false, true]);
    }

    [Fact]
    public async Task Rows_FillingACommit_AreCommittedBeforeTheInterval()
    {
        var log = await StartAsync(new CallLogOptions { CommitRows = 50 });
        foreach (var row in CallRows.Rows(50))
            log.TryWrite(row);
        await Eventually.UntilAsync(() => log.Written == 50);
    }

    [Fact]
    public async Task Rows_OfManyThreads_AreAllWrittenOnce_InGroups()
    {
        var log = await StartAsync(new CallLogOptions { CommitRows = 500 });
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(t =>
                    Task.Run(() =>
                    {
                        for (var i = 0; i < 1000; i++)
                            log.TryWrite(CallRows.Row((t * 1000) + i)).ShouldBeTrue();
                    })
                )
        );
        await log.FlushAsync(Cancelled);

        var ids = store.Commits.SelectMany(c => c).Select(r => r.RequestId).ToList();
        ids.Count.ShouldBe(8000);
        ids.Distinct().Count().ShouldBe(8000);
        store.Commits.Count.ShouldBeLessThan(100);
        log.Health.ShouldBe(new CallLogHealth(8000, 0, 0, null));
    }

    [Fact]
    public async Task Flush_AfterRows_EndsWhenTheyAreCommitted()
    {
        var log = await StartAsync();
        foreach (var row in CallRows.Rows(7))
            log.TryWrite(row);
        await log.FlushAsync(Cancelled);
        log.Written.ShouldBe(7);
    }

    [Fact]
    public async Task Stop_WithRowsWaiting_CommitsThemAndClosesTheStore()
    {
        var log = await StartAsync();
        foreach (var row in CallRows.Rows(7))
            log.TryWrite(row);
        await log.StopAsync(Cancelled);

        log.Written.ShouldBe(7);
        store.IsDisposed.ShouldBeTrue();
        log.TryWrite(CallRows.Row(8)).ShouldBeFalse();
        log.Dropped.ShouldBe(1);
        await log.FlushAsync(Cancelled);
    }

    [Fact]
    public async Task Queue_ThatIsFull_DropsAndCounts_WithoutWaiting()
    {
        store.Released.Reset();
        var log = await StartAsync(new CallLogOptions { Capacity = 100, CommitRows = 10 });
        for (var i = 0; i < 10; i++)
            log.TryWrite(CallRows.Row(i)).ShouldBeTrue();
        await Eventually.UntilAsync(() => store.IsWriting);

        var taken = Enumerable.Range(10, 500).Count(i => log.TryWrite(CallRows.Row(i)));

        taken.ShouldBe(100);
        log.Dropped.ShouldBe(400);
        store.Released.Set();
        await log.FlushAsync(Cancelled);
        log.Health.ShouldBe(new CallLogHealth(110, 400, 0, null));
        log.TryWrite(CallRows.Row(1)).ShouldBeTrue();
    }

    [Fact]
    public async Task Disk_ThatFails_CostsItsRows_AndTheLogGoesOnWhenItIsBack()
    {
        var log = await StartAsync();
        store.Failure = new IOException("no space left");
        for (var round = 0; round < 3; round++)
        {
            log.TryWrite(CallRows.Row(1)).ShouldBeTrue();
            await log.FlushAsync(Cancelled);
        }
        log.Health.ShouldBe(new CallLogHealth(0, 3, 0, "no space left"));
        // Once a minute, not once a commit.
        logger.Errors.ShouldBe(1);

        store.Failure = null;
        log.TryWrite(CallRows.Row(2));
        await log.FlushAsync(Cancelled);
        log.Health.ShouldBe(new CallLogHealth(1, 3, 0, null));
    }

    [Fact]
    public async Task Row_WithTextOfAClient_IsCleanedBeforeItIsKept()
    {
        var log = await StartAsync();
        log.TryWrite(
            CallRows.Row(1) with
            {
                Name = "https://u:canary-one@host/x?token=canary-two",
                CallerAppId = new string('x', 200),
                ErrorMessage = "Bearer canary-three\0",
            }
        );
        await log.FlushAsync(Cancelled);

        var kept = store.Commits.Single()[0];
        kept.ToString().ShouldNotContain("canary");
        kept.ErrorMessage.ShouldBe("Bearer ****");
        kept.CallerAppId!.Length.ShouldBe(100);
    }

    [Fact]
    public async Task Day_ThatEnds_IsClosed_AndExpiredOnesAreDropped()
    {
        var old = DateOnly.FromDateTime(CallRows.Start.UtcDateTime).AddDays(-30);
        store.Existing[old] = 5;
        var log = await StartAsync();
        await Eventually.UntilAsync(() => store.Dropped.Contains(old));
        log.TryWrite(CallRows.Row(1));
        await log.FlushAsync(Cancelled);
        store.Closed.ShouldBeEmpty();

        time.Advance(TimeSpan.FromHours(12));

        // The upkeep of the start may still be under way: the next ticks of the clock find the ended day.
        await Eventually.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return store.Closed.Contains(new DateOnly(2026, 3, 10));
        });
        log.TryWrite(CallRows.Row(2));
        await log.FlushAsync(Cancelled);
        store.DaysWritten.ShouldBe([new DateOnly(2026, 3, 10), new DateOnly(2026, 3, 11)]);
    }

    [Fact]
    public async Task Clock_SetBack_DoesNotOpenAnEndedDay()
    {
        var log = await StartAsync();
        log.TryWrite(CallRows.Row(1));
        await log.FlushAsync(Cancelled);
        time.JumpWallClock(TimeSpan.FromDays(-2));
        log.TryWrite(CallRows.Row(2));
        await log.FlushAsync(Cancelled);
        store.DaysWritten.ShouldBe([new DateOnly(2026, 3, 10), new DateOnly(2026, 3, 10)]);
    }

    private sealed class CountingLogger : ILogger<CallLog>
    {
        private int errors;

        public int Errors => Volatile.Read(ref errors);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (logLevel >= LogLevel.Error)
                Interlocked.Increment(ref errors);
        }
    }

    /// <summary>A store in memory that can be slow and can fail.</summary>
    private sealed class MemoryStore : ICallLogStore
    {
        public ConcurrentQueue<CallLogRow[]> Commits { get; } = [];
        public ConcurrentQueue<DateOnly> DaysWritten { get; } = [];
        public ConcurrentDictionary<DateOnly, long> Existing { get; } = [];
        public ConcurrentBag<DateOnly> Closed { get; } = [];
        public ConcurrentBag<DateOnly> Dropped { get; } = [];
        public ManualResetEventSlim Released { get; } = new(initialState: true);
        public volatile Exception? Failure;
        public volatile bool IsWriting;
        public volatile bool IsDisposed;

        public void Write(ReadOnlySpan<CallLogRow> rows, DateOnly day)
        {
            IsWriting = true;
            Released.Wait();
            if (Failure is { } failure)
                throw failure;
            Commits.Enqueue(rows.ToArray());
            DaysWritten.Enqueue(day);
            var count = rows.Length;
            Existing.AddOrUpdate(day, count, (_, n) => n + count);
        }

        public IReadOnlyList<DateOnly> Days() => [.. Existing.Keys];

        public long Rows(DateOnly day) => Existing[day];

        public void Close(DateOnly day) => Closed.Add(day);

        public void Drop(DateOnly day)
        {
            Existing.TryRemove(day, out _);
            Dropped.Add(day);
        }

        public Task<IReadOnlyList<CallLogEntry>> ReadAsync(
            DateOnly day,
            CallLogFilter filter,
            int limit,
            CancellationToken cancellationToken
        ) => Task.FromResult<IReadOnlyList<CallLogEntry>>([]);

        public void Dispose() => IsDisposed = true;
    }
}
