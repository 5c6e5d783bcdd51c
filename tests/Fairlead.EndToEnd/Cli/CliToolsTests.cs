using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Client;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

[Trait("Category", "integration")]
public sealed class CliToolsTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_Show_PrintsTheKeyAndNothingElse()
    {
        var ran = await gateway.RunAsync("keys", "show", "default");
        ran.ShouldBe(new Ran(ExitCode.Ok, CliGateway.Key + Environment.NewLine, ""));
        CliGolden.Check("keys-show", (await gateway.RunAsync("keys", "show", "default", "--json")).Out);
    }

    //
    [Fact]
    public async Task Keys_OfAnUnknownGroup_NameTheOnesThereAre()
    {
        var ran = await gateway.RunAsync("keys", "show", "nowhere");
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Out.ShouldBeEmpty();
        ran.Error.ShouldContain("default");
    }

    [Fact]
    public async Task Tools_List_IsATableForPeopleAndJsonForPrograms()
    {
        var table = await gateway.RunAsync("tools", "list");
        table.Code.ShouldBe(ExitCode.Ok);
        table.Error.ShouldBeEmpty();
        var lines = table.Out.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        lines[0].ShouldMatch("^NAME +DESCRIPTION$");
        lines.ShouldContain(l => l.StartsWith("add ", StringComparison.Ordinal));
        table.Out.ShouldNotContain("\u001b");

        var json = JsonElement.Parse((await gateway.RunAsync("tools", "list", "--group", "default", "--json")).Out);
        foreach (var tool in json.EnumerateArray())
            tool.EnumerateObject().Select(p => p.Name).ShouldBe(["name", "title", "description", "input_schema"]);
        json.EnumerateArray().Select(t => t.GetProperty("name").GetString()).ShouldContain("add");
    }

    [Theory]
    [InlineData("--arg", "numbers=[1, 2.5]")]
    [InlineData("--args", """{"numbers":[1,2.5]}""")]
    public async Task Tools_Call_PrintsWhatTheToolSays(params string[] args)
    {
        var ran = await gateway.RunAsync(["tools", "call", "add", .. args]);
        ran.ShouldBe(new Ran(ExitCode.Ok, "3.5" + Environment.NewLine, ""));
    }

    [Fact]
    public async Task Tools_Call_TakesArgumentsFromStandardInput_AndAKeyInsteadOfAnAdministrator()
    {
        var ran = await gateway.RunAsync(
            """{"numbers":[4]}""",
            [("FAIRLEAD_KEY", CliGateway.Key)],
            "tools",
            "call",
            "add",
            "--args",
            "-",
            "--json"
        );
        ran.Code.ShouldBe(ExitCode.Ok);
        CliGolden.Check("tools-call", ran.Out);
    }

    [Fact]
    public async Task Tools_CallWithAMistypedArgument_NamesTheKnownOnes()
    {
        var ran = await gateway.RunAsync("tools", "call", "add", "--arg", "number=1");
        ran.Error.ShouldContain("does not name number");
        ran.Error.ShouldContain("numbers");
    }

    [Fact]
    public async Task Tools_CallThatFails_KeepsStandardOutputEmpty()
    {
        var ran = await gateway.RunAsync("tools", "call", "current_time", "--arg", "zone=Mars/Olympus");
        ran.Code.ShouldBe(ExitCode.ServiceFailed);
        ran.Out.ShouldBeEmpty();
        ran.Error.ShouldContain("current_time reported an error");
    }

    [Fact]
    public async Task Tools_CallThatFails_AsJsonIsStillTheResult()
    {
        var ran = await gateway.RunAsync("tools", "call", "current_time", "--arg", "zone=Mars/Olympus", "--json");
        ran.Code.ShouldBe(ExitCode.ServiceFailed);
        ran.Out.ShouldContain("\"is_error\": true");
    }

    [Theory]
    [InlineData("tools", "call", "nowhere")]
    [InlineData("tools", "call", "nowhere", "--arg", "a=1")]
    [InlineData("tools", "list", "--group", "nowhere")]
    public async Task Tools_ThatDoNotExist_AreNotFound(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Out.ShouldBeEmpty();
    }

    [Fact]
    public async Task Tools_WithABadKey_AreNotAuthorised()
    {
        var ran = await gateway.RunAsync("", [("FAIRLEAD_KEY", "mcp_key_wrong")], "tools", "list");
        ran.Code.ShouldBe(ExitCode.NotAuthorised);
        ran.Error.ShouldContain("FAIRLEAD_KEY");
    }

    [Fact]
    public async Task Tools_WithTheKeyOfAnotherGroup_AreNotFound()
    {
        var ran = await gateway.RunAsync("", [("FAIRLEAD_KEY", CliGateway.Key)], "tools", "list", "--group", "other");
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Error.ShouldContain("FAIRLEAD_KEY");
    }

    // the administrator is the calling user where a group asks for one.
    [Fact]
    public async Task Tools_OfARestrictedGroup_AreCalledAsTheSignedInUser()
    {
        await gateway.Client.Groups.CreateAsync(
            new GroupDraft
            {
                Name = "for admins",
                ServerCode = "admins",
                AllowedRoles = ["admin"],
                PublishNative = true,
            },
            Token
        );
        var ran = await gateway.RunAsync("tools", "call", "add", "--group", "admins", "--arg", "numbers=[1,1]");
        ran.ShouldBe(new Ran(ExitCode.Ok, "2" + Environment.NewLine, ""));
    }

    [Fact]
    public async Task Tools_OfADisabledGroup_AreNotAuthorised()
    {
        var group = await gateway.Client.Groups.CreateAsync(new GroupDraft { Name = "off" }, Token);
        await gateway.Client.Groups.SetEnabledAsync(group.Id, false, Token);
        var ran = await gateway.RunAsync("tools", "list", "--group", "off");
        ran.Code.ShouldBe(ExitCode.NotAuthorised);
        ran.Error.ShouldContain("disabled");
    }
}
