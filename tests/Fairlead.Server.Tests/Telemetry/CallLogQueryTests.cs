using Fairlead.Server.Telemetry.Calls;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

public sealed class CallLogQueryTests : IDisposable
{
    private static readonly DateOnly First = new(2026, 3, 9);
    private readonly string folder = Directory.CreateTempSubdirectory("fairlead-calls-").FullName;
    private readonly SqliteCallLogStore store;
    private readonly CallLogQuery query;

    public CallLogQueryTests()
    {
        store = new SqliteCallLogStore(folder);
        query = new CallLogQuery(store);
        for (var day = 0; day < 3; day++)
        {
            var at = First.AddDays(day).ToDateTime(new TimeOnly(12, 0), DateTimeKind.Utc);
            store.Write(
                [
                    .. Enumerable
                        .Range(1, 5)
                        .Select(n => CallRows.Row((day * 5) + n, new DateTimeOffset(at).AddSeconds(n))),
                ],
                First.AddDays(day)
            );
        }
    }

    public void Dispose()
    {
        store.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task<CallLogPage> ReadAsync(CallLogFilter filter, int limit = 500) =>
        await query.ReadAsync(filter, limit, TestContext.Current.CancellationToken);

    private static IEnumerable<int> Numbers(CallLogPage page) =>
        page.Rows.Select(r => Convert.ToInt32(r.RequestId[..8], 16));

    [Fact]
    public async Task Pages_AcrossDays_GiveEveryRowOnceNewestFirst()
    {
        var seen = new List<int>();
        long? before = null;
        do
        {
            var page = await ReadAsync(new() { BeforeId = before }, 4);
            page.Rows.Count.ShouldBeLessThanOrEqualTo(4);
            seen.AddRange(Numbers(page));
            before = page.Next;
        } while (before is not null);
        seen.ShouldBe(Enumerable.Range(1, 15).Reverse());
    }

    [Fact]
    public async Task Page_ThatEndsWithTheLog_HasNoNext()
    {
        (await ReadAsync(new(), 15)).Next.ShouldBeNull();
        (await ReadAsync(new(), 14)).Next.ShouldNotBeNull();
    }

    [Fact]
    public async Task Filter_ByTime_FindsRowsOfThatDay()
    {
        var from = new DateTimeOffset(2026, 3, 10, 0, 0, 0, TimeSpan.Zero);
        Numbers(await ReadAsync(new() { From = from, To = from.AddDays(1) })).ShouldBe([10, 9, 8, 7, 6]);
    }

    [Fact]
    public async Task Filter_ByTime_FindsACallThatEndedAfterMidnight()
    {
        var began = new DateTimeOffset(2026, 3, 11, 23, 59, 0, TimeSpan.Zero);
        store.Write([CallRows.Row(99, began)], new DateOnly(2026, 3, 12));
        Numbers(await ReadAsync(new() { From = began, To = began.AddSeconds(1) })).ShouldBe([99]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(501)]
    public async Task Limit_OutOfRange_IsRefused(int limit) =>
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => ReadAsync(new(), limit));
}

public sealed class CallLogRetentionTests
{
    private static readonly DateOnly Today = new(2026, 3, 10);

    private static CallLogDay Day(int age, long rows = 10) => new(Today.AddDays(-age), rows);

    private static IEnumerable<int> Expired(CallLogOptions options, params CallLogDay[] days) =>
        CallLogRetention.Expired(days, Today, options).Select(d => Today.DayNumber - d.DayNumber);

    [Fact]
    public void Days_OlderThanTheLimit_Expire() => Expired(new(), Day(0), Day(29), Day(30), Day(31)).ShouldBe([30, 31]);

    [Fact]
    public void Days_BeyondTheRows_ExpireOldestFirst() =>
        Expired(new() { RetentionRows = 25 }, Day(2), Day(0), Day(1), Day(3)).ShouldBe([2, 3]);

    [Fact]
    public void Today_IsNeverGivenUp() => Expired(new() { RetentionRows = 1 }, Day(0, 1000), Day(1)).ShouldBe([1]);

    [Fact]
    public void Ids_OfADay_LieBetweenItsBounds()
    {
        CallLogIds.Day(CallLogIds.Floor(Today) + 7).ShouldBe(Today);
        CallLogIds.Place(CallLogIds.Floor(Today) + 7).ShouldBe(7);
        CallLogIds.Ceiling(Today).ShouldBe(CallLogIds.Floor(Today.AddDays(1)));
        CallLogIds.Day(long.MaxValue).ShouldBeGreaterThan(Today);
        // Exact as a JavaScript number.
        CallLogIds.Ceiling(new DateOnly(2100, 1, 1)).ShouldBeLessThan(1L << 53);
    }

    [Fact]
    public void Options_OutOfRange_NameValueAndLimit()
    {
        new CallLogOptions().Validate().ShouldBeEmpty();
        var bad = new CallLogOptions
        {
            Capacity = 0,
            CommitInterval = TimeSpan.Zero,
            CommitRows = 0,
            RetentionDays = 0,
            RetentionRows = 0,
        };
        bad.Validate().Count.ShouldBe(5);
        new CallLogOptions { CommitRows = 70_000 }
            .Validate()
            .Single()
            .ShouldContain("70000");
    }
}
