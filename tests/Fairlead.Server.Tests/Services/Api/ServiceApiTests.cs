using System.Text.Json;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Api;

public sealed class ServiceApiTests
{
    private const string Services = "/api/v1/services";

    [Theory]
    [InlineData("""{"command":"cat"}""", "MISSING_PARAMETER", "name")]
    [InlineData("""{"name":"a b","command":"cat"}""", "SERVICE_CONFIGURATION_INVALID", "name")]
    [InlineData("""{"name":"a"}""", "SERVICE_CONFIGURATION_INVALID", "command")]
    [InlineData("""{"name":"a","command":"cat","url":"http://x/"}""", "SERVICE_CONFIGURATION_INVALID", "url")]
    [InlineData(
        """{"name":"a","transport":"http","command":"cat","url":"http://x/"}""",
        "SERVICE_CONFIGURATION_INVALID",
        "command"
    )]
    [InlineData("""{"name":"a","url":"ftp://x/"}""", "SERVICE_CONFIGURATION_INVALID", "url")]
    [InlineData("""{"name":"a","transport":"ws","url":"http://x/"}""", "SERVICE_CONFIGURATION_INVALID", "transport")]
    [InlineData("""{"name":"a","transport":"sse"}""", "SERVICE_CONFIGURATION_INVALID", "url")]
    [InlineData("""{"name":"a","command":"cat","args":"-u"}""", "INVALID_PARAMETER", "args")]
    [InlineData("""{"name":"a","command":"cat","env":{"A B":"1"}}""", "SERVICE_CONFIGURATION_INVALID", "env.A B")]
    [InlineData(
        """{"name":"a","url":"http://x/","headers":{"A":"1\r\n2"}}""",
        "SERVICE_CONFIGURATION_INVALID",
        "headers.A"
    )]
    [InlineData("""{"name":"a","command":"cat","timeout_seconds":0}""", "SERVICE_CONFIGURATION_INVALID", "timeout")]
    [InlineData("""{"name":"a","comand":"cat"}""", "INVALID_PARAMETER", "comand")]
    public async Task Add_Wrong_NamesTheFieldAndRegistersNothing(string json, string code, string field) // S-02
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var answer = await host.PostAsync(Services, json);
        (answer.Status, answer.Code, answer.Field).ShouldBe((400, code, field));
        host.Now.Services.ShouldBeEmpty();
    }

    [Fact]
    public async Task Add_Twice_IsAConflict()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        (await host.PostAsync(Services, """{"name":"a","command":"cat"}""")).Status.ShouldBe(201);
        (await host.PostAsync(Services, """{"name":"a","command":"cat"}""")).Code.ShouldBe("SERVICE_ALREADY_EXISTS");
    }

    [Fact]
    public async Task Get_Secrets_AreHiddenAndSurviveAnUpdateThatSendsThemBack()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var added = await host.PostAsync(
            Services,
            """{"name":"a","command":"cat","env":{"TOKEN":"canary-secret","REF":"${TOKEN}"}}"""
        );
        added.Text.ShouldNotContain("canary-secret");
        added.Data.GetProperty("env").GetProperty("REF").GetString().ShouldBe("${TOKEN}");
        var hidden = added.Data.GetProperty("env").GetProperty("TOKEN").GetString();
        var updated = await host.PutAsync(
            $"{Services}/a",
            $$$"""{"args":["-u"],"env":{"TOKEN":"{{{hidden}}}","NEW":"two"}}"""
        );
        updated.Status.ShouldBe(200, updated.Text);
        var definition = host.Now.Services.Single().Definition;
        definition.Env.ShouldBe([new("NEW", "two"), new("TOKEN", "canary-secret")]);
        definition.Args.ShouldBe(["-u"]);
        definition.Command.ShouldBe("cat");
        var (rows, _) = await host.Get<AuditLog>()
            .ReadAsync(new AuditQuery(null, null, null, null, null), 0, 100, default);
        rows.Select(r => r.Record.Action).ShouldContain("services.update");
        string.Join('\n', rows.Select(r => r.Record.Details)).ShouldNotContain("canary-secret");
    }

    [Fact]
    public async Task Get_SecretsInArgumentsAndUrl_AreHiddenInAnswersAndAudit_AndSurviveAnUpdate()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        const string stored =
            """["-y","server","--password","hunter2canary","postgresql://bob:canary^1@db/x","--token=canarytoken","--key=${K}","${NOPE:-sk-canary}","-p","8080"]""";
        var added = await host.PostAsync(
            Services,
            $$$"""{"name":"a","command":"cat","args":{{{stored}}},"env":{"E":"${NOPE:-sk-canary}"}}"""
        );
        added.Status.ShouldBe(201, added.Text);
        added.Text.ShouldNotContain("canary");
        added
            .Data.GetProperty("args")
            .EnumerateArray()
            .Select(a => a.GetString())
            .ShouldBe([
                "-y",
                "server",
                "--password",
                "********",
                "postgresql://********@db/x",
                "--token=****",
                "--key=${K}",
                "${NOPE:-********}",
                "-p",
                "8080",
            ]);
        added.Data.GetProperty("env").GetProperty("E").GetString().ShouldBe("${NOPE:-********}");
        var web = await host.PostAsync(
            Services,
            """{"name":"w","url":"https://bob:canary1@host/s/caNARY1caNARY1caNARY1/mcp?api_key=canary2&v=1"}"""
        );
        web.Data.GetProperty("url").GetString().ShouldBe("https://********@host/s/********/mcp?api_key=****&v=1");
        await host.PostAsync(
            $"{Services}/import",
            """{"content":"{\"mcpServers\":{\"i\":{\"command\":\"cat\",\"args\":[\"--password\",\"hunter2canary\"]}}}"}"""
        );

        // What was shown is sent back with one more argument in front: everything keeps its value.
        var args = added.Data.GetProperty("args").GetRawText();
        (await host.PutAsync($"{Services}/a", $$$"""{"args":["-v",{{{args[1..^1]}}}]}""")).Status.ShouldBe(200);
        (
            await host.PutAsync($"{Services}/w", $$$"""{"url":"{{{web.Data.GetProperty("url").GetString()}}}"}""")
        ).Status.ShouldBe(200);
        host.Now.Services.Single(s => s.Name == "a")
            .Definition.Args.ShouldBe(["-v", .. JsonSerializer.Deserialize<string[]>(stored)!]);
        host.Now.Services.Single(s => s.Name == "w").Definition.Url!.ShouldContain("canary2");

        var (rows, _) = await host.Get<AuditLog>()
            .ReadAsync(new AuditQuery(null, null, null, null, null), 0, 100, default);
        var details = rows.Where(r => r.Record.Action.StartsWith("services.", StringComparison.Ordinal))
            .Select(r => r.Record.Details!)
            .ToList();
        details.Count.ShouldBe(5);
        details.ShouldAllBe(d => !d.Contains("canary", StringComparison.OrdinalIgnoreCase));
        foreach (var one in details)
            JsonDocument.Parse(one).RootElement.ValueKind.ShouldBe(JsonValueKind.Object);
    }

    // A mask moved behind another option must not give that one the secret of the first.
    [Theory]
    [InlineData("""{"args":["--user-token","********"]}""", "args")]
    [InlineData("""{"args":["--password","********","********"]}""", "args")]
    [InlineData("""{"args":[],"url":"https://********@other/"}""", "url")]
    [InlineData("""{"env":{"OTHER":"********"}}""", "env.OTHER")]
    [InlineData("""{"headers":{"X-Other":"********"}}""", "headers.X-Other")]
    public async Task Update_WithAMaskThatStandsForNothing_IsRefused(string json, string field)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PostAsync(Services, """{"name":"a","command":"cat","args":["--password","hunter2canary"]}""");
        var answer = await host.PutAsync($"{Services}/a", json);
        (answer.Status, answer.Code, answer.Field).ShouldBe((400, "SERVICE_CONFIGURATION_INVALID", field));
        host.Now.Services.Single().Definition.Args.ShouldBe(["--password", "hunter2canary"]);
    }

    [Fact]
    public async Task Update_FromStdioToHttp_LeavesNothingOfTheOld()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PostAsync(Services, """{"name":"a","command":"cat","args":["-u"],"env":{"A":"1"}}""");
        (await host.PutAsync($"{Services}/a", """{"url":"http://127.0.0.1:1/mcp"}""")).Status.ShouldBe(200);
        var definition = host.Now.Services.Single().Definition;
        definition.Command.ShouldBeNull();
        definition.Args.ShouldBeEmpty();
        definition.Env.ShouldBeEmpty();
        definition.Transport.ShouldBe(ServiceTransport.StreamableHttp);
    }

    [Fact]
    public async Task Life_AddWaitCheckStopStartDelete() // S-01, S-08, S-09, S-11, S-12
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var loop = host.Get<ReconcileLoop>();
        await loop.StartAsync(default);
        var body = JsonSerializer.Serialize(
            new
            {
                name = "fix",
                command = FixtureProcess.Command,
                args = new[] { "--stderr", "hello there" },
            }
        );
        var id = (await host.PostAsync(Services, body)).Data.GetProperty("id").GetString();
        var ready = await host.GetAsync($"{Services}/fix/wait");
        ready.Status.ShouldBe(200, ready.Text);
        ready.Data.GetProperty("status").GetString().ShouldBe("running");
        ready.Data.GetProperty("revision").GetString().ShouldBe("2025-11-25");
        ready.Data.GetProperty("era").GetString().ShouldBe("legacy");
        var check = await host.PostAsync($"{Services}/fix/check");
        check.Data.GetProperty("healthy").GetBoolean().ShouldBeTrue();
        (await host.GetAsync($"{Services}/check"))
            .Data.EnumerateArray()
            .Single()
            .GetProperty("name")
            .GetString()
            .ShouldBe("fix");
        var detail = await host.GetAsync($"{Services}/{id}");
        detail.Data.GetProperty("tool_definitions").GetArrayLength().ShouldBeGreaterThan(10);
        detail
            .Data.GetProperty("last_error_lines")
            .EnumerateArray()
            .Select(l => l.GetString())
            .ShouldContain("hello there");
        var tools = await host.GetAsync("/api/v1/tools?page_size=1000");
        tools.Data.EnumerateArray().Select(t => t.GetProperty("name").GetString()).ShouldContain("echo");

        var stopped = await host.PostAsync($"{Services}/fix/stop", """{"force":true}""");
        stopped.Data.GetProperty("status").GetString().ShouldBe("stopped");
        (await host.GetAsync($"{Services}?status=stopped")).Data.GetArrayLength().ShouldBe(1);
        (await host.GetAsync($"{Services}?status=running")).Data.GetArrayLength().ShouldBe(0);
        (await host.PostAsync($"{Services}/fix/check")).Data.GetProperty("healthy").GetBoolean().ShouldBeFalse();
        (await host.PostAsync($"{Services}/fix/start")).Status.ShouldBe(200);
        (await host.GetAsync($"{Services}/fix/wait")).Status.ShouldBe(200);
        (await host.PostAsync($"{Services}/fix/start")).Data.GetProperty("status").GetString().ShouldBe("running");
        var before = (await host.GetAsync($"{Services}/fix")).Data.GetProperty("since").GetString();
        host.Time.Advance(TimeSpan.FromMilliseconds(10));
        (await host.PostAsync($"{Services}/fix/restart")).Status.ShouldBe(200);
        await Eventually.UntilAsync(async () =>
        {
            var now = (await host.GetAsync($"{Services}/fix")).Data;
            return now.GetProperty("status").GetString() == "running" && now.GetProperty("since").GetString() != before;
        });
        (await host.DeleteAsync($"{Services}/fix")).Status.ShouldBe(200);
        (await host.GetAsync($"{Services}/fix")).Code.ShouldBe("SERVICE_NOT_FOUND");
        await loop.StopAsync(default);
    }

    [Fact]
    public async Task Wait_NotInTime_SaysWhatItIsInstead()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var epoch = host.Now.Epoch;
        await host.PostAsync(Services, """{"name":"a","command":"cat","enabled":false}""");
        host.Now.Services.Single().Enabled.ShouldBeFalse();
        host.Now.Epoch.ShouldBe(epoch + 1, "it is never enabled, not even for a moment");
        var answer = await host.GetAsync($"{Services}/a/wait?timeout=0");
        (answer.Status, answer.Code).ShouldBe((408, "SERVICE_TIMEOUT"));
        answer.Text.ShouldContain("not_started");
        (await host.GetAsync($"{Services}/a/wait?status=nonsense")).Field.ShouldBe("status");
        (await host.GetAsync($"{Services}/a/wait?timeout=1000")).Field.ShouldBe("timeout");
    }

    [Fact]
    public async Task Import_DryRun_ShowsAndChangesNothing() // S-03
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PostAsync(Services, """{"name":"one","command":"cat"}""");
        var body = JsonSerializer.Serialize(
            new { content = """{"mcpServers":{"one":{"command":"cat"},"two":{"args":5}, /* c */ }}""", dry_run = true }
        );
        var answer = await host.PostAsync($"{Services}/import", body);
        answer.Status.ShouldBe(200, answer.Text);
        var services = answer.Data.GetProperty("services");
        services[0].GetProperty("name").GetString().ShouldBe("one");
        services[0].GetProperty("action").GetString().ShouldBe("unchanged");
        services[1].GetProperty("action").GetString().ShouldBe("add");
        services[1].GetProperty("problems").GetArrayLength().ShouldBeGreaterThan(0);
        host.Now.Services.Length.ShouldBe(1);
    }

    [Fact]
    public async Task Import_OfTheSameAgain_ChangesNothing() // S-03
    {
        await using AdminHost host = await AdminHost.StartAsync();
        const string file = """{"mcpServers":{"a b":{"command":"cat","x":{"y" : [1]}},"a-b":{"command":"cat"}}}""";
        string body = JsonSerializer.Serialize(new { content = file });
        (await host.PostAsync($"{Services}/import", body)).Status.ShouldBe(200);
        var before = host.Now;
        var again = await host.PostAsync($"{Services}/import", body);
        again
            .Data.GetProperty("services")
            .EnumerateArray()
            .Select(s => (s.GetProperty("name").GetString(), s.GetProperty("action").GetString()))
            .ShouldBe([("a-b", "unchanged"), ("a-b-2", "unchanged")]);
        host.Now.Epoch.ShouldBe(before.Epoch);
        host.Now.Services.Length.ShouldBe(2);
    }

    [Fact]
    public async Task Import_OfAnotherDefinition_IsRefusedUnlessAskedFor()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.PostAsync(Services, """{"name":"one","command":"cat"}""");
        const string file = """{"mcpServers":{"new":{"command":"cat"},"One":{"command":"tac"}}}""";
        var refused = await host.PostAsync($"{Services}/import", $$"""{"config":{{file}}}""");
        (refused.Status, refused.Code, refused.Field).ShouldBe((409, "SERVICE_ALREADY_EXISTS", "one"));
        host.Now.Services.ShouldHaveSingleItem().Definition.Command.ShouldBe("cat");

        var plan = await host.PostAsync($"{Services}/import", $$"""{"config":{{file}},"dry_run":true}""");
        plan.Data.GetProperty("services")[1].GetProperty("action").GetString().ShouldBe("conflict");

        var id = host.Now.Services[0].Id;
        var done = await host.PostAsync($"{Services}/import", $$"""{"config":{{file}},"update":true}""");
        done.Status.ShouldBe(200, done.Text);
        done.Data.GetProperty("services")[1].GetProperty("action").GetString().ShouldBe("update");
        host.Now.Services.Length.ShouldBe(2);
        host.Now.Services.Single(s => s.Id == id).Definition.Command.ShouldBe("tac");
    }

    [Fact]
    public async Task Import_OneWrong_RegistersNone()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var answer = await host.PostAsync(
            $"{Services}/import",
            """{"config":{"mcpServers":{"good":{"command":"cat"},"bad":{"url":"http://x/","command":"cat"}}}}"""
        );
        (answer.Status, answer.Code, answer.Field).ShouldBe((400, "SERVICE_CONFIGURATION_INVALID", "bad.url"));
        host.Now.Services.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(
        """{"config":{"mcpServers":{"a":{"command":"cat"},"b":{"url":"http://127.0.0.1:1/mcp","disabled":true}}}}"""
    )]
    [InlineData(
        """{"content":"[{\"name\":\"a\",\"command\":\"cat\"},{\"name\":\"b\",\"url\":\"http://127.0.0.1:1/mcp\",\"enabled\":false}]"}"""
    )]
    public async Task Import_Good_RegistersAll(string json)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var answer = await host.PostAsync($"{Services}/import", json);
        answer.Status.ShouldBe(200, answer.Text);
        host.Now.Services.OrderBy(s => s.Position)
            .Select(s => (s.Name, s.Enabled))
            .ShouldBe([("a", true), ("b", false)]);
    }
}
