using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Cli;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>Verbs for several services at once, and those that change, check, wait and show logs (S-08 … S-13).</summary>
public sealed partial class CliServiceVerbsTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private async Task<string> DoneAsync(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        return ran.Out;
    }

    private static string[] Statuses(string json) =>
        [
            .. JsonElement
                .Parse(json)
                .EnumerateArray()
                .Select(s => $"{s.GetProperty("name").GetString()} {s.GetProperty("status").GetString()}"),
        ];

    [Fact]
    public async Task Several_AndAll_AreStoppedInReverseAndStarted()
    {
        await DoneAsync("services", "add", "first", "--", FixtureProcess.Command);
        await DoneAsync("services", "add", "second", "--", FixtureProcess.Command);
        // S-13
        Statuses(await DoneAsync("services", "stop", "first", "second", "--json"))
            .ShouldBe(["second stopped", "first stopped"]);
        Statuses(await DoneAsync("services", "list", "--status", "stopped", "--json"))
            .ShouldBe(["first stopped", "second stopped"]);
        Statuses(await DoneAsync("services", "list", "--page", "2", "--page-size", "1", "--json"))
            .ShouldBe(["second stopped"]);
        (await DoneAsync("services", "start", "--all")).ShouldBe(
            $"first is running{Environment.NewLine}second is running{Environment.NewLine}"
        );
        Statuses(await DoneAsync("services", "restart", "--all", "--json"))
            .ShouldBe(["first running", "second running"]);
        // All are found before anything is done.
        (await gateway.RunAsync("services", "stop", "first", "nowhere")).Code.ShouldBe(ExitCode.NotFound);
        Statuses(await DoneAsync("services", "list", "--json")).ShouldBe(["first running", "second running"]);

        var check = await DoneAsync("services", "check", "--all");
        check.ShouldMatch(@"(?m)^first +running +yes +[0-9.]+ +answers");
        CliGolden.Check("services-check", Ms(await DoneAsync("services", "check", "second", "--json")));

        (await gateway.RunAsync("services", "remove", "--all")).Code.ShouldBe(ExitCode.WrongUsage);
        (await gateway.TypeAsync("no\n", "services", "remove", "first")).Code.ShouldBe(ExitCode.Failed);
        (await DoneAsync("services", "remove", "--all", "--yes")).ShouldContain("first is removed");
        (await gateway.RunAsync("services", "list")).Error.ShouldContain("No services here");

        static string Ms(string json) => ResponseMs().Replace(json, "\"response_ms\": <ms>");
    }

    // S-13, S-15
    [Fact]
    public async Task Dependencies_ComeFirstAndGoLast()
    {
        await DoneAsync("services", "add", "web", "--", FixtureProcess.Command);
        await DoneAsync("services", "add", "db", "--", FixtureProcess.Command);
        await DoneAsync("services", "update", "web", "--depends-on", "db");
        (await gateway.RunAsync("services", "update", "web", "--depends-on", "ghost")).Error.ShouldContain("ghost");
        Statuses(await DoneAsync("services", "stop", "db", "web", "--force", "--json"))
            .ShouldBe(["web stopped", "db stopped"]);

        Statuses(await DoneAsync("services", "start", "web", "db", "--json")).ShouldBe(["db running", "web running"]);
        Statuses(await DoneAsync("services", "restart", "--all", "--json")).ShouldBe(["db running", "web running"]);
        Statuses(await DoneAsync("services", "stop", "--all", "--json")).ShouldBe(["web stopped", "db stopped"]);
        (await DoneAsync("services", "start", "web")).ShouldBe($"web is running{Environment.NewLine}");
        Statuses(await DoneAsync("services", "list", "--json")).ShouldBe(["web running", "db running"]);
        (await DoneAsync("services", "show", "web")).ShouldMatch("(?m)^depends on +db$");
        (await gateway.RunAsync("services", "remove", "db", "--yes")).Error.ShouldContain("web");

        await DoneAsync("services", "update", "web", "--depends-on", "");
        (await DoneAsync("services", "show", "web")).ShouldNotContain("depends on");
        await DoneAsync("services", "remove", "--all", "--yes");
    }

    // S-14, S-18, S-19, S-20
    [Fact]
    public async Task Run_Health_AndEvents_AreSetAndShown()
    {
        await DoneAsync([
            .. "services add shy --lazy --idle 60 --max-restarts 5 --restart-delay 1.5 --restart-on-error".Split(' '),
            .. "--max-memory 512 --nice 5 --".Split(' '),
            FixtureProcess.Command,
        ]);
        (await DoneAsync("services", "show", "shy")).ShouldContain(
            "lazy, ends after 60 s without a call, at most 5 restarts, 1.5 s before a restart, at most 512 MiB, nice 5"
        );
        await DoneAsync("services", "update", "shy", "--lazy=false", "--restart-on-error=false");
        (await DoneAsync("services", "show", "shy")).ShouldMatch("(?m)^runs +ends after 60 s.*never restarted");
        await DoneAsync("services", "restart", "shy");

        (await DoneAsync("services", "health", "shy", "--window", "60")).ShouldMatch(@"(?m)^status +running \(");
        var health = JsonElement.Parse(await DoneAsync("services", "health", "shy", "--json"));
        health.GetProperty("status").GetString().ShouldBe("running");
        var events = await DoneAsync("services", "events", "shy");
        events.ShouldContain("shy: starting -> running");
        (await DoneAsync("services", "events", "--json", "--last", "1")).Split('\n').Length.ShouldBe(2);
        (await gateway.RunAsync("services", "events", "shy", "-f")).Code.ShouldBe(ExitCode.WrongUsage);
        var wrong = await gateway.RunAsync("services", "update", "shy", "--nice", "20");
        wrong.Code.ShouldBe(ExitCode.WrongUsage);
        wrong.Error.ShouldContain("--nice is 0 to 19, not '20'.");
        (await gateway.RunAsync("services", "update", "shy", "--restart-delay", "soon")).Error.ShouldContain(
            "--restart-delay is 0 to 3600, not 'soon'."
        );
        // S-12
        (await DoneAsync("services", "capabilities", "shy", "--kind", "tool")).ShouldMatch(
            "(?m)^shy +tool +echo +served "
        );
        JsonElement
            .Parse(await DoneAsync("services", "capabilities", "shy", "--state", "held", "--json"))
            .GetArrayLength()
            .ShouldBe(0);
        (await DoneAsync("services", "changes", "shy")).ShouldContain("+ tool/echo");
        await DoneAsync("services", "remove", "shy", "--yes");
    }

    // The line that says what it died of, not the stack and the version below it.
    [Fact]
    public async Task Add_OfAProgramThatDies_TellsWhatItDiedOf()
    {
        const string script =
            "printf 'node:internal\\n\\nError: Cannot find module\\n    at Error (x.js:1)\\n\\nNode.js v22.1.0\\n' >&2; exit 1";
        var ran = await gateway.RunAsync("services", "add", "dying", "--", "sh", "-c", script);
        ran.Code.ShouldBe(ExitCode.ServiceFailed);
        ran.Error.ShouldMatch("it last said: Error: Cannot find module");
        await DoneAsync("services", "remove", "dying", "--yes");
    }

    [Fact]
    public async Task Check_OfAServiceThatShouldRunAndDoesNot_Fails()
    {
        await gateway.RunAsync("services", "add", "dead", "--", "/nowhere/program");
        await DoneAsync("services", "add", "resting", "--", FixtureProcess.Command);
        await DoneAsync("services", "stop", "resting");
        var ran = await gateway.RunAsync("services", "check", "dead", "resting");
        ran.Code.ShouldBe(ExitCode.ServiceFailed);
        ran.Error.ShouldContain("No sign of life of dead.");
        await DoneAsync("services", "remove", "dead", "resting", "--yes");
    }

    // Neither is waited for: a service that sleeps is as it should be, one that is skipped has failed (S-16).
    [Fact]
    public async Task Asleep_IsFine_AndSkipped_IsToldAtOnce()
    {
        await DoneAsync("services", "add", "drowsy", "--", FixtureProcess.Command);
        (await DoneAsync("services", "update", "drowsy", "--lazy")).ShouldStartWith("drowsy is stopped: not in use");
        (await DoneAsync("services", "check", "drowsy")).ShouldMatch("drowsy +stopped +no");
        using var http = new HttpClient();
        var health = await http.GetStringAsync(
            new Uri(gateway.Address, "/health"),
            TestContext.Current.CancellationToken
        );
        health.ShouldContain("1 running or asleep");

        await DoneAsync("services", "add", "base", "--", FixtureProcess.Command);
        await DoneAsync("services", "stop", "base");
        var skipped = await gateway.RunAsync(
            "services",
            "add",
            "needy",
            "--depends-on",
            "base",
            "--",
            FixtureProcess.Command
        );
        (skipped.Code, skipped.Out).ShouldBe((ExitCode.ServiceFailed, ""));
        skipped.Error.ShouldContain("needy is not_started: skipped: base, which it depends on, is stopped");
        await DoneAsync("services", "remove", "--all", "--yes");
    }

    [Fact]
    public async Task Wait_IsForAStateAndBounded()
    {
        await DoneAsync("services", "add", "late", "--no-wait", "--", FixtureProcess.Command);
        (await DoneAsync("services", "wait", "late")).ShouldStartWith("late is running");
        await DoneAsync("services", "stop", "late");
        (await DoneAsync("services", "wait", "late", "--status", "stopped", "--json")).ShouldContain(
            "\"status\": \"stopped\""
        );
        var never = await gateway.RunAsync("services", "wait", "late", "--timeout", "1");
        never.Code.ShouldBe(ExitCode.Failed);
        never.Error.ShouldContain("not running within 1 s");
        await DoneAsync("services", "remove", "late", "--yes");
    }

    [Fact]
    public async Task Update_ChangesWhatIsNamed_AndRestarts()
    {
        await DoneAsync(
            "services",
            "add",
            "mutable",
            "--env",
            "KEEP=hush hush",
            "--env",
            "GO=away",
            "--",
            FixtureProcess.Command
        );
        var before = JsonElement.Parse(await DoneAsync("services", "show", "mutable", "--json"));
        var changed = await gateway.RunAsync(
            "services",
            "update",
            "mutable",
            "--env",
            "NEW=${PATH}",
            "--unset-env",
            "GO",
            "--call-timeout",
            "9",
            "--",
            FixtureProcess.Command,
            "--tools",
            "2"
        );
        changed.ShouldBe(new Ran(ExitCode.Ok, $"mutable is running{Environment.NewLine}", changed.Error));
        var after = JsonElement.Parse(await DoneAsync("services", "info", "mutable", "--json"));
        after.GetProperty("env").EnumerateObject().Select(e => e.Name).ShouldBe(["KEEP", "NEW"]);
        after.GetProperty("timeout_seconds").GetInt32().ShouldBe(9);
        after.GetProperty("tools").GetInt32().ShouldBe(before.GetProperty("tools").GetInt32() + 2);
        after.GetProperty("id").GetString().ShouldBe(before.GetProperty("id").GetString());
        (await gateway.RunAsync("services", "update", "mutable", "--unset-env", "GO")).Code.ShouldBe(ExitCode.NotFound);
        var broken = await gateway.RunAsync("services", "update", "mutable", "--", "/nowhere/program");
        broken.Code.ShouldBe(ExitCode.ServiceFailed);
        (await gateway.RunAsync("services", "update", "nowhere", "--cwd", "/")).Code.ShouldBe(ExitCode.NotFound);
        await DoneAsync("services", "remove", "mutable", "--yes");
    }

    [Fact]
    public async Task Logs_AreWhatTheServiceSaidAndWhatBecameOfIt()
    {
        await DoneAsync("services", "add", "talker", "--", FixtureProcess.Command, "--stderr", "hello from within");
        var logs = "";
        await Eventually.UntilAsync(async () =>
            (logs = await DoneAsync("services", "logs", "talker")).Contains(
                "hello from within",
                StringComparison.Ordinal
            )
        );
        logs.ShouldMatch(@"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z  stderr   hello from within$");
        logs.ShouldMatch("gateway  running");
        var lines = (await DoneAsync("services", "logs", "talker", "--json", "-n", "1")).Split(
            Environment.NewLine,
            StringSplitOptions.RemoveEmptyEntries
        );
        JsonElement
            .Parse(lines.ShouldHaveSingleItem())
            .EnumerateObject()
            .Select(p => p.Name)
            .ShouldBe(["id", "at", "source", "text"]);

        await using var follow = CliFollower.Start(gateway, "services", "logs", "talker", "-f", "-n", "1");
        await follow.UntilAsync("gateway  running");
        await DoneAsync("services", "restart", "talker");
        await follow.UntilAsync("hello from within");
        (await follow.StopAsync()).ShouldBe(ExitCode.Interrupted);
        await DoneAsync("services", "remove", "talker", "--yes");
    }

    [GeneratedRegex("\"response_ms\": [0-9.]+", RegexOptions.NonBacktracking)]
    private static partial Regex ResponseMs();
}
