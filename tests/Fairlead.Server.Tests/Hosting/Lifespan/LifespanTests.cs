using System.Net.Http.Headers;
using System.Text.Json;
using Fairlead.Server.Hosting;
using Fairlead.Server.Hosting.Lifespan;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Caching;
using Fairlead.Toolkit.State;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting.Lifespan;

/// <summary>The ordered life of the whole product: phases, stages, hooks, loops and what is said at the end.</summary>
public sealed class LifespanTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly FakeTimeProvider time = new();
    private TimeProvider? clock;
    private readonly LogLines log = new();
    private readonly Journal journal = new();

    public void Dispose() => folder.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed class Journal
    {
        private readonly Lock gate = new();
        private readonly List<string> lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (gate)
                    return [.. lines];
            }
        }

        public void Add(string line)
        {
            lock (gate)
                lines.Add(line);
        }
    }

    private sealed class First(Journal journal) : ILifespan
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            journal.Add("first starts");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            journal.Add("first stops");
            return Task.CompletedTask;
        }
    }

    private sealed class Second(Journal journal) : ILifespan
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            journal.Add("second starts");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            journal.Add("second stops");
            throw new InvalidOperationException("will not stop");
        }
    }

    private sealed class Failing : ILifespan
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            throw new InvalidOperationException("no model, no start");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Takes long to make: a model, say (P-06).</summary>
    private sealed class Model
    {
        private static int loads;

        public Model() => Interlocked.Increment(ref loads);

        public static int Loads => Volatile.Read(ref loads);
    }

    private sealed class ModelTools(Model model, HttpClient http, Journal journal)
    {
        [FairleadTool(Name = "ask")]
        public string Ask()
        {
            journal.Add("asked");
            return $"{model.GetHashCode()} {http.GetHashCode()}";
        }
    }

    /// <summary>Takes all that P-13 names, by injection and from the call.</summary>
    private sealed class ContextTools(
        IApplicationState application,
        IPersistentState database,
        ISessionStates sessions,
        IToolCache cache,
        HttpClient http,
        IConfiguration configuration
    )
    {
        [FairleadTool(Name = "ask")]
        public async Task<string> AskAsync(CallContext context)
        {
            var token = context.CancellationToken;
            await database.SetAsync("seen", JsonSerializer.SerializeToElement(3), token);
            await cache.SetAsync("seen", 4, cancellationToken: token);
            var session = await sessions.CreateAsync(null, null, token);
            context.Services.GetRequiredService<IConfiguration>().ShouldBeSameAs(configuration);
            context.Services.GetRequiredService<HttpClient>().ShouldBeSameAs(http);
            CallContext.Current.ShouldBeSameAs(context);
            return string.Join(
                ' ',
                context.RequestId.Version,
                context.Name,
                (await database.GetAsync("seen", token))?.GetRawText(),
                (await cache.GetAsync<int>("seen", token)).Value,
                session.SessionId.Length > 0,
                configuration["Fairlead:FirstStart:DefaultKey"] == GatewayHost.Key,
                application.Statistics().TotalRequests
            );
        }
    }

    private async Task<WebApplication> StartAsync(
        Action<FairleadBuilder>? add = null,
        params (string Key, string Value)[] settings
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Configuration["Fairlead:Storage:DataDirectory"] = folder.Path;
        builder.Configuration["Fairlead:FirstStart:AdminPassword"] = "a-long-password-1";
        builder.Configuration["Fairlead:FirstStart:DefaultKey"] = GatewayHost.Key;
        foreach (var (key, value) in settings)
            builder.Configuration[$"Fairlead:{key}"] = value;
        builder.Services.AddSingleton(journal);
        builder.Services.AddSingleton<Model>();
        var fairlead = builder.AddFairlead();
        builder.Services.AddSingleton(clock ?? time);
        add?.Invoke(fairlead);
        var app = builder.Build();
        app.MapFairlead();
        await app.StartAsync(Token);
        return app;
    }

    private static HttpClient Client(WebApplication app)
    {
        var client = app.GetTestClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", GatewayHost.Key);
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json, text/event-stream");
        return client;
    }

    private static async Task<string> AskAsync(HttpClient client)
    {
        var answer = await client.AskAsync(Wire.Modern("tools/call", "\"name\":\"ask\",\"arguments\":{}", "ask"));
        return answer.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString()!;
    }

    [Fact] // P-01
    public async Task Phases_OfALife_ComeInOrderAndOnce()
    {
        await using var app = await StartAsync();
        var life = app.Services.GetRequiredService<Lifecycle>();
        life.Passed.Select(p => p.Phase).ShouldBe([LifePhase.Startup, LifePhase.Initialise, LifePhase.Running]);
        await app.StopAsync(Token);
        life.Passed.Select(p => p.Phase).ShouldBe(Enum.GetValues<LifePhase>());
        foreach (var phase in Enum.GetValues<LifePhase>())
            Should.Throw<InvalidOperationException>(() => life.Enter(phase));
    }

    [Fact] // P-01
    public void Phase_OutOfOrder_Throws()
    {
        var life = new Lifecycle(time, new LoggerFactory().CreateLogger<Lifecycle>());
        Should
            .Throw<InvalidOperationException>(() => life.Enter(LifePhase.Running))
            .Message.ShouldBe("Running cannot come after nothing.");
        life.Enter(LifePhase.Startup);
        Should.Throw<InvalidOperationException>(() => life.Enter(LifePhase.Startup));
        life.Current.ShouldBe(LifePhase.Startup);
    }

    [Fact] // P-02, P-17, P-109
    public async Task Stages_AreToldInOrder_AndInReverseAtTheEnd()
    {
        await using (var app = await StartAsync())
            await app.StopAsync(Token);
        log.All.Where(l => l.Contains(": Up: ", StringComparison.Ordinal))
            .Select(l => l.Split(": ")[2].Split(" (")[0])
            .ShouldBe([
                "configuration",
                "logging",
                "database",
                "cache",
                "HTTP client",
                "authentication",
                "metrics",
                "alerts and background loops",
            ]);
        log.All.Single(l => l.Contains("Up: logging", StringComparison.Ordinal)).ShouldContain("level Information");
        log.All.Single(l => l.Contains("Up: configuration", StringComparison.Ordinal)).ShouldContain("Production");
        var end = log
            .All.Where(l =>
                l.Contains(": Down: ", StringComparison.Ordinal)
                || l.Contains("Final statistics", StringComparison.Ordinal)
                || l.Contains("Phase: ", StringComparison.Ordinal)
            )
            .Select(l => l.Split(": ")[1] is "Final statistics" ? "statistics" : l.Split(": ")[2])
            .ToList();
        end[end.IndexOf("Shutdown")..]
            .ShouldBe([
                "Shutdown",
                "alerts and background loops",
                "metrics",
                "authentication",
                "statistics",
                "HTTP client",
                "cache",
                "database",
                "logging",
                "configuration",
                "Terminated",
            ]);
        log.All.ShouldNotContain(l => l.Contains("ObjectDisposed", StringComparison.Ordinal));
    }

    [Fact] // P-109: without Redis memory serves, and the log says so.
    public async Task Redis_ThatIsNotThere_LeavesMemoryAlone()
    {
        // A wait for Redis is a wait of the real clock.
        clock = TimeProvider.System;
        await using var app = await StartAsync(null, ("Redis:Url", "redis://127.0.0.1:1"));
        log.All.Single(l => l.Contains("Up: cache", StringComparison.Ordinal))
            .ShouldContain("memory alone: Redis cannot be reached");
        using var http = app.GetTestClient();
        var health = await http.GetStringAsync("/health", Token);
        health.ShouldContain("\"degraded\"");
        health.ShouldContain("\"redis\":{\"status\":\"degraded\"");
    }

    [Fact] // P-07
    public async Task Hooks_RunBeforeTheFirstRequestAndAfterTheLast()
    {
        await using (
            var app = await StartAsync(f => f.AddLifespan<First>().AddLifespan<Second>().AddTools<ModelTools>())
        )
        {
            using var client = Client(app);
            (await AskAsync(client)).ShouldNotBeEmpty();
            await app.StopAsync(Token);
        }
        journal.Lines.ShouldBe(["first starts", "second starts", "asked", "second stops", "first stops"]);
        log.All.ShouldContain("Error: Second failed to stop; the others go on");
    }

    [Fact] // P-07
    public async Task Hook_ThatCannotStart_EndsTheStart_AndWhatHadStartedStops()
    {
        var failure = await Should.ThrowAsync<InvalidOperationException>(() =>
            StartAsync(f => f.AddLifespan<First>().AddLifespan<Failing>())
        );
        failure.Message.ShouldBe("no model, no start");
        journal.Lines.ShouldBe(["first starts", "first stops"]);
    }

    [Fact] // P-06
    public async Task Resources_ThatAreDear_AreMadeOnce()
    {
        var before = Model.Loads;
        await using var app = await StartAsync(f => f.AddTools<ModelTools>(), ("Limits:UserCalls", "1000"));
        using var client = Client(app);
        var answers = new HashSet<string>();
        for (var i = 0; i < 100; i++)
            answers.Add(await AskAsync(client));
        answers.Count.ShouldBe(1);
        (Model.Loads - before).ShouldBe(1);
    }

    [Fact] // P-13
    public async Task Tool_GetsWhatLivesAsLongAsTheProgram()
    {
        await using var app = await StartAsync(f => f.AddTools<ContextTools>());
        using var client = Client(app);
        (await AskAsync(client)).ShouldBe("7 ask 3 4 True True 0");
        (await AskAsync(client)).ShouldBe("7 ask 3 4 True True 1");
    }

    [Fact] // P-110
    public async Task Loops_ReportAndCheck_UntilTheStop()
    {
        await using var app = await StartAsync(f => f.AddTools<ModelTools>());
        using var client = Client(app);
        await AskAsync(client);
        time.Advance(TimeSpan.FromSeconds(59));
        Reports().ShouldBe(0);
        time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => Reports() == 1);
        log.All.Single(l => l.Contains("Metrics: ", StringComparison.Ordinal))
            .ShouldContain("1 requests since the last report, 1 in all");
        await app.StopAsync(Token);
        var lines = log.All.Count;
        time.Advance(TimeSpan.FromMinutes(10));
        log.All.Count.ShouldBe(lines);
        log.All.ToList()
            .FindIndex(l => l.Contains("Final statistics", StringComparison.Ordinal))
            .ShouldBeGreaterThan(
                log.All.ToList()
                    .FindIndex(l => l.Contains("Down: alerts and background loops", StringComparison.Ordinal))
            );

        int Reports() => log.All.Count(l => l.Contains("Metrics: ", StringComparison.Ordinal));
    }

    [Fact] // P-110: told once, not at every look.
    public async Task AlertCheck_OfAServiceThatDoesNotRun_TellsOnce()
    {
        var config = Path.Combine(folder.Path, "mcp.json");
        await File.WriteAllTextAsync(config, """{"mcpServers":{"gone":{"command":"/nowhere/gone"}}}""", Token);
        await using var app = await StartAsync(
            null,
            ("FirstStart:McpConfig", config),
            ("Services:Launch:Unrestricted", "true")
        );
        // The first look may be before the service has failed.
        await Eventually.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(30));
            return Alerts() > 0;
        });
        for (var i = 1; i <= 4; i++)
            time.Advance(TimeSpan.FromSeconds(30));
        Alerts().ShouldBe(1);

        int Alerts() => log.All.Count(l => l == "Error: Alert of services: not running: gone");
    }

    [Fact] // P-05, P-17
    public async Task FinalStatistics_SayWhatTheLifeWas()
    {
        await using var app = await StartAsync(f => f.AddTools<ModelTools>());
        using var client = Client(app);
        await AskAsync(client);
        time.Advance(TimeSpan.FromSeconds(61));
        await app.StopAsync(Token);
        log.All.Single(l => l.Contains("Final statistics", StringComparison.Ordinal))
            .ShouldBe("Information: Final statistics: up 0d 00:01:01, 1 requests, 0 failed (0 %), cache hit rate 0 %");
    }

    [Theory]
    [InlineData("Lifespan:MetricReport", "00:00:00.5", "Lifespan:MetricReport is 0 or 1 s to 1 day")]
    [InlineData("Outbound:Timeout", "00:11:00", "Outbound:Timeout is 100 ms to 10 min")]
    [InlineData("Outbound:MaxConnections", "0", "Outbound:MaxConnections is 1 to 10000")]
    [InlineData("Outbound:KeepAliveConnections", "101", "Outbound:KeepAliveConnections is 0 to MaxConnections")]
    public async Task Setting_ThatIsWrong_IsNamed(string key, string value, string problem) =>
        (await Should.ThrowAsync<Exception>(() => StartAsync(null, (key, value)))).Message.ShouldContain(problem);
}
