using System.Text.Json;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Api;

/// <summary>S-13, S-15, S-16, S-18, S-19 over REST: several services at once, dependencies, health.</summary>
public sealed class SeveralApiTests
{
    private const string Services = "/api/v1/services";

    [Fact]
    public async Task Start_OneWithDependencies_StartsThemFirstAndTellsTheOutcomeOfEach() // S-15
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.Get<ReconcileLoop>().StartAsync(default);
        await AddAsync(host, "database");
        await AddAsync(host, "auth", "database");
        await AddAsync(host, "api", "database", "auth");
        await AddAsync(host, "web", "api");
        await AddAsync(host, "other");
        var answer = await host.PostAsync($"{Services}/start", """{"names":["web"]}""");
        answer.Status.ShouldBe(200, answer.Text);
        Outcomes(answer)
            .ShouldBe([
                ("database", true, "running"),
                ("auth", true, "running"),
                ("api", true, "running"),
                ("web", true, "running"),
            ]);
        (await host.GetAsync($"{Services}/other")).Data.GetProperty("status").GetString().ShouldBe("not_started");

        var order = new List<string>();
        host.Get<ServiceSlots>().Changed += slot =>
        {
            lock (order)
            {
                if (slot.State.Status == ServiceStatus.Stopped)
                    order.Add(host.Now.Services.Single(s => s.Id == slot.Id).Name);
            }
        };
        var stopped = await host.PostAsync($"{Services}/stop", """{"all":true,"force":true}""");
        Outcomes(stopped).ShouldAllBe(o => o.Ok);
        order.Distinct().ShouldBe(["web", "api", "auth", "database"]); // S-13
        await host.Get<ReconcileLoop>().StopAsync(default);
    }

    [Fact]
    public async Task Start_DependencyInOtherLetters_IsStartedToo() // S-15
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await AddAsync(host, "database");
        await AddAsync(host, "api", "Database");
        var answer = await host.PostAsync($"{Services}/start", """{"names":["api"],"timeout":0}""");
        Outcomes(answer).Select(o => o.Name).ShouldBe(["database", "api"]);
    }

    [Fact]
    public async Task Start_OneFails_IsToldAndItsDependantsAreSkipped() // S-15, S-16
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.Get<ReconcileLoop>().StartAsync(default);
        await host.PostAsync(Services, """{"name":"database","command":"no-such-command-anywhere","enabled":false}""");
        await AddAsync(host, "api", "database");
        await AddAsync(host, "web", "api");
        await AddAsync(host, "alone");
        var answer = await host.PostAsync($"{Services}/start", """{"all":true}""");
        Outcomes(answer)
            .ShouldBe(
                [
                    ("database", false, "error"),
                    ("alone", true, "running"),
                    ("api", false, "not_started"),
                    ("web", false, "not_started"),
                ],
                ignoreOrder: false
            );
        answer.Text.ShouldContain("no-such-command-anywhere");
        Reason(answer, "api").ShouldBe("skipped: database, which it depends on, has failed");
        Reason(answer, "web").ShouldBe("skipped: api, which it depends on, is skipped");
        await host.Get<ReconcileLoop>().StopAsync(default);
    }

    [Theory]
    [InlineData("{}", "names")]
    [InlineData("""{"all":true,"names":["a"]}""", "names")]
    [InlineData("""{"all":true,"timeout":121}""", "timeout")]
    public async Task Start_Wrong_NamesTheField(string json, string field)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        foreach (var verb in new[] { "start", "stop", "restart" })
            (await host.PostAsync($"{Services}/{verb}", json)).Field.ShouldBe(field);
        (await host.PostAsync($"{Services}/start", """{"names":["ghost"]}""")).Code.ShouldBe("SERVICE_NOT_FOUND");
    }

    [Fact]
    public async Task Dependencies_CycleOrStranger_AreRefusedByName() // S-16
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await AddAsync(host, "database");
        await AddAsync(host, "api", "database");
        var cycle = await host.PutAsync($"{Services}/database", """{"depends_on":["api"]}""");
        (cycle.Status, cycle.Field).ShouldBe((400, "depends_on"));
        cycle.Text.ShouldContain("database → api → database");
        var self = await host.PutAsync($"{Services}/database", """{"depends_on":["database"]}""");
        self.Text.ShouldContain("database → database");
        var ghost = await host.PostAsync(Services, """{"name":"x","command":"cat","depends_on":["ghost"]}""");
        (ghost.Status, ghost.Field).ShouldBe((400, "depends_on"));
        ghost.Text.ShouldContain("ghost");
    }

    [Fact]
    public async Task Delete_WhileAnotherDependsOnIt_IsRefusedNamingThat()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await AddAsync(host, "database");
        await AddAsync(host, "api", "database");
        var refused = await host.DeleteAsync($"{Services}/database");
        (refused.Status, refused.Code).ShouldBe((409, "SERVICE_IN_USE"));
        refused.Text.ShouldContain("api");
        (await host.DeleteAsync($"{Services}/api")).Status.ShouldBe(200);
        (await host.DeleteAsync($"{Services}/database")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Policy_OfAService_IsStoredShownAndChecked() // S-20
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var added = await host.PostAsync(
            Services,
            """{"name":"a","command":"cat","lazy":true,"idle_seconds":60,"restart_on_error":false,"max_restarts":7,"restart_delay_seconds":1.5,"trust_public_cache":true}"""
        );
        added.Status.ShouldBe(201, added.Text);
        await host.PutAsync($"{Services}/a", """{"max_restarts":0}""");
        var shown = (await host.GetAsync($"{Services}/a")).Data;
        shown.GetProperty("lazy").GetBoolean().ShouldBeTrue();
        shown.GetProperty("trust_public_cache").GetBoolean().ShouldBeTrue();
        shown.GetProperty("idle_seconds").GetInt32().ShouldBe(60);
        shown.GetProperty("restart_on_error").GetBoolean().ShouldBeFalse();
        shown.GetProperty("max_restarts").GetInt32().ShouldBe(0);
        shown.GetProperty("restart_delay_seconds").GetDouble().ShouldBe(1.5);
        foreach (
            var (json, field) in new[]
            {
                ("""{"idle_seconds":0}""", "idle_seconds"),
                ("""{"max_restarts":-1}""", "max_restarts"),
                ("""{"restart_delay_seconds":3601}""", "restart_delay_seconds"),
            }
        )
            (await host.PutAsync($"{Services}/a", json)).Field.ShouldBe(field);
    }

    [Fact]
    public async Task Health_OfARunningService_HasSamplesAndTheirSummary() // S-17, S-18, S-19
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.Get<ReconcileLoop>().StartAsync(default);
        await AddAsync(host, "fix");
        await host.PostAsync($"{Services}/start", """{"names":["fix"]}""");
        var health = await host.GetAsync($"{Services}/fix/health");
        health.Data.GetProperty("metrics").ValueKind.ShouldBe(JsonValueKind.Null);
        // One interval, then its sample: a clock that ran on would outrun the probe.
        for (var i = 1; i <= 2; i++)
        {
            host.Time.Advance(TimeSpan.FromSeconds(10));
            await Eventually.UntilAsync(async () =>
            {
                health = await host.GetAsync($"{Services}/fix/health");
                return health.Data.GetProperty("samples").GetArrayLength() >= i;
            });
        }
        health.Data.GetProperty("health").GetString().ShouldBe("healthy");
        health.Data.GetProperty("error_rate").GetDouble().ShouldBe(0);
        var metrics = health.Data.GetProperty("metrics");
        metrics.GetProperty("availability").GetDouble().ShouldBe(100);
        metrics.GetProperty("summary").GetString().ShouldStartWith("availability 100.0 %, average ");
        metrics.GetProperty("total_checks").GetInt32().ShouldBe(health.Data.GetProperty("samples").GetArrayLength());
        (await host.GetAsync($"{Services}/fix/health?window=0")).Field.ShouldBe("window");

        var events = (await host.GetAsync($"{Services}/fix/events")).Data.EnumerateArray().ToList();
        events.Select(e => e.GetProperty("health").GetString()).ShouldBe(["startup", "ready", "healthy"]);
        (await host.GetAsync($"{Services}/ghost/events")).Code.ShouldBe("SERVICE_NOT_FOUND");
        await host.Get<ReconcileLoop>().StopAsync(default);
    }

    private static async Task AddAsync(AdminHost host, string name, params string[] dependsOn)
    {
        var body = JsonSerializer.Serialize(
            new
            {
                name,
                command = FixtureProcess.Command,
                enabled = false,
                depends_on = dependsOn,
            }
        );
        var added = await host.PostAsync(Services, body);
        added.Status.ShouldBe(201, added.Text);
    }

    private static List<(string Name, bool Ok, string Status)> Outcomes(Answer answer) =>
        [
            .. answer
                .Data.EnumerateArray()
                .Select(o =>
                    (
                        o.GetProperty("name").GetString()!,
                        o.GetProperty("ok").GetBoolean(),
                        o.GetProperty("status").GetString()!
                    )
                ),
        ];

    private static string Reason(Answer answer, string name) =>
        answer
            .Data.EnumerateArray()
            .Single(o => o.GetProperty("name").GetString() == name)
            .GetProperty("reason")
            .GetString()!;
}
