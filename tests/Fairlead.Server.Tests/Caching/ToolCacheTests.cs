using System.Text;
using Fairlead.Server.Caching;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Fairlead.Toolkit.Caching;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Caching;

/// <summary>The cache as tools have it, and results of tools in it.</summary>
public sealed class ToolCacheTests
{
    private readonly FakeTimeProvider time = new();
    private int runs;

    private sealed record User(string Id, string Name);

    // P-53: ten ids, six kept: one command that asks for four.
    [Fact]
    public async Task Batch_WithSixOfTenKept_AsksTheDatabaseOnceForFour()
    {
        using var folder = new TempFolder();
        await using var node = await CacheNode.StartAsync(storage: new StorageOptions { DataDirectory = folder.Path });
        await using var connection = await node.Get<IStoreEngine>().OpenAsync(default);
        await using (var fill = connection.CreateCommand())
        {
#pragma warning disable CA2100 // Digits.
            fill.CommandText =
                "CREATE TABLE people (id text, name text);"
                + string.Concat(Enumerable.Range(0, 9).Select(i => $"INSERT INTO people VALUES ('{i}', 'n{i}');"));
#pragma warning restore CA2100
            await fill.ExecuteNonQueryAsync();
        }
        var commands = new List<IReadOnlyList<string>>();
        IToolCache cache = node.Tools;
        await cache.GetManyAsync("user:", ["0", "1", "2", "3", "4", "5"], ReadAsync);
        commands.Clear();
        string[] ids = [.. Enumerable.Range(0, 10).Select(i => $"{i}")];
        var found = await cache.GetManyAsync("user:", [.. ids, "3"], ReadAsync);
        commands.ShouldHaveSingleItem().ShouldBe(["6", "7", "8", "9"]);
        // Nobody has the id 9.
        found.Keys.Order().ShouldBe(ids[..9]);
        found["7"].ShouldBe(new User("7", "n7"));
        (await cache.GetAsync<User>("user:8")).ShouldBe(new(new User("8", "n8"), true));
        await cache.GetManyAsync("user:", ids[..9], ReadAsync);
        commands.Count.ShouldBe(1);

        async ValueTask<IReadOnlyDictionary<string, User>> ReadAsync(
            IReadOnlyList<string> missing,
            CancellationToken token
        )
        {
            commands.Add(missing);
            await using var read = connection.CreateCommand();
#pragma warning disable CA2100 // Digits.
            read.CommandText =
                $"SELECT id, name FROM people WHERE id IN ({string.Join(',', missing.Select(i => $"'{i}'"))})";
#pragma warning restore CA2100
            await using var rows = await read.ExecuteReaderAsync(token);
            var users = new Dictionary<string, User>();
            while (await rows.ReadAsync(token))
                users[rows.GetString(0)] = new(rows.GetString(0), rows.GetString(1));
            return users;
        }
    }

    // P-54: two of three parts, at the pace of the slowest.
    [Fact]
    public async Task Parts_OfWhichOneFails_AreTheOthersAndTakeNoLongerThanTheSlowest()
    {
        var failed = new List<string>();
        var gathering = Parts.GatherAsync(
            new Dictionary<string, Func<CancellationToken, Task<string>>>
            {
                ["slow"] = async token =>
                {
                    await Task.Delay(TimeSpan.FromSeconds(3), time, token);
                    return "a";
                },
                ["slower"] = async token =>
                {
                    await Task.Delay(TimeSpan.FromSeconds(4), time, token);
                    return "b";
                },
                ["broken"] = _ => throw new InvalidOperationException("away"),
            },
            (name, failure) => failed.Add($"{name}: {failure.Message}")
        );
        // At once: all are under way, so their times do not add up.
        time.ArmedTimers.ShouldBe(2);
        time.Advance(TimeSpan.FromSeconds(4));
        var parts = await gathering;
        (parts["slow"], parts["slower"], parts["broken"]).ShouldBe(("a", "b", null));
        failed.ShouldBe(["broken: away"]);
    }

    // P-11, P-48, P-50: what is set by hand lives 3600 s; an event takes what its templates name.
    [Fact]
    public async Task Event_OfAUser_TakesTheUserAndTheList()
    {
        await using var node = await CacheNode.StartAsync(options: new CachingOptions { Jitter = 0 }, time: time);
        IToolCache cache = node.Tools;
        foreach (var key in (string[])["user:7", "user:8", "user_list"])
            await cache.SetAsync(key, new User(key, "n"));
        time.Advance(TimeSpan.FromSeconds(3599));
        (await cache.GetAsync<User>("user:7")).ShouldBe(new(new User("user:7", "n"), true));
        await cache.HappenedAsync(ToolCache.UserUpdated, "7");
        (await cache.GetAsync<User>("user:7")).ShouldBe(new(null, false));
        (await cache.GetAsync<User>("user_list")).IsCached.ShouldBeFalse();
        (await cache.GetAsync<User>("user:8")).IsCached.ShouldBeTrue();
        time.Advance(TimeSpan.FromSeconds(1));
        (await cache.GetAsync<User>("user:8")).IsCached.ShouldBeFalse();
    }

    [Fact]
    public async Task Value_OfTheSource_IsEachReadersOwn()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        IToolCache cache = node.Tools;
        var first = await cache.GetOrCreateAsync("list", _ => new ValueTask<List<int>>([1, 2]));
        first.IsCached.ShouldBeFalse();
        first.Value!.Add(3);
        var second = await cache.GetOrCreateAsync("list", _ => new ValueTask<List<int>>([9]));
        second.IsCached.ShouldBeTrue();
        second.Value.ShouldBe([1, 2]);
        // Results of tools are not for tools to write.
        await Should.ThrowAsync<ArgumentException>(async () => await cache.SetAsync(ToolResultCache.Prefix + "x", 1));
        await Should.ThrowAsync<ArgumentException>(async () => await cache.RemovePrefixAsync(""));
    }

    // P-36: keyed by tool, canonical arguments and, unless public, caller.
    [Fact]
    public async Task Result_OfATool_ServesTheSameQuestionOfTheSameCallerOnly()
    {
        await using var node = await CacheNode.StartAsync(time: time);
        var results = node.Get<ToolResultCache>();
        var first = await RunAsync("t", """{"a":1,"b":[2]}""", "anna");
        (Text(first), first.IsError, first.FromCache).ShouldBe(("result 1", false, false));
        var again = await RunAsync("t", """{ "b" : [2.0], "a" : 1 }""", "anna");
        (Text(again), again.IsError, again.FromCache).ShouldBe(("result 1", false, true));
        Text(await RunAsync("t", """{"a":1,"b":[2]}""", "bert")).ShouldBe("result 2");
        Text(await RunAsync("t", """{"a":1,"b":[2]}""", null)).ShouldBe("result 3");
        Text(await RunAsync("t", """{"a":2,"b":[2]}""", "anna")).ShouldBe("result 4");
        Text(await RunAsync("u", """{"a":1,"b":[2]}""", "anna")).ShouldBe("result 5");
        Text(await RunAsync("t", """{"a":1,"b":[2]}""", null)).ShouldBe("result 3");
        // A caller cannot be named so that his key is another's.
        Text(await RunAsync("t", """{"a":1,"b":[2]}""", "public")).ShouldBe("result 6");
        await results.RemoveAsync("t");
        Text(await RunAsync("t", """{"a":1,"b":[2]}""", "anna")).ShouldBe("result 7");
        Text(await RunAsync("u", """{"a":1,"b":[2]}""", "anna")).ShouldBe("result 5");
        time.Advance(TimeSpan.FromSeconds(10));
        Text(await RunAsync("u", """{"a":1,"b":[2]}""", "anna")).ShouldBe("result 8");

        ValueTask<ToolOutcome> RunAsync(string tool, string arguments, string? caller) =>
            results.GetOrRunAsync(
                new(tool, Encoding.UTF8.GetBytes(arguments), caller, TimeSpan.FromSeconds(10)),
                _ => new(new ToolOutcome(Encoding.UTF8.GetBytes($"result {++runs}"), IsError: false)),
                default
            );
    }

    [Fact]
    public async Task Result_ThatIsAnErrorOrTooLarge_IsNotKept()
    {
        await using var node = await CacheNode.StartAsync(
            options: new CachingOptions { MaxValueBytes = 100 },
            time: time
        );
        foreach (var (result, isError) in new[] { (new byte[3], true), (new byte[100], false) })
        {
            for (var i = 1; i <= 2; i++)
            {
                var outcome = await node.Get<ToolResultCache>()
                    .GetOrRunAsync(
                        new("t", default, null, null),
                        _ =>
                        {
                            runs++;
                            return new(new ToolOutcome(result, isError));
                        },
                        default
                    );
                (outcome.IsError, outcome.FromCache, outcome.Result.Length).ShouldBe((isError, false, result.Length));
            }
        }
        runs.ShouldBe(4);
        node.Levels.Memory.Size.ShouldBe(0);
    }

    // P-36: a caller's own results never reach the shared level; public ones do.
    [Fact]
    [Trait("Category", "integration")]
    public async Task Result_OfOneCaller_NeverReachesRedis()
    {
        await using var redis = await CacheNode.RedisAsync();
        await using var node = await CacheNode.StartAsync(
            redis.Url,
            new CachingOptions { L2Budget = TimeSpan.FromSeconds(2) }
        );
        var client = node.Get<Server.Caching.Redis.RedisClient>();
        // A node uses Redis from a moment after its start: everybody's results are there then.
        var tool = 0;
        await Eventually.UntilAsync(async () =>
        {
            await RunAsync($"t{tool++}", null);
            return await KeysAsync() > 0;
        });
        await RunAsync("own", "anna");
        await RunAsync("last", null);
        await Eventually.UntilAsync(async () => await HasAsync("last"));
        (await HasAsync("own")).ShouldBeFalse();

        async Task<int> KeysAsync() => (await client.ExecuteAsync(["KEYS", "cache:*"], default)).Items!.Length;

        async Task<bool> HasAsync(string name) =>
            (await client.ExecuteAsync(["KEYS", $"cache:*:{name}:*"], default)).Items!.Length > 0;

        ValueTask<ToolOutcome> RunAsync(string name, string? caller) =>
            node.Get<ToolResultCache>()
                .GetOrRunAsync(
                    new(name, default, caller, null),
                    _ => new(new ToolOutcome("own"u8.ToArray(), false)),
                    default
                );
    }

    private static string Text(ToolOutcome outcome) => Encoding.UTF8.GetString(outcome.Result.Span);
}
