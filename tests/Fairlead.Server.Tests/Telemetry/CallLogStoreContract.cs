using Fairlead.Server.Telemetry.Calls;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

/// <summary>What every call-log store must do; run on SQLite and on a real PostgreSQL.</summary>
public abstract class CallLogStoreContract : IAsyncLifetime
{
    private static readonly DateOnly Today = new(2026, 3, 10);
    private static readonly DateOnly Tomorrow = new(2026, 3, 11);
    private ICallLogStore store = null!;

    public async ValueTask InitializeAsync() => store = await OpenAsync();

    public virtual ValueTask DisposeAsync()
    {
        store.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>A store over the same data each time within one test.</summary>
    private protected abstract Task<ICallLogStore> OpenAsync();

    /// <summary>Names of the indexes of a day.</summary>
    private protected abstract Task<IReadOnlyList<string>> IndexesAsync(DateOnly day);

    private Task<IReadOnlyList<CallLogEntry>> ReadAsync(CallLogFilter? filter = null, int limit = 500) =>
        store.ReadAsync(Today, filter ?? new CallLogFilter(), limit, TestContext.Current.CancellationToken);

    [Fact]
    public async Task Row_Written_IsReadBackWhole()
    {
        var row = CallRows.Row(10) with { ResponseBody = """{"é":"…"}"""u8.ToArray() };
        store.Write([row], Today);

        var entry = (await ReadAsync()).ShouldHaveSingleItem();

        entry.ShouldBe(
            new CallLogEntry
            {
                Id = CallLogIds.Floor(Today) + 1,
                CreatedAt = row.At,
                RequestId = "0000000a-0000-0000-0000-000000000000",
                Method = "tools/call",
                ToolName = "tool1",
                GroupId = "group0",
                ServiceId = "service",
                CallerAppId = "app0",
                UserId = "user",
                Success = false,
                ErrorCode = -31001,
                ErrorMessage = "the service ended",
                DurationMs = 1.51,
                RequestData = """{"a":1}""",
                ResponseData = """{"é":"…"}""",
            }
        );
    }

    [Fact]
    public async Task Row_WithoutOptionalParts_IsReadBackWithNulls()
    {
        store.Write(
            [CallRows.Row(1) with { Name = null, GroupId = null, ServiceId = null, CallerAppId = null, UserId = null }],
            Today
        );

        var entry = (await ReadAsync()).ShouldHaveSingleItem();

        string?[] parts = [entry.ToolName, entry.GroupId, entry.ServiceId, entry.CallerAppId, entry.UserId];
        parts.ShouldAllBe(p => p == null);
        entry.ErrorMessage.ShouldBeNull();
        entry.RequestData.ShouldBeNull();
    }

    [Fact]
    public async Task Rows_OfTwoCommitsAndARestart_AreNumberedOn()
    {
        store.Write(CallRows.Rows(3), Today);
        store.Write(CallRows.Rows(2), Today);
        store.Dispose();
        store = await OpenAsync();
        store.Write(CallRows.Rows(1), Today);

        (await ReadAsync()).Select(e => CallLogIds.Place(e.Id)).ShouldBe([6, 5, 4, 3, 2, 1]);
        store.Rows(Today).ShouldBe(6);
    }

    [Fact]
    public async Task Read_WithEachFilter_GivesThoseRowsOnly()
    {
        var rows = CallRows.Rows(60);
        store.Write(rows, Today);

        await MatchesAsync(new() { ToolName = "tool1" }, 20);
        await MatchesAsync(new() { Method = "tools/call" }, 60);
        await MatchesAsync(new() { Method = "prompts/get" }, 0);
        await MatchesAsync(new() { GroupId = "group1" }, 30);
        await MatchesAsync(new() { ServiceId = "service" }, 45);
        await MatchesAsync(new() { CallerAppId = "app4" }, 12);
        await MatchesAsync(new() { UserId = "user" }, 60);
        await MatchesAsync(new() { UserId = "' OR 1=1 --" }, 0);
        await MatchesAsync(new() { Success = false }, 6);
        await MatchesAsync(new() { Success = true }, 54);
        await MatchesAsync(new() { From = rows[10].At }, 50);
        await MatchesAsync(new() { To = rows[10].At }, 10);
        await MatchesAsync(new() { Text = "SERVICE ended" }, 6);
        await MatchesAsync(new() { Text = "\"a\":1" }, 6);
        await MatchesAsync(new() { Text = "App4" }, 12);
        await MatchesAsync(new() { Text = "%" }, 0);
        await MatchesAsync(new() { BeforeId = CallLogIds.Floor(Today) + 11 }, 10);
        await MatchesAsync(
            new()
            {
                ToolName = "tool1",
                GroupId = "group1",
                Success = true,
            },
            10
        );

        async Task MatchesAsync(CallLogFilter filter, int expected)
        {
            var found = await ReadAsync(filter);
            found.Count.ShouldBe(expected, filter.ToString());
            found.Select(e => e.Id).ShouldBeInOrder(SortDirection.Descending);
        }
    }

    [Fact]
    public async Task Read_WithALimit_GivesTheNewest()
    {
        store.Write(CallRows.Rows(10), Today);
        (await ReadAsync(limit: 3)).Select(e => CallLogIds.Place(e.Id)).ShouldBe([10, 9, 8]);
    }

    [Fact]
    public async Task Read_AfterARow_GivesTheNextOldestFirst()
    {
        store.Write(CallRows.Rows(10), Today);
        var after = new CallLogFilter { AfterId = CallLogIds.Floor(Today) + 4, BeforeId = CallLogIds.Floor(Today) + 9 };
        (await store.ReadAsync(Today, after, 3, TestContext.Current.CancellationToken))
            .Select(e => CallLogIds.Place(e.Id))
            .ShouldBe([5, 6, 7]);
        (await store.ReadAsync(Today, after, 9, TestContext.Current.CancellationToken))
            .Select(e => CallLogIds.Place(e.Id))
            .ShouldBe([5, 6, 7, 8]);
    }

    [Fact]
    public async Task Day_WhileOpen_HasTheTimeIndexOnly_AndClosedAllOfA60()
    {
        store.Write(CallRows.Rows(3), Today);
        var open = await IndexesAsync(Today);
        open.ShouldContain(i => i.EndsWith("idx_time", StringComparison.Ordinal));
        open.ShouldNotContain(i => i.EndsWith("idx_tool_success_time", StringComparison.Ordinal));

        store.Write(CallRows.Rows(1), Tomorrow);
        store.Close(Today);
        store.Close(Today);

        var closed = await IndexesAsync(Today);
        foreach (var name in (string[])["idx_tool_success_time", "idx_group_time", "idx_caller_time"])
            closed.ShouldContain(i => i.EndsWith(name, StringComparison.Ordinal));
        (await ReadAsync()).Count.ShouldBe(3);
    }

    [Fact]
    public async Task Day_Dropped_IsGoneAndTheOthersStay()
    {
        store.Write(CallRows.Rows(3), Today);
        store.Write(CallRows.Rows(2), Tomorrow);
        store.Days().Order().ShouldBe([Today, Tomorrow]);

        store.Drop(Today);

        store.Days().ShouldBe([Tomorrow]);
        store.Rows(Tomorrow).ShouldBe(2);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Commit_ThatFails_LeavesNothingAndTheNextSucceeds()
    {
        store.Write(CallRows.Rows(2), Today);
        // No store takes a row without a method.
        var bad = CallRows.Row(2) with
        {
            Method = null!,
        };

        Should.Throw<Exception>(() => store.Write([CallRows.Row(1), bad], Today));
        store.Write(CallRows.Rows(1), Today);

        (await ReadAsync()).Select(e => CallLogIds.Place(e.Id)).ShouldBe([3, 2, 1]);
    }

    [Fact]
    public void Days_OfAnEmptyStore_AreNone()
    {
        store.Days().ShouldBeEmpty();
    }
}
