using Fairlead.Server.Hosting.Limits;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting.Limits;

/// <summary>The two ways of counting, and the table of those who are counted.</summary>
public sealed class AllowanceTests
{
    private const long Frequency = TimeSpan.TicksPerSecond;
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);

    private static long At(double seconds) => (long)(seconds * Frequency);

    private static SlidingWindow Window(int max) => new(max, Minute, Frequency, At(0));

    private static TokenBucket Bucket() => new(20, 100, Frequency);

    // I-26, C-03: twenty at once, then one each 0.6 s; never more than twenty saved up.
    [Fact]
    public void Bucket_OfTwentyAndAHundredAMinute_GivesWhatIsPromised()
    {
        var bucket = Bucket();
        for (var i = 0; i < 20; i++)
            bucket.Take(At(0)).ShouldBe(new Permit(true, 19 - i, TimeSpan.Zero));
        var refused = bucket.Take(At(0));
        refused.IsGiven.ShouldBeFalse();
        refused.Wait.ShouldBe(TimeSpan.FromSeconds(0.6));
        refused.RetryAfter.ShouldBe(1);
        bucket.Take(At(0.59)).IsGiven.ShouldBeFalse();
        bucket.Take(At(0.6)).IsGiven.ShouldBeTrue();
        bucket.Take(At(0.6)).IsGiven.ShouldBeFalse();
        Given(bucket, At(3600)).ShouldBe(20);
    }

    [Fact]
    public void Bucket_OverAMinute_GivesAHundredAndTheTwentyItHad()
    {
        var bucket = Bucket();
        var given = 0;
        for (var i = 0; i < 6000; i++)
            given += bucket.Take(At(i / 100.0)).IsGiven ? 1 : 0;
        given.ShouldBe(119); // the hundredth token comes at 60.0 s
    }

    // P-89: the eleventh is refused and told how long to wait; each is allowed again when its forerunner left the window.
    [Fact]
    public void Window_OfTenAMinute_RefusesTheEleventhUntilTheFirstHasLeft()
    {
        var window = Window(10);
        for (var i = 0; i < 10; i++)
            window.Take(At(i)).ShouldBe(new Permit(true, 9 - i, TimeSpan.Zero));
        var refused = window.Take(At(10));
        (refused.IsGiven, refused.Remaining, refused.Wait).ShouldBe((false, 0, TimeSpan.FromSeconds(50)));
        refused.RetryAfter.ShouldBe(50);
        window.Take(At(59.9)).IsGiven.ShouldBeFalse();
        window.Take(At(60)).IsGiven.ShouldBeTrue();
        window.Take(At(60)).IsGiven.ShouldBeFalse();
        Given(window, At(65.5)).ShouldBe(5);
        Given(window, At(600)).ShouldBe(10);
    }

    // P-89: in no window of a minute are there more; whatever comes, and as many as may be are let through.
    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(128)]
    [InlineData(1000)]
    public void Window_OfAnyTraffic_HoldsInEveryWindow(int max)
    {
        var random = new Random(max);
        var window = Window(max);
        // Above 128 several in a row share one time: both ways by one row at most.
        var slack = (max + 127) / 128 - 1;
        Queue<double> given = [];
        var now = 0.0;
        var most = 0;
        for (var i = 0; i < 20_000; i++)
        {
            now += random.NextDouble() < 0.2 / max ? random.NextDouble() * 70 : random.NextDouble() * 60 / max;
            while (given.TryPeek(out var first) && now - first >= 60)
                given.Dequeue();
            if (window.Take(At(now)).IsGiven)
                given.Enqueue(now);
            else
                given.Count.ShouldBeGreaterThanOrEqualTo(max - slack - (max > 128 ? 8 : 0) - 1);
            most = Math.Max(most, given.Count);
        }
        most.ShouldBeInRange(max, max + slack);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(1000)]
    public async Task Window_UnderManyThreads_GivesNotOneTooMany(int max)
    {
        for (var round = 0; round < 20; round++)
        {
            var window = Window(max);
            var given = 0;
            await Task.WhenAll(
                Enumerable
                    .Range(0, 8)
                    .Select(_ =>
                        Task.Run(() =>
                        {
                            for (var i = 0; i < max + 100; i++)
                                if (window.Take(At(1)).IsGiven)
                                    Interlocked.Increment(ref given);
                        })
                    )
            );
            given.ShouldBeInRange(max, max + (max + 127) / 128 - 1);
        }
    }

    [Fact]
    public async Task Bucket_UnderManyThreads_GivesNotOneTooMany()
    {
        var bucket = Bucket();
        var given = 0;
        await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => Interlocked.Add(ref given, Given(bucket, At(1)))))
        );
        given.ShouldBe(20);
    }

    // What other nodes gave counts as if it were given here; what they gave too much is not owed.
    [Fact]
    public void Spend_OfOthers_IsTakenFromWhatIsLeft()
    {
        var window = Window(10);
        window.Spend(7, At(5));
        Given(window, At(5)).ShouldBe(3);
        window.Spend(50, At(6));
        Given(window, At(64)).ShouldBe(0);
        Given(window, At(66)).ShouldBe(10);

        var bucket = Bucket();
        bucket.Spend(15, At(0));
        Given(bucket, At(0)).ShouldBe(5);
        bucket.Spend(500, At(0));
        bucket.Take(At(0.6)).IsGiven.ShouldBeTrue();
    }

    // security.md §5: a node alone keeps its part.
    [Fact]
    public void Take_OfAPart_IsThatPartOfTheLimit()
    {
        Given(Window(100), At(0), parts: 4).ShouldBe(25);
        Given(Window(3), At(0), parts: 10).ShouldBe(1);
        var bucket = Bucket();
        Given(bucket, At(0), parts: 4).ShouldBe(5);
        bucket.Take(At(0.6), parts: 4).IsGiven.ShouldBeFalse();
        bucket.Take(At(2.4), parts: 4).IsGiven.ShouldBeTrue();
        var window = Window(100);
        Given(window, At(0), parts: 2).ShouldBe(50);
        Given(window, At(1)).ShouldBe(50);
    }

    [Theory]
    [InlineData(600_000_000)]
    [InlineData(1_000_000_000)]
    public void Limit_RaisedVeryHigh_NeverRefuses(int max)
    {
        var window = Window(max);
        var bucket = new TokenBucket(1_000_000, max, Frequency);
        for (var i = 0; i < 10_000; i++)
        {
            window.Take(At(0)).IsGiven.ShouldBeTrue();
            bucket.Take(At(0)).IsGiven.ShouldBeTrue();
        }
    }

    // P-115: a million strangers leave the memory flat, and one who comes all the time is not forgotten.
    [Fact]
    public void Table_OfAMillionCallers_StaysBounded()
    {
        var table = new AllowanceTable("t", (_, now) => new SlidingWindow(100, Minute, Frequency, now), 1000);
        long Bytes() => GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 2000; i++)
            table.Of($"warm-{i}", At(0));
        var before = Bytes();
        var regular = table.Of("regular", At(0));
        for (var i = 0; i < 1_000_000; i++)
        {
            table.Of($"stranger-{i}", At(0));
            if (i % 400 == 0)
                table.Of("regular", At(0)).ShouldBeSameAs(regular);
        }
        table.Count.ShouldBeInRange(500, 1000);
        (Bytes() - before).ShouldBeLessThan(4 * 1024 * 1024);
    }

    private static int Given(Allowance allowance, long now, int parts = 1)
    {
        var given = 0;
        for (var i = 0; i < 1000; i++)
            given += allowance.Take(now, parts).IsGiven ? 1 : 0;
        return given;
    }
}
