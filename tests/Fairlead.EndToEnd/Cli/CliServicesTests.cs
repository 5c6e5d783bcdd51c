using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

// S-01, S-02, S-03, S-08, S-09, S-10, S-11, S-12 through the command line, with real service processes.
[Trait("Category", "integration")]
public sealed class CliServicesTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private static string Text(Ran ran, string member) => JsonElement.Parse(ran.Out).GetProperty(member).GetString()!;

    [Fact]
    public async Task Add_AProgram_WaitsUntilItRuns_AndItsToolsCanBeCalled()
    {
        var added = await gateway.RunAsync(
            "services",
            "add",
            "program",
            "--group",
            "default",
            "--env",
            "SECRET=hush",
            "--json",
            "--",
            FixtureProcess.Command,
            "--era",
            "both"
        );
        added.Code.ShouldBe(ExitCode.Ok, added.Error);
        CliGolden.Check("services-add", added.Out);

        var called = await gateway.RunAsync("tools", "call", "progress", "--json");
        called.Code.ShouldBe(ExitCode.Ok, called.Error);
        called.Error.ShouldContain("progress: 1");

        var failed = await gateway.RunAsync("tools", "call", "fail");
        failed.Code.ShouldBe(ExitCode.ServiceFailed);
        failed.Out.ShouldBeEmpty();

        var shown = await gateway.RunAsync("services", "show", "program");
        shown.Code.ShouldBe(ExitCode.Ok);
        shown.Out.ShouldContain("--era both");
        shown.Out.ShouldNotContain("hush");
        CliGolden.Check(
            "services-show",
            WithoutTools((await gateway.RunAsync("services", "show", "program", "--json")).Out)
        );

        var list = await gateway.RunAsync("services", "list");
        list.Error.ShouldBeEmpty();
        list.Out.Split(Environment.NewLine)[0].ShouldMatch("^NAME +STATUS +TRANSPORT +TOOLS +REASON$");
        list.Out.ShouldContain("program");
        JsonElement
            .Parse((await gateway.RunAsync("services", "list", "--json")).Out)
            .EnumerateArray()
            .Select(s => s.GetProperty("name").GetString())
            .ShouldContain("program");
    }

    [Fact]
    public async Task Add_AnAddress_WaitsUntilItRuns()
    {
        await using var service = await FixtureProcess.StartHttpAsync("--era", "modern");
        var added = await gateway.RunAsync(
            "services",
            "add",
            "address",
            "--url",
            service.Address.ToString(),
            "--header",
            "X-Api-Key=hush"
        );
        added.ShouldBe(new Ran(ExitCode.Ok, "address is running" + Environment.NewLine, added.Error));
        added.Error.ShouldContain("--group");
    }

    [Fact]
    public async Task Add_AProgramThatDoesNotExist_SaysWhyAndFails()
    {
        var added = await gateway.RunAsync("services", "add", "missing", "--", "/nowhere/program");
        added.Code.ShouldBe(ExitCode.ServiceFailed);
        added.Out.ShouldBeEmpty();
        added.Error.ShouldContain("missing failed: ");
        added.Error.ShouldContain("/nowhere/program");
        // Starting it again waits for the new attempt, not for what is remembered of the old one.
        var started = await gateway.RunAsync("services", "start", "missing", "--json");
        started.Code.ShouldBe(ExitCode.ServiceFailed);
        Text(started, "status").ShouldBe("error");
    }

    [Fact]
    public async Task Add_AServiceThatNeverAnswers_GivesUpAfterTheTimeout()
    {
        var added = await gateway.RunAsync(
            "services",
            "add",
            "slow",
            "--timeout",
            "1",
            "--",
            FixtureProcess.Command,
            "--delay",
            "600000"
        );
        added.Code.ShouldBe(ExitCode.Failed);
        added.Error.ShouldContain("still starting after 1 s");
        added.Error.ShouldContain("services show slow");
        (await gateway.RunAsync("services", "remove", "slow", "--yes")).Code.ShouldBe(ExitCode.Ok);
    }

    [Fact]
    public async Task Add_WithoutWaiting_ReturnsAtOnce()
    {
        var added = await gateway.RunAsync(
            "services",
            "add",
            "later",
            "--no-wait",
            "--json",
            "--",
            FixtureProcess.Command,
            "--delay",
            "600000"
        );
        added.Code.ShouldBe(ExitCode.Ok);
        Text(added, "status").ShouldBeOneOf("not_started", "starting");
        (await gateway.RunAsync("services", "stop", "later", "--force")).Code.ShouldBe(ExitCode.Ok);
    }

    [Fact]
    public async Task Add_ATakenName_IsRefused()
    {
        await gateway.RunAsync("services", "add", "twice", "--no-wait", "--", FixtureProcess.Command);
        var again = await gateway.RunAsync("services", "add", "twice", "--", FixtureProcess.Command);
        again.Code.ShouldBe(ExitCode.Failed);
        again.Error.ShouldContain("already a service named twice");
    }

    [Theory]
    [InlineData("bad name", "fairlead: name must")]
    [InlineData("relative", "fairlead: url ")]
    public async Task Add_WhatTheGatewayRefuses_IsWrongUsage(string name, string field)
    {
        var added = await gateway.RunAsync(
            "services",
            "add",
            name,
            "--url",
            name == "relative" ? "not-a-url" : "http://127.0.0.1:1"
        );
        added.Code.ShouldBe(ExitCode.WrongUsage);
        added.Error.ShouldContain(field);
    }

    [Fact]
    public async Task Add_ToAnUnknownGroup_RegistersNothing()
    {
        var added = await gateway.RunAsync(
            "services",
            "add",
            "lost",
            "--group",
            "nowhere",
            "--",
            FixtureProcess.Command
        );
        added.Code.ShouldBe(ExitCode.NotFound);
        (await gateway.RunAsync("services", "show", "lost")).Code.ShouldBe(ExitCode.NotFound);
    }

    [Fact]
    public async Task Stop_Start_Restart_Remove_WaitForTheirOutcome()
    {
        await gateway.RunAsync("services", "add", "cycle", "--", FixtureProcess.Command);
        var stopped = await gateway.RunAsync("services", "stop", "cycle");
        stopped.Code.ShouldBe(ExitCode.Ok, stopped.Error);
        stopped.Out.ShouldStartWith("cycle is stopped");
        // S-08: starting what runs, and stopping what is stopped, is no mistake.
        (await gateway.RunAsync("services", "stop", "cycle")).Code.ShouldBe(ExitCode.Ok);

        var started = await gateway.RunAsync("services", "start", "cycle", "--json");
        started.Code.ShouldBe(ExitCode.Ok, started.Error);
        Text(started, "status").ShouldBe("running");
        Text(await gateway.RunAsync("services", "start", "cycle", "--json"), "since").ShouldBe(Text(started, "since"));

        var restarted = await gateway.RunAsync("services", "restart", "cycle", "--json");
        restarted.Code.ShouldBe(ExitCode.Ok, restarted.Error);
        Text(restarted, "status").ShouldBe("running");
        Text(restarted, "since").ShouldNotBe(Text(started, "since"));

        (await gateway.RunAsync("services", "remove", "cycle", "--yes")).Out.ShouldStartWith("cycle is removed");
        (await gateway.RunAsync("services", "show", "cycle")).Code.ShouldBe(ExitCode.NotFound);
    }

    [Theory]
    [InlineData("show")]
    [InlineData("start")]
    [InlineData("stop")]
    [InlineData("restart")]
    [InlineData("remove")]
    [InlineData("check")]
    [InlineData("wait")]
    [InlineData("logs")]
    public async Task Verb_OnAnUnknownService_IsNotFound(string verb)
    {
        var ran = await gateway.RunAsync("services", verb, "nowhere");
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Out.ShouldBeEmpty();
        ran.Error.ShouldContain("services list");
    }

    [Fact]
    public async Task Import_RegistersAllOrNothing()
    {
        var good = $$$"""
            // a comment, as people write them
            {"mcpServers":{"one":{"command":"{{{FixtureProcess.Command}}}"},"two":{"command":"{{{FixtureProcess.Command}}}","disabled":true},}}
            """;
        var plan = await gateway.RunAsync(good, Admin, "services", "import", "-", "--dry-run", "--json");
        plan.Code.ShouldBe(ExitCode.Ok, plan.Error);
        CliGolden.Check("services-import-dry-run", plan.Out);
        (await gateway.RunAsync("services", "show", "one")).Code.ShouldBe(ExitCode.NotFound);

        var done = await gateway.RunAsync(good, Admin, "services", "import", "-");
        done.Code.ShouldBe(ExitCode.Ok, done.Error);
        done.Out.ShouldMatch(@"added +one +running +stdio");
        done.Out.ShouldMatch(@"added +two +(not_started|stopped) +stdio");

        // The same file again changes nothing, and says so; another definition needs a word (S-03).
        var again = await gateway.RunAsync(good, Admin, "services", "import", "-");
        again.Code.ShouldBe(ExitCode.Ok, again.Error);
        again.Out.ShouldMatch(@"unchanged +one +running");
        (await gateway.RunAsync("services", "show", "one-2")).Code.ShouldBe(ExitCode.NotFound);
        var other = good.Replace("\"two\":{", "\"two\":{\"timeout\":7,", StringComparison.Ordinal);
        var refused = await gateway.RunAsync(other, Admin, "services", "import", "-");
        refused.Code.ShouldBe(ExitCode.Failed);
        refused.Error.ShouldContain("another definition: two");
        refused.Error.ShouldContain("--update");
        (await gateway.RunAsync(other, Admin, "services", "import", "-", "--dry-run")).Out.ShouldContain("--update");
        var replaced = await gateway.RunAsync(other, Admin, "services", "import", "-", "--update", "--json");
        replaced.Code.ShouldBe(ExitCode.Ok, replaced.Error);
        JsonElement
            .Parse(replaced.Out)
            .EnumerateArray()
            .Select(s => s.GetProperty("action").GetString())
            .ShouldBe(["unchanged", "update"]);

        const string bad = """{"mcpServers":{"three":{"command":"x"},"four":{"url":"nonsense"}}}""";
        var told = await gateway.RunAsync(bad, Admin, "services", "import", "-", "--dry-run");
        told.Code.ShouldBe(ExitCode.WrongUsage);
        told.Out.ShouldMatch("four +streamable-http +refused: url");
        (await gateway.RunAsync(bad, Admin, "services", "import", "-")).Code.ShouldBe(ExitCode.WrongUsage);
        (await gateway.RunAsync("services", "show", "three")).Code.ShouldBe(ExitCode.NotFound);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    public async Task Import_OfSomethingElse_IsWrongUsage(string text) =>
        (await gateway.RunAsync(text, Admin, "services", "import", "-")).Code.ShouldBe(ExitCode.WrongUsage);

    private static readonly (string, string?)[] Admin = [("FAIRLEAD_ADMIN_PASSWORD", CliGateway.Password)];

    /// <summary>What tools the fixture has is not what this is about.</summary>
    private static string WithoutTools(string json)
    {
        var start = json.IndexOf("\"tool_definitions\": [", StringComparison.Ordinal);
        var end = json.IndexOf("\n  ],", start, StringComparison.Ordinal);
        return json[..start] + "\"tool_definitions\": [ <tools>" + json[end..];
    }
}
