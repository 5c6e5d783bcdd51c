using System.Text.Json;
using Fairlead.Server.Caching;
using Fairlead.Server.Caching.Redis;
using Fairlead.Server.State;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Caching;
using Fairlead.Testing;
using Fairlead.Toolkit.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.State;

/// <summary>The state room of one node, started: storage, caching, state.</summary>
internal sealed class StateNode : IAsyncDisposable
{
    private readonly ServiceProvider provider;
    private readonly List<IHostedService> started = [];

    private StateNode(ServiceProvider provider) => this.provider = provider;

    public ISessionStates Sessions => Get<ISessionStates>();
    public IPersistentState Persistent => Get<IPersistentState>();
    public LogLines Log => Get<LogLines>();

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    public static async Task<StateNode> StartAsync(StorageOptions options, TimeProvider time)
    {
        var services = new ServiceCollection();
        var log = new LogLines();
        services.AddSingleton(log);
        services.AddLogging(logging => logging.AddProvider(log));
        services.AddSingleton(time);
        services.AddStorage(options);
        services.AddCaching(new CachingOptions(), new RedisOptions());
        services.AddState();
        var node = new StateNode(services.BuildServiceProvider());
        foreach (var hosted in node.provider.GetServices<IHostedService>())
        {
            await hosted.StartAsync(default);
            node.started.Add(hosted);
        }
        return node;
    }

    /// <summary>Goes as kill -9 does: nothing is stopped in order.</summary>
    public void Forget() => started.RemoveAll(hosted => hosted is StateUpkeep);

    public async ValueTask DisposeAsync()
    {
        started.Reverse();
        foreach (var hosted in started)
            await hosted.StopAsync(default);
        await provider.DisposeAsync();
    }
}

/// <summary>What state must do on every store.</summary>
public abstract class StateContract
{
    private protected FakeTimeProvider Time { get; } = new();

    private protected abstract Task<StorageOptions> NewStoreAsync();

    // P-23, P-24, P-25, P-26: what one node keeps another sees, within the bounds.
    [Fact]
    public async Task Session_FilledOnOneNode_IsTheSameOnAnother()
    {
        var options = await NewStoreAsync();
        await using var one = await StateNode.StartAsync(options, Time);
        await using var two = await StateNode.StartAsync(options, Time);
        var made = await one.Sessions.CreateAsync("u1", "Anna");
        Guid.TryParse(made.SessionId, out _).ShouldBeTrue();
        await one.Sessions.ChangeAsync(
            made.SessionId,
            state =>
            {
                for (var i = 1; i <= 105; i++)
                    state.AddMessage("user", $"m{i}", Time.GetUtcNow());
                for (var i = 1; i <= 55; i++)
                    state.AddQuery($"q{i}");
                state.SetPreference("lang", Json("\"nb\""));
                state.SetPreference("size", Json("12.5"));
                state.SetPreference("dark", Json("true"));
                state.RequestCount++;
            }
        );
        var seen = (await two.Sessions.GetAsync(made.SessionId))!;
        seen.ConversationHistory.Count.ShouldBe(100);
        seen.ConversationHistory[0].ShouldBe(new("user", "m6", Time.GetUtcNow()));
        seen.QueryHistory.Count.ShouldBe(50);
        seen.QueryHistory[0].ShouldBe("q6");
        seen.RecentQueries().ShouldBe(Enumerable.Range(46, 10).Select(i => $"q{i}"));
        seen.RecentQueries(2).ShouldBe(["q54", "q55"]);
        (seen.Preference("lang"), seen.Preference("none", "en"), seen.Preference("dark", "en")).ShouldBe(
            ("nb", "en", "en")
        );
        (seen.Preference("size", 1.0), seen.Preference("none", 1.0)).ShouldBe((12.5, 1.0));
        (seen.Preference("dark", false), seen.Preference("none", true)).ShouldBe((true, true));
        (seen.UserId, seen.UserName, seen.RequestCount, seen.ErrorCount).ShouldBe(("u1", "Anna", 1L, 0L));
        // P-23: exactly these.
        JsonSerializer
            .SerializeToElement(seen)
            .EnumerateObject()
            .Select(m => m.Name)
            .ShouldBe(
                [
                    "session_id",
                    "created_at",
                    "user_id",
                    "user_name",
                    "conversation_history",
                    "query_history",
                    "preferences",
                    "request_count",
                    "error_count",
                ],
                ignoreOrder: true
            );
        // P-24: the time is ISO 8601.
        DateTimeOffset
            .Parse(
                JsonSerializer
                    .SerializeToElement(seen)
                    .GetProperty("conversation_history")[0]
                    .GetProperty("timestamp")
                    .GetString()!
            )
            .ShouldBe(Time.GetUtcNow());
    }

    // P-27: a second over 24 h, and it is gone.
    [Fact]
    public async Task Cleanup_AfterADayAndASecond_RemovesAndCounts()
    {
        await using var node = await StateNode.StartAsync(await NewStoreAsync(), Time);
        var old = await node.Sessions.CreateAsync();
        Time.Advance(TimeSpan.FromSeconds(1));
        var young = await node.Sessions.CreateAsync();
        (await node.Sessions.CountAsync()).ShouldBe(2);
        // Not by the loop, which does the same every 10 min of this clock.
        Time.JumpWallClock(TimeSpan.FromHours(24));
        (await node.Sessions.GetAsync(old.SessionId)).ShouldBeNull();
        (await node.Sessions.ChangeAsync(old.SessionId, _ => { })).ShouldBeNull();
        (await node.Sessions.CountAsync()).ShouldBe(1);
        (await node.Sessions.CleanupAsync()).ShouldBe(1);
        (await node.Sessions.CleanupAsync()).ShouldBe(0);
        (await node.Sessions.DeleteAsync(young.SessionId)).ShouldBeTrue();
        (await node.Sessions.DeleteAsync(young.SessionId)).ShouldBeFalse();
        (await node.Sessions.CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Changes_OfTwoNodesAtOnce_AreAllThere()
    {
        var options = await NewStoreAsync();
        await using var one = await StateNode.StartAsync(options, Time);
        await using var two = await StateNode.StartAsync(options, Time);
        var session = await one.Sessions.CreateAsync();
        await Task.WhenAll(
            new[] { one, two, one, two }.Select(node =>
                Task.Run(async () =>
                {
                    for (var i = 0; i < 10; i++)
                    {
                        await node.Sessions.ChangeAsync(session.SessionId, state => state.RequestCount++);
                        await node.Persistent.ChangeAsync("count", n => Json($"{(n?.GetInt32() ?? 0) + 1}"));
                    }
                })
            )
        );
        (await one.Sessions.GetAsync(session.SessionId))!.RequestCount.ShouldBe(40);
        (await two.Persistent.GetAsync("count"))!.Value.GetInt32().ShouldBe(40);
    }

    // P-34: set is durable: a node that dies without a stop loses nothing of it.
    [Fact]
    public async Task Persistent_AfterAKill_IsThere()
    {
        var options = await NewStoreAsync();
        await using (var node = await StateNode.StartAsync(options, Time))
        {
            await node.Persistent.SetAsync("a", Json("""{"x":[1,2]}"""));
            await node.Persistent.SetAsync("b", Json("1"));
            await node.Persistent.SetAsync("b", Json("2"));
            await node.Persistent.SetAsync("c", Json("3"));
            (await node.Persistent.DeleteAsync("c")).ShouldBeTrue();
            (await node.Persistent.DeleteAsync("c")).ShouldBeFalse();
            node.Forget();
        }
        File.Exists(Path.Combine(options.DataDirectory, StateFile.Name)).ShouldBeFalse();
        await using var again = await StateNode.StartAsync(options, Time);
        (await again.Persistent.GetAsync("a"))!.Value.GetRawText().ShouldBe("""{"x":[1,2]}""");
        (await again.Persistent.GetAsync("b"))!.Value.GetInt32().ShouldBe(2);
        (await again.Persistent.GetAsync("c")).ShouldBeNull();
        (await again.Persistent.AllAsync()).Keys.Order().ShouldBe(["a", "b"]);
        await again.Persistent.ClearAsync();
        (await again.Persistent.AllAsync()).ShouldBeEmpty();
        await Should.ThrowAsync<ArgumentException>(async () =>
            await again.Persistent.SetAsync(new string('n', 201), Json("1"))
        );
    }

    // P-35: 3 requests, then 4: 7.
    [Fact]
    public async Task Requests_OfTwoRuns_AddUpAndTheStopIsNoted()
    {
        var options = await NewStoreAsync();
        foreach (var requests in (int[])[3, 4])
        {
            await using var node = await StateNode.StartAsync(options, Time);
            for (var i = 0; i < requests; i++)
                node.Get<ApplicationState>().CountRequest("t", true);
            Time.Advance(TimeSpan.FromSeconds(10));
        }
        await using var third = await StateNode.StartAsync(options, Time);
        (await third.Persistent.GetAsync("total_lifetime_requests"))!.Value.GetInt64().ShouldBe(7);
        DateTimeOffset
            .Parse((await third.Persistent.GetAsync("last_shutdown"))!.Value.GetString()!)
            .ShouldBe(Time.GetUtcNow());
    }

    // P-34: the file of the last stop fills a new store; the store's own values stay.
    [Fact]
    public async Task File_OfAnotherStore_BringsWhatIsMissing()
    {
        var options = await NewStoreAsync();
        await using (var node = await StateNode.StartAsync(options, Time))
            await node.Persistent.SetAsync("own", Json("1"));
        var file = Path.Combine(options.DataDirectory, StateFile.Name);
        (await File.ReadAllTextAsync(file)).ShouldContain("\"own\":1");
        File.Exists(file + ".new").ShouldBeFalse();
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(file, """{"own":2,"moved":[3]}""");
        await using var again = await StateNode.StartAsync(options, Time);
        (await again.Persistent.GetAsync("own"))!.Value.GetInt32().ShouldBe(1);
        (await again.Persistent.GetAsync("moved"))!.Value.GetRawText().ShouldBe("[3]");
    }

    // P-34: damaged, and the gateway starts all the same, with a warning.
    [Theory]
    [InlineData("{\"a\":")]
    [InlineData("[1]")]
    [InlineData("")]
    [InlineData("{\"\":1}")]
    public async Task File_Damaged_IsWarnedOfAndLeftOut(string content)
    {
        var options = await NewStoreAsync();
        Directory.CreateDirectory(options.DataDirectory);
        await File.WriteAllTextAsync(Path.Combine(options.DataDirectory, StateFile.Name), content);
        await using var node = await StateNode.StartAsync(options, Time);
        (await node.Persistent.AllAsync()).ShouldBeEmpty();
        node.Log.All.ShouldContain(l =>
            l.StartsWith("Warning: ", StringComparison.Ordinal) && l.Contains(StateFile.Name, StringComparison.Ordinal)
        );
    }

    // P-19: a thousand opened and closed leave nothing, and none sees another's.
    [Fact]
    public async Task Sessions_OpenedAndClosed_LeaveNothing()
    {
        await using var node = await StateNode.StartAsync(await NewStoreAsync(), Time);
        for (var i = 0; i < 1000; i++)
        {
            var mine = await node.Sessions.CreateAsync($"u{i}");
            if (i % 100 == 0)
            {
                var other = await node.Sessions.CreateAsync("other");
                await node.Sessions.ChangeAsync(mine.SessionId, state => state.SetPreference("p", Json("\"mine\"")));
                (await node.Sessions.GetAsync(other.SessionId))!.Preferences.ShouldBeEmpty();
                await node.Sessions.DeleteAsync(other.SessionId);
            }
            await node.Sessions.DeleteAsync(mine.SessionId);
        }
        (await node.Sessions.CountAsync()).ShouldBe(0);
    }

    private protected static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
