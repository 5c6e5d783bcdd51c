using System.Collections.Frozen;
using System.Diagnostics;
using Fairlead.Server.Caching.Redis;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Policies;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Caching;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting.Limits;

/// <summary>Two nodes that keep a limit together over a real Redis (P-89, C-03, I-26).</summary>
[Trait("Category", "integration")]
public sealed class SharedLimitTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);

    /// <summary>The limits of one node, with 100 calls a minute and a bucket of 20.</summary>
    private sealed class Node : IAsyncDisposable
    {
        private readonly RedisClient redis;

        private Node(string url)
        {
            var time = TimeProvider.System;
            redis = new RedisClient(new RedisOptions { Url = url }, time);
            Limits = new SharedLimits(new LimitsOptions(), time, NullLogger<SharedLimits>.Instance, redis);
            Calls = Limits.Limit("calls", (_, now) => new SlidingWindow(100, Minute, time.TimestampFrequency, now));
            Requests = Limits.Limit("requests", (_, _) => new TokenBucket(20, 1, time.TimestampFrequency));
        }

        public SharedLimits Limits { get; }
        public AllowanceTable Calls { get; }
        public AllowanceTable Requests { get; }

        public static async Task<Node> StartAsync(RedisServer redis)
        {
            var node = new Node(redis.Url);
            await node.Limits.StartAsync(default);
            return node;
        }

        public int Given(AllowanceTable table, string key, int tries)
        {
            var given = 0;
            for (var i = 0; i < tries; i++)
                given += Limits.Take(table, key).IsGiven ? 1 : 0;
            return given;
        }

        /// <summary>Until another node has heard all that this one let through so far.</summary>
        public async Task HeardByAsync(Node other)
        {
            // What is told comes in order: once this stranger is known there, everything before it is.
            var before = other.Calls.Count;
            Limits.Take(Calls, $"stranger {Guid.CreateVersion7()}").IsGiven.ShouldBeTrue();
            await Eventually.UntilAsync(() => other.Calls.Count > before);
        }

        public async ValueTask DisposeAsync()
        {
            await Limits.StopAsync(default);
            Limits.Dispose();
            await redis.DisposeAsync();
        }
    }

    private static Task TogetherAsync(params Node[] nodes) =>
        Eventually.UntilAsync(() => nodes.All(n => n.Limits.Nodes == nodes.Length && n.Limits.Parts == 1));

    [Fact]
    public async Task Calls_LetThroughByOneNode_AreTakenFromTheOthers()
    {
        await using var redis = await CacheNode.RedisAsync();
        await using var a = await Node.StartAsync(redis);
        await using var b = await Node.StartAsync(redis);
        await TogetherAsync(a, b);

        a.Given(a.Calls, "ann", 60).ShouldBe(60);
        a.Given(a.Requests, "198.51.100.7", 15).ShouldBe(15);
        await a.HeardByAsync(b);
        b.Given(b.Calls, "ann", 60).ShouldBe(40);
        b.Given(b.Requests, "198.51.100.7", 10).ShouldBe(5);
        b.Given(b.Calls, "ben", 200).ShouldBe(100);
        await b.HeardByAsync(a);
        a.Given(a.Calls, "ann", 60).ShouldBe(0);
        a.Given(a.Requests, "198.51.100.7", 10).ShouldBe(0);
        a.Given(a.Calls, "ben", 60).ShouldBe(0);
    }

    // What the guide says of the overshoot: what was asked of the other node since the last telling, and no more.
    [Fact]
    public async Task Calls_SpreadOverTwoNodes_AreLetThroughOnceNotTwice()
    {
        await using var redis = await CacheNode.RedisAsync();
        await using var a = await Node.StartAsync(redis);
        await using var b = await Node.StartAsync(redis);
        await TogetherAsync(a, b);
        var given = 0;
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var i = 0; i < 150; i++)
        {
            given += a.Given(a.Calls, "ann", 1) + b.Given(b.Calls, "ann", 1);
            await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
        // Each alone would have let 100 through; told every 100 ms, it is some ten too many.
        given.ShouldBeInRange(100, 150);
    }

    // security.md §5: Redis down, each keeps its part, and no call waits; Redis back, they keep the whole together again.
    [Fact]
    public async Task Limits_WhileRedisIsDown_AreCutIntoParts()
    {
        await using var redis = await CacheNode.RedisAsync();
        await using var a = await Node.StartAsync(redis);
        await using var b = await Node.StartAsync(redis);
        await TogetherAsync(a, b);
        a.Given(a.Calls, "before", 200).ShouldBe(100);

        await redis.KillAsync();
        await Eventually.UntilAsync(() => a.Limits.Parts == 2 && b.Limits.Parts == 2, TimeSpan.FromSeconds(30));
        var watch = Stopwatch.StartNew();
        a.Given(a.Calls, "ann", 1000).ShouldBe(50);
        b.Given(b.Calls, "ann", 1000).ShouldBe(50);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(1));

        await redis.StartAgainAsync();
        await Eventually.UntilAsync(() => a.Limits.Parts == 1 && b.Limits.Parts == 1, TimeSpan.FromSeconds(30));
        await TogetherAsync(a, b);
        a.Given(a.Calls, "cid", 60).ShouldBe(60);
        await a.HeardByAsync(b);
        b.Given(b.Calls, "cid", 60).ShouldBe(40);
    }

    // C-03: a key's calls, by the rate of its group, which the other node knows from what it is told.
    [Fact]
    public async Task CallsOfAKey_AreKeptTogether()
    {
        await using var redis = await CacheNode.RedisAsync();
        await using var a = await Node.StartAsync(redis);
        await using var b = await Node.StartAsync(redis);
        await TogetherAsync(a, b);
        var group = new GroupRoute
        {
            Config = new GroupConfig
            {
                Id = new GroupId("g"),
                Name = "g",
                Description = "",
                ServerCode = "g",
                Enabled = true,
                KeyHashes = [],
                CallsPerMinute = 30,
            },
            Traffic = new GroupTraffic(new GroupId("g")),
            Tools = FrozenDictionary<string, ItemRoute>.Empty,
            Prompts = FrozenDictionary<string, ItemRoute>.Empty,
            Resources = FrozenDictionary<string, ItemRoute>.Empty,
            Templates = [],
            ToolList = null!,
            PromptList = null!,
            ResourceList = null!,
            TemplateList = null!,
            Services = [],
        };
        var (ofA, ofB) = (RateOf(a), RateOf(b));
        Enumerable.Range(0, 20).Count(_ => ofA.Take(group) is { IsGiven: true }).ShouldBe(20);
        await a.HeardByAsync(b);
        Enumerable.Range(0, 20).Count(_ => ofB.Take(group) is { IsGiven: true }).ShouldBe(10);

        static KeyRate RateOf(Node node) => new(new GatewayOptions(), node.Limits, TimeProvider.System);
    }

    // A node that ended is no part any more.
    [Fact]
    public async Task Node_ThatEnded_IsForgotten()
    {
        await using var redis = await CacheNode.RedisAsync();
        await using var a = await Node.StartAsync(redis);
        var b = await Node.StartAsync(redis);
        await TogetherAsync(a, b);
        await b.DisposeAsync();
        await Eventually.UntilAsync(() => a.Limits.Nodes == 1, TimeSpan.FromSeconds(20));
    }
}
