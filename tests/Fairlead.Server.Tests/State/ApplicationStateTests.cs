using Fairlead.Server.Caching.Levels;
using Fairlead.Server.State;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.State;

public sealed class ApplicationStateTests
{
    private readonly FakeTimeProvider time = new();

    // P-31: exact under 64 threads of 10,000 each.
    [Fact]
    public async Task Counts_Of64Threads_AreExact()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var state = new ApplicationState(node.Tools, node.Levels, time);
        var threads = Enumerable
            .Range(0, 64)
            .Select(t => new Thread(() =>
            {
                for (var i = 0; i < 10_000; i++)
                    state.CountRequest(i % 2 == 0 ? "even" : "odd", i % 10 != 0);
                state.Connect($"c{t}");
                if (t % 2 == 0)
                    state.Disconnect($"c{t}");
            }))
            .ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        var s = state.Statistics();
        (s.TotalRequests, s.TotalErrors, s.ErrorRate).ShouldBe((640_000L, 64_000L, 10.0));
        s.ToolCalls.ShouldBe(new Dictionary<string, long> { ["even"] = 320_000, ["odd"] = 320_000 }, ignoreOrder: true);
        s.ActiveConnections.ShouldBe(32);
        (state.Connect("c1"), state.Disconnect("c0")).ShouldBe((false, false));
    }

    // P-32
    [Fact]
    public async Task Statistics_WithoutRequests_HaveNoErrors()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var state = new ApplicationState(node.Tools, node.Levels, time);
        time.Advance(new TimeSpan(1, 2, 3, 4));
        await state.Cache.SetAsync("k", 1);
        var s = state.Statistics();
        (s.Version, s.UptimeSeconds, s.UptimeFormatted, s.ErrorRate, s.CacheSize).ShouldBe(
            ("1.0.0", 93784.0, "1d 02:03:04", 0.0, 1)
        );
        state.StartTime.ShouldBe(time.GetUtcNow() - new TimeSpan(1, 2, 3, 4));
    }

    // P-115: names of tools come from clients, too.
    [Fact]
    public async Task Names_WithoutEnd_AreCountedTogether()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var state = new ApplicationState(node.Tools, node.Levels, time);
        for (var i = 0; i < 5000; i++)
            state.CountRequest($"t{i}", true);
        var calls = state.Statistics().ToolCalls;
        calls.Count.ShouldBe(1001);
        calls["_other"].ShouldBe(4000);
    }

    // P-51: of 1,100 the last 1,000.
    [Fact]
    public void Window_Of1100Samples_KeepsTheLast1000()
    {
        var window = new PerformanceWindow(time);
        window.View().ShouldSatisfyAllConditions(v => v.Samples.ShouldBe(0), v => v.P95Ms.ShouldBe(0));
        for (var i = 1; i <= 1100; i++)
        {
            window.Add(i);
            time.Advance(TimeSpan.FromMilliseconds(10));
        }
        var view = window.View();
        (view.Samples, view.AverageMs, view.P95Ms, view.P99Ms).ShouldBe((1000, 600.5, 1050.05, 1090.01));
        view.RequestsPerSecond.ShouldBe(100, 0.2);
        view.MemoryMb.ShouldBeGreaterThan(10);
        view.CpuPercent.ShouldBeInRange(0, 100);
    }

    // P-14, P-32, P-35, P-51 over REST: three hits and one miss are 75.00.
    [Fact]
    public async Task Endpoints_OfState_HaveTheirFigures()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var none = (await host.GetAsync("/api/v1/state/stats")).Data;
        none.GetProperty("cache_hit_rate").GetDouble().ShouldBe(0);
        var levels = host.Get<MultiLevelCache>();
        await levels.SetAsync("k", "1"u8.ToArray(), CacheTerms.Default);
        foreach (var key in (string[])["k", "k", "k", "x"])
            await levels.GetAsync(key);
        var write = host.Get<Server.Gateway.Traffic.WriteCallLog>();
        foreach (var success in (bool[])[true, true, false])
            write(
                new CallLogRow
                {
                    At = host.Time.GetUtcNow(),
                    RequestId = Guid.CreateVersion7(host.Time.GetUtcNow()),
                    Method = "tools/call",
                    Name = "add",
                    Success = success,
                    DurationMicroseconds = 2000,
                }
            );
        host.Time.Advance(TimeSpan.FromSeconds(5));
        var stats = (await host.GetAsync("/api/v1/state/stats")).Data;
        stats
            .EnumerateObject()
            .Select(m => (m.Name, m.Value.GetDouble()))
            .ShouldBe(
                [
                    ("uptime_seconds", 5),
                    ("request_count", 3),
                    ("error_count", 1),
                    ("cache_hits", 3),
                    ("cache_misses", 1),
                    ("cache_hit_rate", 75.00),
                ],
                ignoreOrder: true
            );
        var application = (await host.GetAsync("/api/v1/state/application")).Data;
        application
            .EnumerateObject()
            .Select(m => m.Name)
            .ShouldBe(
                [
                    "version",
                    "uptime_seconds",
                    "uptime_formatted",
                    "total_requests",
                    "total_errors",
                    "error_rate",
                    "active_connections",
                    "tool_calls",
                    "cache_size",
                ],
                ignoreOrder: true
            );
        application.GetProperty("tool_calls").GetProperty("add").GetInt64().ShouldBe(3);
        application.GetProperty("error_rate").GetDouble().ShouldBe(33.33);
        var performance = (await host.GetAsync("/api/v1/state/performance")).Data;
        (performance.GetProperty("samples").GetInt32(), performance.GetProperty("p95_ms").GetDouble()).ShouldBe(
            (3, 2.0)
        );
        var lifetime = (await host.GetAsync("/api/v1/state/lifetime")).Data;
        lifetime.GetProperty("last_shutdown").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await Eventually.UntilAsync(async () =>
            (await host.GetAsync("/api/v1/state/lifetime")).Data.GetProperty("total_lifetime_requests").GetInt64() == 3
        );
    }
}
