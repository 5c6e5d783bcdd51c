using Fairlead.Server.Caching.Memory;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Caching;

public sealed class BoundedCacheTests
{
    private readonly FakeTimeProvider time = new();

    // P-42, C-01: 100 is the bare class's own default.
    [Fact]
    public void Lru_OneOverItsDefault_EvictsTheLeastRecentlyUsed()
    {
        var cache = new LruCache<int>(time: time);
        for (var i = 1; i <= 100; i++)
            cache.Set($"{i}", i);
        cache.TryGet("1", out _).ShouldBeTrue();
        cache.Set("101", 101);
        cache.TryGet("2", out _).ShouldBeFalse();
        cache.TryGet("1", out var first).ShouldBeTrue();
        first.ShouldBe(1);
        cache.Count.ShouldBe(100);
    }

    // P-42
    [Fact]
    public void Lru_Overwritten_IsRecentAgain()
    {
        var cache = new LruCache<int>(2, time);
        cache.Set("a", 1);
        cache.Set("b", 1);
        cache.Set("a", 2);
        cache.Set("c", 1);
        Keys(cache, "a", "b", "c").ShouldBe(["a", "c"]);
    }

    // P-38: each policy's own victim, where the others would have taken another.
    [Theory]
    [InlineData("Lru", "b")]
    [InlineData("Lfu", "c")]
    [InlineData("Fifo", "a")]
    [InlineData("Ttl", "d")]
    public void Policy_WhenFull_ChoosesItsVictim(string policy, string victim)
    {
        var cache = new BoundedCache<int>(Enum.Parse<EvictionPolicy>(policy), 4, long.MaxValue, null, time);
        cache.Set("a", 1, TimeSpan.FromSeconds(400));
        cache.Set("b", 1, TimeSpan.FromSeconds(300));
        cache.Set("c", 1, null);
        cache.Set("d", 1, TimeSpan.FromSeconds(200));
        // b is read most but longest ago, c least often.
        foreach (var key in (string[])["b", "b", "b", "c", "d", "d", "a", "a"])
            cache.TryGet(key, out _);
        cache.Set("e", 1);
        string[] all = ["a", "b", "c", "d"];
        Keys(cache, all).ShouldBe(all.Where(k => k != victim));
        cache.TryGet("e", out _).ShouldBeTrue();
    }

    // P-39
    [Fact]
    public void Entry_WithoutTtl_OutlivesTenYearsAndTellsOfItsUse()
    {
        var cache = new LruCache<string>(time: time);
        cache.Set("k", "v", null);
        var made = time.GetUtcNow();
        time.Advance(TimeSpan.FromDays(3653));
        cache.Describe("k").ShouldBe(new("k", made, made, 0, null));
        cache.TryGet("k", out var value).ShouldBeTrue();
        value.ShouldBe("v");
        cache.TryGet("k", out _);
        cache.Describe("k").ShouldBe(new("k", made, time.GetUtcNow(), 2, null));
    }

    // P-40
    [Fact]
    public void Ttl_DefaultAndOwn_EndWhenTheyShould()
    {
        var cache = new TtlCache<int>(time: time);
        cache.Set("default", 1);
        cache.Set("own", 1, TimeSpan.FromSeconds(10));
        cache.Set("long", 1, TimeSpan.FromSeconds(301));
        time.Advance(TimeSpan.FromSeconds(10));
        Keys(cache, "default", "own", "long").ShouldBe(["default", "long"]);
        time.Advance(TimeSpan.FromSeconds(290) - TimeSpan.FromTicks(1));
        Keys(cache, "default", "long").ShouldBe(["default", "long"]);
        time.Advance(TimeSpan.FromTicks(1));
        Keys(cache, "default", "long").ShouldBe(["long"]);
    }

    // P-40
    [Fact]
    public void CleanupExpired_OfSome_TellsHowMany()
    {
        var cache = new TtlCache<int>(TimeSpan.FromSeconds(5), time: time);
        for (var i = 0; i < 7; i++)
            cache.Set($"{i}", i);
        cache.Set("stays", 1, TimeSpan.FromSeconds(6));
        time.Advance(TimeSpan.FromSeconds(5));
        cache.Count.ShouldBe(8);
        cache.CleanupExpired().ShouldBe(7);
        cache.Count.ShouldBe(1);
        cache.CleanupExpired().ShouldBe(0);
        cache.Remove("stays").ShouldBeTrue();
        cache.Remove("stays").ShouldBeFalse();
    }

    // P-41, C-40
    [Fact]
    public void Statistics_OfThreeLookups_ArePercentWithTwoDecimals()
    {
        var cache = new TtlCache<int>(time: time);
        cache.Statistics.HitRate.ShouldBe(0);
        cache.Set("a", 1);
        Keys(cache, "a", "x", "y");
        var s = cache.Statistics;
        (s.Size, s.Hits, s.Misses, s.HitRate, s.TotalRequests).ShouldBe((1, 1, 2, 33.33, 3));
        cache.Clear();
        cache.Statistics.ShouldBe(new(0, 0, 0, 0, 0, 0, 0));
    }

    // P-43: bytes bound it, too.
    [Fact]
    public void Bytes_OverTheBound_EvictUntilTheyFit()
    {
        var cache = new BoundedCache<int>(EvictionPolicy.Lru, 1000, 10_000, null, time);
        for (var i = 0; i < 9; i++)
            cache.Set($"{i}", i, null, 900).ShouldBeTrue();
        cache.Count.ShouldBe(9);
        cache.Set("big", 1, null, 5000).ShouldBeTrue();
        cache.Bytes.ShouldBeLessThanOrEqualTo(10_000);
        Keys(cache, "0", "8", "big").ShouldBe(["8", "big"]);
        cache.Set("8", 1, null, 10_000).ShouldBeFalse();
        // The older value of what could not be kept is not true any more.
        cache.TryGet("8", out _).ShouldBeFalse();
    }

    // P-115: a million keys, and neither entries nor what orders them grow.
    [Theory]
    [InlineData("Lru")]
    [InlineData("Lfu")]
    [InlineData("Fifo")]
    [InlineData("Ttl")]
    public void Million_OfKeys_StaysWithinTheBound(string policy)
    {
        var cache = new BoundedCache<byte[]>(Enum.Parse<EvictionPolicy>(policy), 1000, long.MaxValue, null, time);
        var (most, queued) = (0, 0);
        for (var i = 0; i < 250_000; i++)
        {
            cache.Set($"key {i}", [], TimeSpan.FromSeconds(3600));
            // Overwritten and read: what they leave behind must go, too.
            cache.Set($"key {i}", [], TimeSpan.FromSeconds(3600));
            cache.TryGet($"key {i - 500}", out _);
            (most, queued) = (Math.Max(most, cache.Count), Math.Max(queued, cache.Queued));
        }
        most.ShouldBe(1000);
        queued.ShouldBeLessThan(2 * 1000 + 70);
    }

    [Fact]
    public async Task Threads_ReadingAndWriting_KeepTheCountRight()
    {
        var cache = new LruCache<int>(64);
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(t =>
                    Task.Run(() =>
                    {
                        for (var i = 0; i < 20_000; i++)
                        {
                            var key = $"{(i * 7 + t) % 200}";
                            if (!cache.TryGet(key, out _))
                                cache.Set(key, i, i % 3 == 0 ? TimeSpan.FromTicks(1) : null);
                            if (i % 11 == 0)
                                cache.Remove(key);
                        }
                    })
                )
        );
        cache.CleanupExpired();
        cache.Count.ShouldBeInRange(1, 64);
        var there = Enumerable.Range(0, 200).Count(i => cache.Describe($"{i}") is not null);
        there.ShouldBe(cache.Count);
        cache.Clear();
        (cache.Count, cache.Bytes).ShouldBe((0, 0L));
    }

    private static IEnumerable<string> Keys(BoundedCache<int> cache, params string[] keys) =>
        [.. keys.Where(k => cache.TryGet(k, out _))];
}
