using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Client;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead groups</c>, <c>keys</c> and the settings of tools (A-13, A-47 … A-55).</summary>
[Trait("Category", "integration")]
public sealed class CliGroupsTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<string> DoneAsync(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        return ran.Out;
    }

    [Fact]
    public async Task Group_IsMadeChangedAndRemoved()
    {
        var made = await gateway.RunAsync(
            "groups",
            "add",
            "患者 tools",
            "--code",
            "patients",
            "--description",
            "for patients",
            "--native",
            "true",
            "--role",
            "admin",
            "--calls-per-minute",
            "7"
        );
        made.Code.ShouldBe(ExitCode.Ok, made.Error);
        // The key goes to the pipe, and nothing else.
        made.Out.ShouldMatch("^mcp_key_[A-Za-z0-9_-]{43}\\s*$");
        made.Error.ShouldContain($"{gateway.Address}mcp/patients");
        (await DoneAsync("keys", "show", "patients")).ShouldBe(made.Out);

        var shown = await DoneAsync("groups", "show", "患者 tools");
        shown.ShouldMatch("calls a minute +7");
        shown.ShouldMatch("for +roles admin");
        CliGolden.Check("groups-show", await DoneAsync("groups", "show", "patients", "--json"));
        (await DoneAsync("tools", "list", "--group", "patients")).ShouldContain("add");

        var changed = await DoneAsync(
            "groups",
            "update",
            "patients",
            "--name",
            "Patients",
            "--role",
            "",
            "--calls-per-minute",
            "default",
            "--concurrent-calls",
            "0",
            "--native",
            "false"
        );
        changed.ShouldMatch("name +Patients");
        changed.ShouldMatch("for +anyone with the key");
        changed.ShouldMatch("calls a minute +the gateway's default");
        changed.ShouldMatch("calls at once +no limit");
        changed.ShouldMatch("description +for patients");

        (await DoneAsync("groups", "disable", "patients", "default")).ShouldBe(
            $"Patients is disabled{Environment.NewLine}default is disabled{Environment.NewLine}"
        );
        (await gateway.RunAsync("tools", "list", "--group", "patients")).Code.ShouldBe(ExitCode.NotAuthorised);
        (await DoneAsync("groups", "enable", "patients", "default")).ShouldContain("default is enabled");

        (await DoneAsync("groups", "remove", "patients", "--yes")).ShouldStartWith("Patients is removed");
        (await gateway.RunAsync("groups", "show", "patients")).Code.ShouldBe(ExitCode.NotFound);
    }

    [Fact]
    public async Task Groups_AreListedByPage()
    {
        foreach (var name in (string[])["page-a", "page-b", "page-c"])
            await DoneAsync("groups", "create", name);
        var all = JsonElement.Parse(await DoneAsync("groups", "list", "--json")).EnumerateArray().ToList();
        all.Count.ShouldBeGreaterThanOrEqualTo(4);
        JsonElement
            .Parse(await DoneAsync("groups", "list", "--json", "--page", "2", "--page-size", "2"))
            .EnumerateArray()
            .Select(g => g.GetProperty("id").GetString())
            .ShouldBe(all.Skip(2).Take(2).Select(g => g.GetProperty("id").GetString()));
        var table = await DoneAsync("groups", "list");
        table.Split(Environment.NewLine)[0].ShouldMatch("^CODE +NAME +ENABLED +SERVICES +NATIVE +FOR$");
        table.ShouldMatch("page-a +page-a +yes");
        CliGolden.Check("groups-list", await DoneAsync("groups", "list", "--json", "--page-size", "1"));
        (await DoneAsync("keys", "list")).ShouldMatch($"page-a +page-a +yes +{gateway.Address}mcp/page-a");
        (await DoneAsync("keys", "list", "--json")).ShouldNotContain("mcp_key_");
    }

    [Fact]
    public async Task Services_AreTakenInAndOut()
    {
        await DoneAsync("groups", "add", "shelf");
        await DoneAsync("services", "add", "shelved", "--", FixtureProcess.Command);
        (await DoneAsync("groups", "add-service", "shelf", "shelved")).ShouldStartWith("shelf publishes shelved");
        (await DoneAsync("tools", "list", "--group", "shelf")).ShouldContain("progress");
        (await DoneAsync("groups", "remove-service", "shelf", "shelved")).ShouldStartWith(
            "shelf publishes no services"
        );
        (await gateway.RunAsync("tools", "list", "--group", "shelf")).Error.ShouldContain("publishes no tools");
        // All are found before any is changed.
        (await gateway.RunAsync("groups", "add-service", "shelf", "shelved", "nowhere")).Code.ShouldBe(
            ExitCode.NotFound
        );
        (await DoneAsync("groups", "show", "shelf")).ShouldNotContain("shelved");
    }

    //
    [Fact]
    public async Task Key_Regenerated_LeavesTheOldOneDeadAtOnce_WithItsStreams()
    {
        var old = (await DoneAsync("groups", "add", "rotated", "--native", "true")).Trim();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(gateway.Address, "mcp/rotated"));
        request.Headers.Authorization = new("Bearer", old);
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var stream = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var events = new StreamReader(await stream.Content.ReadAsStreamAsync(Token));
        (await events.ReadLineAsync(Token)).ShouldBe("event: endpoint");

        // Somebody who did not mean it.
        (await gateway.TypeAsync("n\n", "keys", "regenerate", "rotated")).Code.ShouldBe(ExitCode.Failed);
        (await gateway.RunAsync("keys", "regenerate", "rotated")).Error.ShouldContain("--yes");
        (await DoneAsync("keys", "show", "rotated")).Trim().ShouldBe(old);

        var typed = await gateway.TypeAsync("y\n", "keys", "regenerate", "rotated");
        typed.Code.ShouldBe(ExitCode.Ok, typed.Error);
        typed.Error.ShouldContain("refused at once");
        var fresh = typed.Out.Trim();
        fresh.ShouldMatch("^mcp_key_[A-Za-z0-9_-]{43}$");
        fresh.ShouldNotBe(old);
        var variables = new (string, string?)[] { ("FAIRLEAD_KEY", old) };
        (await gateway.RunAsync("", variables, "tools", "list")).Code.ShouldBe(ExitCode.NotAuthorised);
        variables[0].Item2 = fresh;
        (await gateway.RunAsync("", variables, "tools", "list")).Code.ShouldBe(ExitCode.Ok);
        string? line;
        do line = await events.ReadLineAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Token);
        while (line is not null);

        var graced = await gateway.RunAsync("keys", "regenerate", "rotated", "--grace", "60", "--yes", "--json");
        CliGolden.Check("keys-regenerate", graced.Out.Replace(KeyOf(graced), "<key>", StringComparison.Ordinal));
        (await gateway.RunAsync("", variables, "tools", "list")).Code.ShouldBe(ExitCode.Ok);

        static string KeyOf(Ran ran) => JsonElement.Parse(ran.Out).GetProperty("api_key").GetString()!;
    }

    [Theory]
    [InlineData("n\n")]
    [InlineData("\n")]
    [InlineData("")]
    public async Task Removal_ThatIsNotConfirmed_ChangesNothing(string typed)
    {
        var ran = await gateway.TypeAsync(typed, "groups", "remove", "default");
        ran.Code.ShouldBe(ExitCode.Failed);
        ran.Error.ShouldContain("[y/N]");
        (await gateway.RunAsync("groups", "show", "default")).Code.ShouldBe(ExitCode.Ok);
    }

    //
    [Fact]
    public async Task Tool_IsOfferedAsTheGroupSays()
    {
        await DoneAsync("groups", "add", "picky", "--native", "true");
        (await DoneAsync("tools", "disable", "add", "--group", "picky")).ShouldStartWith("add is no longer offered");
        (await DoneAsync("tools", "list", "--group", "picky")).ShouldNotMatch("(?m)^add ");
        (await DoneAsync("tools", "enable", "add", "--group", "picky")).ShouldStartWith("add is offered");
        var changed = await DoneAsync(
            "tools",
            "update",
            "add",
            "--group",
            "picky",
            "--timeout",
            "9",
            "--description",
            "Sums up",
            "--json"
        );
        CliGolden.Check("tools-update", changed);
        (await DoneAsync("tools", "list", "--group", "picky")).ShouldMatch("(?m)^add +Sums up$");
        // What is not named stays.
        (await DoneAsync("tools", "update", "add", "--group", "picky", "--description", "", "--json")).ShouldContain(
            "\"timeout_seconds\": 9"
        );
        (await DoneAsync("tools", "list", "--group", "picky")).ShouldNotContain("Sums up");
        foreach (var verb in (string[])["enable", "disable"])
            (await gateway.RunAsync("tools", verb, "nothing", "--group", "picky")).Code.ShouldBe(ExitCode.NotFound);
        (await gateway.RunAsync("tools", "update", "nothing", "--timeout", "1")).Code.ShouldBe(ExitCode.NotFound);
    }

    // views, and groups that list two tools instead of all.
    [Fact]
    public async Task Tool_IsShownAndFoundAsItsViewSays()
    {
        await DoneAsync("groups", "add", "viewed", "--native", "true");
        string[] of = ["--group", "viewed"];
        (
            await DoneAsync(
                "tools",
                "update",
                "add",
                "--rename",
                "sum_of_two",
                "--title",
                "Sum of 1 and 2",
                "--fix",
                "numbers=[1,2]",
                "--destructive",
                "false",
                "--group",
                "viewed"
            )
        ).ShouldStartWith("sum_of_two is changed");
        CliGolden.Check("tools-show", await DoneAsync(["tools", "show", "sum_of_two", .. of, "--json"]));
        var shown = await DoneAsync(["tools", "show", "sum_of_two", .. of]);
        shown.ShouldMatch("(?m)^fixed +numbers=\\[1,2\\]$");
        shown.ShouldMatch("(?m)^hints +destructive false$");
        (await DoneAsync(["tools", "list", .. of])).ShouldNotMatch("(?m)^add ");
        (await DoneAsync(["tools", "call", "sum_of_two", .. of])).Trim().ShouldBe("3");
        var refused = await gateway.RunAsync(
            "tools",
            "call",
            "sum_of_two",
            "--args",
            "{\"numbers\":[9]}",
            "--group",
            "viewed"
        );
        refused.Code.ShouldNotBe(ExitCode.Ok);
        refused.Error.ShouldContain("'numbers'");

        (await gateway.RunAsync(["tools", "update", "sum_of_two", "--fix", "numbers=2", .. of])).Code.ShouldBe(
            ExitCode.WrongUsage
        );
        var taken = await gateway.RunAsync(["tools", "update", "sum_of_two", "--rename", "search", .. of]);
        taken.Code.ShouldBe(ExitCode.Failed);
        taken.Error.ShouldContain("the gateway's own tool search");
        (await gateway.RunAsync(["tools", "update", "sum_of_two", "--show", "other", .. of])).Error.ShouldContain(
            "neither hidden nor fixed"
        );
        (
            await gateway.RunAsync(["tools", "update", "sum_of_two", "--no-view", "--title", "x", .. of])
        ).Error.ShouldContain("--no-view");
        (await gateway.RunAsync(["tools", "update", "sum_of_two", .. of])).Error.ShouldContain("--rename");
        // What is not named stays.
        await DoneAsync(["tools", "update", "sum_of_two", "--show", "numbers", .. of]);
        (await DoneAsync(["tools", "show", "sum_of_two", .. of])).ShouldMatch("(?m)^title +Sum of 1 and 2$");

        await DoneAsync("groups", "update", "viewed", "--find-tools", "true");
        (await DoneAsync(["tools", "list", .. of])).ShouldMatch("(?s)^NAME.*find_tools .*call_tool [^\n]*\n$");
        (await DoneAsync(["tools", "call", "sum_of_two", "--arg", "numbers=[4,5]", .. of])).Trim().ShouldBe("9");
        (
            await DoneAsync([
                "tools",
                "call",
                "call_tool",
                "--args",
                """{"name":"sum_of_two","arguments":{"numbers":[1,6]}}""",
                .. of,
            ])
        )
            .Trim()
            .ShouldBe("7");
        (await DoneAsync(["tools", "call", "find_tools", "--arg", "query=sums", .. of])).ShouldContain("sum_of_two");
        (await gateway.RunAsync(["tools", "call", "nothing", "--arg", "a=1", .. of])).Code.ShouldBe(ExitCode.NotFound);
        await DoneAsync("groups", "update", "viewed", "--find-tools", "false");
        await DoneAsync(["tools", "update", "sum_of_two", "--no-view", .. of]);
        (await DoneAsync(["tools", "list", .. of])).ShouldMatch("(?m)^add ");
    }

    [Theory]
    [InlineData("show")]
    [InlineData("update", "--name", "x")]
    [InlineData("enable")]
    [InlineData("disable")]
    [InlineData("remove", "--yes")]
    public async Task Verb_OnAnUnknownGroup_NamesTheOnesThereAre(string verb, params string[] more)
    {
        var ran = await gateway.RunAsync(["groups", verb, "nowhere", .. more]);
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Error.ShouldContain("default");
    }

    [Fact]
    public async Task Group_OfATakenName_IsRefused()
    {
        var ran = await gateway.RunAsync("groups", "add", "default");
        ran.Code.ShouldBe(ExitCode.Failed);
        ran.Error.ShouldContain("already a group named default");
        ran.Out.ShouldBeEmpty();
    }
}
