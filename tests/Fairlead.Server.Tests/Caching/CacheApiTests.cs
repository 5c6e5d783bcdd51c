using System.Diagnostics.Metrics;
using Fairlead.Server.Caching;
using Fairlead.Server.Caching.Levels;
using Fairlead.Server.Caching.Redis;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Caching;

public sealed class CacheApiTests(PostgresFixture fixture)
{
    // P-46 over REST; C-40: numbers.
    [Fact]
    public async Task Stats_AfterLookups_HaveTheSevenFiguresAsNumbers()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var cache = host.Get<MultiLevelCache>();
        await cache.SetAsync("k", "1"u8.ToArray(), CacheTerms.Default);
        foreach (var key in (string[])["k", "k", "k", "x"])
            await cache.GetAsync(key);
        var data = (await host.GetAsync("/api/v1/cache/stats")).Data;
        data.GetProperty("l1_hits").GetInt64().ShouldBe(3);
        data.GetProperty("l2_hits").GetInt64().ShouldBe(0);
        data.GetProperty("misses").GetInt64().ShouldBe(1);
        data.GetProperty("total_requests").GetInt64().ShouldBe(4);
        data.GetProperty("l1_hit_rate").GetDouble().ShouldBe(75);
        data.GetProperty("l2_hit_rate").GetDouble().ShouldBe(0);
        data.GetProperty("overall_hit_rate").GetDouble().ShouldBe(75);
        data.GetProperty("redis").GetString().ShouldBe("off");
    }

    [Fact]
    public async Task Clear_ByPrefixTagOrAll_RemovesAndIsAudited()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var cache = host.Get<MultiLevelCache>();
        await cache.SetAsync("user:1", "1"u8.ToArray(), CacheTerms.Default);
        await cache.SetAsync("page:1", "1"u8.ToArray(), new(Tags: ["pages"]));
        await cache.SetAsync("other", "1"u8.ToArray(), CacheTerms.Default);
        (await RemovedAsync("""{"prefix":"user:"}""")).ShouldBe(1);
        (await RemovedAsync("""{"tag":"pages"}""")).ShouldBe(1);
        (await cache.GetAsync("other")).ShouldNotBeNull();
        (await RemovedAsync("{}")).ShouldBe(1);
        var both = await host.PostAsync("/api/v1/cache/clear", """{"prefix":"a","tag":"b"}""");
        (both.Status, both.Code, both.Field).ShouldBe((400, "INVALID_PARAMETER", "tag"));
        var empty = await host.PostAsync("/api/v1/cache/clear", """{"prefix":""}""");
        (empty.Status, empty.Field).ShouldBe((400, "prefix"));
        var audit = await host.GetAsync("/api/v1/audit?action=cache.clear&result=success");
        audit.Data.GetArrayLength().ShouldBe(3);
        audit.Text.ShouldContain("user:");

        async Task<int> RemovedAsync(string json) =>
            (await host.PostAsync("/api/v1/cache/clear", json)).Data.GetProperty("removed").GetInt32();
    }

    [Fact]
    public async Task Metrics_OfTheCache_ArePublished()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var cache = host.Get<MultiLevelCache>();
        await cache.SetAsync("k", "1"u8.ToArray(), CacheTerms.Default);
        await cache.GetAsync("k");
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener();
        var ours = host.Get<CacheMeter>();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name.StartsWith("fairlead.cache.", StringComparison.Ordinal) && ours.Owns(instrument))
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>(
            (i, v, tags, _) => seen[i.Name + (tags.Length > 0 ? tags[0].Value : "")] = v
        );
        listener.SetMeasurementEventCallback<int>((i, v, _, _) => seen[i.Name] = v);
        listener.Start();
        listener.RecordObservableInstruments();
        seen["fairlead.cache.hitsl1"].ShouldBe(1);
        seen["fairlead.cache.hitsl2"].ShouldBe(0);
        seen["fairlead.cache.misses"].ShouldBe(0);
        seen["fairlead.cache.size"].ShouldBe(1);
        seen["fairlead.cache.bytes"].ShouldBeGreaterThan(0);
        seen["fairlead.cache.evictions"].ShouldBe(0);
    }

    // P-50: a user who is changed takes what is kept of him and of all.
    [Fact]
    public async Task User_Changed_IsGoneFromTheCache()
    {
        await using var host = await AdminHost.StartWholeAsync();
        var cache = host.Get<ToolCache>();
        var id = (await host.Get<Server.Identity.UserStore>().FindAsync("carol", default))!.Id;
        foreach (var key in (string[])[$"user:{id}", "user_list", "user:other"])
            await cache.SetAsync(key, 1);
        (await host.Get<Server.Identity.UserStore>().SetEnabledAsync("carol", false, default)).Ok.ShouldBeTrue();
        (await cache.GetAsync<int>($"user:{id}")).IsCached.ShouldBeFalse();
        (await cache.GetAsync<int>("user_list")).IsCached.ShouldBeFalse();
        (await cache.GetAsync<int>("user:other")).IsCached.ShouldBeTrue();
    }

    [Fact]
    public void Options_OutOfRange_AreRefusedByName()
    {
        var wrong = new CachingOptions
        {
            TtlDefault = 0,
            MaxEntries = 0,
            MaxBytes = 1,
            Jitter = 1,
            FailSafe = -1,
            L2Budget = TimeSpan.Zero,
            LowHitRate = 2,
        }.Validate();
        foreach (
            var name in (string[])
                ["TtlDefault", "MaxEntries", "MaxBytes", "Jitter", "FailSafe", "L2Budget", "LowHitRate"]
        )
            wrong.ShouldContain(w => w.StartsWith($"Cache:{name} ", StringComparison.Ordinal));
        new CachingOptions().Validate().ShouldBeEmpty();
        new RedisOptions { Url = "http://x", PoolMax = 1 }
            .Validate()
            .Select(w => w.Split(' ')[0])
            .ShouldBe(["Redis:Url", "Redis:PoolMax"]);
    }

    // P-10, P-15
    [Fact]
    public void Redis_IsOffUnlessTold_AndThenHasItsDefaults()
    {
        var none = new RedisOptions();
        (none.IsOn, none.PoolMin, none.PoolMax).ShouldBe((false, 5, 10));
        var on = new RedisOptions { Enabled = true };
        on.IsOn.ShouldBeTrue();
        RedisAddress.TryRead(on)!.ToString().ShouldBe("redis://localhost:6379/0");
        RedisAddress
            .TryRead(new RedisOptions { Url = "rediss://ann:p%40ss@cache.example.org:7000/3" })
            .ShouldBe(new("cache.example.org", 7000, true, "ann", "p@ss", 3));
    }

    // P-48 without Redis: the store that nodes share tells them.
    [Fact]
    [Trait("Category", "integration")]
    public async Task Removal_OnOneNodeOfPostgres_IsHeardByTheOther()
    {
        using var folder = new TempFolder();
        var keys = Path.Combine(folder.Path, "master");
        await File.WriteAllTextAsync(keys, Convert.ToBase64String(new byte[32]));
        var storage = new StorageOptions
        {
            Provider = StorageProvider.Postgres,
            ConnectionString = await (await fixture.ServerAsync()).CreateDatabaseAsync(),
            DataDirectory = folder.Path,
            MasterKeyFile = keys,
        };
        await using var one = await CacheNode.StartAsync(storage: storage);
        await using var two = await CacheNode.StartAsync(storage: storage);
        await one.HearingAsync();
        await two.HearingAsync();
        foreach (var key in (string[])["a", "b:1", "c", "d", new string('x', 9000)])
            await two.Levels.SetAsync(key, "1"u8.ToArray(), new(Tags: key is "c" ? ["t"] : null));
        await one.Levels.RemoveAsync(new(RemovalKind.Key, "a"));
        await one.Levels.RemoveAsync(new(RemovalKind.Prefix, "b:"));
        await one.Levels.RemoveAsync(new(RemovalKind.Tag, "t"));
        foreach (var key in (string[])["a", "b:1", "c"])
            await Eventually.UntilAsync(async () => await two.Levels.GetAsync(key) is null);
        (await two.Levels.GetAsync("d")).ShouldNotBeNull();
        // Too long for a notice: better nothing is kept than something untrue.
        await one.Levels.RemoveAsync(new(RemovalKind.Key, new string('x', 9000)));
        await Eventually.UntilAsync(() => two.Levels.Memory.Size == 0);
    }
}
