using System.Diagnostics;
using System.Text;
using Fairlead.Server.Caching;
using Fairlead.Server.Caching.Levels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Caching;

/// <summary>The levels without Redis: memory and source.</summary>
public sealed class MultiLevelCacheTests
{
    private static readonly CachingOptions Steady = new() { Jitter = 0 };
    private readonly FakeTimeProvider time = new();
    private int asked;

    // I-02, C-01: 2,000 entries, and the 2,001st evicts the one that was used longest ago.
    [Fact]
    public async Task Entry2001_OfTheDefault_EvictsTheLeastRecentlyUsed()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        for (var i = 1; i <= 2000; i++)
            await AskAsync(node, $"k{i}");
        (await AskAsync(node, "k1")).Level.ShouldBe(CacheLevel.Memory);
        await AskAsync(node, "k2001");
        (await node.Levels.GetAsync("k2")).ShouldBeNull();
        (await node.Levels.GetAsync("k1")).ShouldNotBeNull();
        node.Levels.Memory.Size.ShouldBe(2000);
    }

    // P-43: 100 MB
    [Fact]
    public async Task Bytes_OfTheDefault_AreAHundredMegabytes()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var value = new byte[4 * 1024 * 1024];
        for (var i = 0; i < 30; i++)
            await node.Levels.SetAsync($"k{i}", value, CacheTerms.Default);
        node.Levels.Memory.Size.ShouldBe(24);
        node.Levels.Memory.Bytes.ShouldBeInRange(90L << 20, 100L << 20);
        await node.Levels.SetAsync("big", new byte[value.Length + 1], CacheTerms.Default);
        (await node.Levels.GetAsync("big")).ShouldBeNull();
    }

    // C-02
    [Fact]
    public async Task Life_InMemoryAlone_IsTheDefaultOf300Seconds()
    {
        var options = new CachingOptions();
        (options.TtlDefault, options.L1, options.L2, options.VectorSearch, options.ManualSet).ShouldBe(
            (300, 60, 3600, 120, 3600)
        );
        await using var node = await CacheNode.StartAsync(options: Steady, time: time);
        await AskAsync(node, "k");
        time.Advance(TimeSpan.FromSeconds(299));
        (await AskAsync(node, "k")).Level.ShouldBe(CacheLevel.Memory);
        time.Advance(TimeSpan.FromSeconds(1));
        (await AskAsync(node, "k")).Level.ShouldBe(CacheLevel.Source);
    }

    [Fact]
    public async Task Jitter_OfMany_ShortensEachALittleAndDifferently()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        for (var i = 0; i < 200; i++)
            await AskAsync(node, $"k{i}");
        time.Advance(TimeSpan.FromSeconds(269));
        (await LivingAsync()).ShouldBe(200);
        time.Advance(TimeSpan.FromSeconds(16));
        (await LivingAsync()).ShouldBeInRange(40, 160);
        time.Advance(TimeSpan.FromSeconds(15));
        (await LivingAsync()).ShouldBe(0);

        async Task<int> LivingAsync()
        {
            var living = 0;
            for (var i = 0; i < 200; i++)
                living += await node.Levels.GetAsync($"k{i}") is null ? 0 : 1;
            return living;
        }
    }

    // P-36: one look for all that ask at once.
    [Fact]
    public async Task Stampede_OfAHundred_AsksTheSourceOnce()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var gate = new TaskCompletionSource();
        var all = Enumerable
            .Range(0, 100)
            .Select(_ =>
                Task.Run(() =>
                    node
                        .Levels.GetOrCreateAsync(
                            "k",
                            async _ =>
                            {
                                Interlocked.Increment(ref asked);
                                await gate.Task;
                                return new(Bytes("v"));
                            },
                            CacheTerms.Default,
                            default
                        )
                        .AsTask()
                )
            )
            .ToList();
        await Eventually.UntilAsync(() => Volatile.Read(ref asked) > 0);
        gate.SetResult();
        (await Task.WhenAll(all)).ShouldAllBe(a => Text(a) == "v");
        asked.ShouldBe(1);
    }

    [Fact]
    public async Task Source_ThatFails_FailsAllWhoWaitAndIsAskedAgain()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var gate = new TaskCompletionSource();
        async ValueTask<CacheSource> FailAsync(CancellationToken _)
        {
            asked++;
            await gate.Task;
            throw new InvalidOperationException("source");
        }
        var first = node.Levels.GetOrCreateAsync("k", FailAsync, CacheTerms.Default, default).AsTask();
        var second = node.Levels.GetOrCreateAsync("k", FailAsync, CacheTerms.Default, default).AsTask();
        gate.SetResult();
        (await Should.ThrowAsync<InvalidOperationException>(first)).Message.ShouldBe("source");
        await Should.ThrowAsync<InvalidOperationException>(second);
        asked.ShouldBe(1);
        (await AskAsync(node, "k")).Level.ShouldBe(CacheLevel.Source);
    }

    [Fact]
    public async Task Waiter_WhoGivesUp_LeavesTheOthersTheirAnswerAndTheLastStopsTheSource()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var gate = new TaskCompletionSource();
        var stopped = new TaskCompletionSource();
        async ValueTask<CacheSource> SlowAsync(CancellationToken token)
        {
            asked++;
            try
            {
                await gate.Task.WaitAsync(token);
            }
            finally
            {
                stopped.TrySetResult();
            }
            return new(Bytes("v"));
        }
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var one = node.Levels.GetOrCreateAsync("k", SlowAsync, CacheTerms.Default, first.Token).AsTask();
        var two = node.Levels.GetOrCreateAsync("k", SlowAsync, CacheTerms.Default, second.Token).AsTask();
        await first.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(one);
        stopped.Task.IsCompleted.ShouldBeFalse();
        await second.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(two);
        await stopped.Task;
        gate.SetResult();
        (await AskAsync(node, "k")).Level.ShouldBe(CacheLevel.Source);
        asked.ShouldBe(2);
    }

    [Fact]
    public async Task Removal_WhileTheSourceIsAsked_IsNotUndoneByItsAnswer()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        foreach (
            var removal in (RemovalOf[])
                [new(RemovalKind.Key, "k1"), new(RemovalKind.Prefix, "k"), new(RemovalKind.Tag, "t")]
        )
        {
            var gate = new TaskCompletionSource();
            var old = node.Levels.GetOrCreateAsync(
                "k1",
                async _ =>
                {
                    await gate.Task;
                    return new(Bytes("old"));
                },
                new CacheTerms(Tags: ["t"]),
                default
            );
            await node.Levels.RemoveAsync(removal);
            // Who asks after the removal does not get the look that began before it.
            Text(await AskAsync(node, "k1", "new")).ShouldBe("new");
            gate.SetResult();
            Text(await old).ShouldBe("old");
            Text((await node.Levels.GetAsync("k1"))!.Value).ShouldBe("new");
            await node.Levels.RemoveAsync(new(RemovalKind.Prefix, ""));
        }
    }

    [Fact]
    public async Task FailSafe_WhenTheSourceFails_ServesTheOldForAWhile()
    {
        await using var node = await CacheNode.StartAsync(options: Steady with { FailSafe = 100 }, time: time);
        await AskAsync(node, "k");
        time.Advance(TimeSpan.FromSeconds(350));
        var stale = await node.Levels.GetOrCreateAsync("k", BrokenAsync, CacheTerms.Default, default);
        (Text(stale), stale.Level).ShouldBe(("v", CacheLevel.Stale));
        // Not for who only looks, and not for ever.
        (await node.Levels.GetAsync("k")).ShouldBeNull();
        time.Advance(TimeSpan.FromSeconds(50));
        await Should.ThrowAsync<InvalidOperationException>(async () =>
            await node.Levels.GetOrCreateAsync("k", BrokenAsync, CacheTerms.Default, default)
        );
        await using var without = await CacheNode.StartAsync(options: Steady, time: time);
        await AskAsync(without, "k");
        time.Advance(TimeSpan.FromSeconds(301));
        await Should.ThrowAsync<InvalidOperationException>(async () =>
            await without.Levels.GetOrCreateAsync("k", BrokenAsync, CacheTerms.Default, default)
        );

        static ValueTask<CacheSource> BrokenAsync(CancellationToken _) => throw new InvalidOperationException("source");
    }

    [Fact]
    public async Task Tag_Removed_TakesWhatHasItAndNothingElse()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        await node.Levels.SetAsync("a", Bytes("1"), new(Tags: ["red", "round"]));
        await node.Levels.SetAsync("b", Bytes("1"), new(Tags: ["round"]));
        await node.Levels.SetAsync("c", Bytes("1"), CacheTerms.Default);
        await node.Levels.RemoveAsync(new(RemovalKind.Tag, "red"));
        (await node.Levels.GetManyAsync(["a", "b", "c"])).Select(a => a is null).ShouldBe([true, false, false]);
    }

    // P-46: seven figures that add up.
    [Fact]
    public async Task Statistics_OfLookups_AddUp()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        await AskAsync(node, "k");
        await AskAsync(node, "k");
        await AskAsync(node, "k");
        node.Levels.Statistics.ShouldBe(new(2, 0, 1, 3, 66.67, 0, 66.67));
        LevelStatistics.Of(1, 1, 1).ShouldBe(new(1, 1, 1, 3, 33.33, 33.33, 66.67));
    }

    // P-37: the source takes 2 s of the clock, a hit next to nothing of the real one.
    [Fact]
    public async Task Hit_OfWhatTook2Seconds_TakesLessThan10Milliseconds()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var first = node.Levels.GetOrCreateAsync("k", SlowAsync, CacheTerms.Default, default).AsTask();
        await Eventually.UntilAsync(() => asked == 1);
        first.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(2));
        await first;
        var times = new List<double>();
        for (var i = 0; i < 1000; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await node.Levels.GetOrCreateAsync("k", SlowAsync, CacheTerms.Default, default);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }
        times.Order().ElementAt(950).ShouldBeLessThan(10);
        asked.ShouldBe(1);

        async ValueTask<CacheSource> SlowAsync(CancellationToken token)
        {
            asked++;
            await Task.Delay(TimeSpan.FromSeconds(2), time, token);
            return new(Bytes("v"));
        }
    }

    // P-73
    [Theory]
    [InlineData(9, 11, true)]
    [InlineData(10, 10, false)]
    public async Task HitRate_BelowHalf_IsLoggedWithRateAndThreshold(int hits, int misses, bool warned)
    {
        await using var node = await CacheNode.StartAsync(options: Steady, time: time);
        await node.Levels.SetAsync("k", Bytes("v"), CacheTerms.Default);
        for (var i = 0; i < hits; i++)
            await node.Levels.GetAsync("k");
        for (var i = 0; i < misses; i++)
            await node.Levels.GetAsync($"miss{i}");
        await node.Levels.SetAsync("gone", Bytes("v"), new(TimeSpan.FromSeconds(1)));
        await Eventually.UntilAsync(() => time.ArmedTimers > 0);
        time.Advance(TimeSpan.FromMinutes(1));
        await Eventually.UntilAsync(() => node.Levels.Memory.Size == 1);
        if (warned)
            await Eventually.UntilAsync(() => node.Log.All.Count > 0);
        await node.StopAsync();
        node.Log.All.Any(l => l.Contains("hit rate is 0.45, below 0.5", StringComparison.Ordinal)).ShouldBe(warned);
    }

    private async Task<CacheAnswer> AskAsync(CacheNode node, string key, string value = "v") =>
        await node.Levels.GetOrCreateAsync(
            key,
            _ =>
            {
                asked++;
                return new(new CacheSource(Bytes(value)));
            },
            CacheTerms.Default,
            default
        );

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(CacheAnswer answer) => Encoding.UTF8.GetString(answer.Value.Span);
}
