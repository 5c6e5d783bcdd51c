using System.Net;
using System.Text.Json;
using Fairlead.Client;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>The typed client against the gateway it was written for: both sides agree on every shape.</summary>
[Trait("Category", "integration")]
public sealed class ClientContractTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FairleadClient Client => gateway.Client;

    private async Task<ServiceDetail> RunningAsync(string name)
    {
        await Client.Services.AddAsync(new ServiceDraft { Name = name, Command = FixtureProcess.Command }, Token);
        return await Client.Services.WaitAsync(name, null, null, Token);
    }

    // P-76, P-77
    [Fact]
    public async Task SignOut_EndsTheToken()
    {
        using var client = new FairleadClient(gateway.Address);
        await client.SignInAsync("admin", CliGateway.Password, Token);
        (await client.WhoAmIAsync(Token)).Roles.ShouldContain("admin");
        await client.SignOutAsync(Token);
        var refused = await Should.ThrowAsync<FairleadApiException>(() => client.WhoAmIAsync(Token));
        refused.Status.ShouldBe(HttpStatusCode.Unauthorized);
        refused.Code.ShouldBe("AUTHENTICATION_REQUIRED");
    }

    // … A-53
    [Fact]
    public async Task Groups_LiveFromCreationToDeletion()
    {
        var made = await Client.Groups.CreateAsync(
            new GroupDraft
            {
                Name = "Life of a group",
                Description = "d",
                ServerCode = "life",
                CallsPerMinute = 7,
                PublishNative = true,
            },
            Token
        );
        made.ApiKey.ShouldNotBeNull().ShouldStartWith("mcp_key_");
        (await Client.Groups.ReadKeyAsync(made.Id, Token)).ShouldBe(made.ApiKey);
        (await Client.Groups.ListAsync(Token).Select(g => g.Id).ToListAsync(Token)).ShouldContain(made.Id);

        var changed = await Client.Groups.UpdateAsync(made.Id, new GroupChange { Description = "new" }, Token);
        (changed.Description, changed.Name, changed.CallsPerMinute).ShouldBe(("new", "Life of a group", 7));
        (await Client.Groups.SetEnabledAsync(made.Id, false, Token)).Enabled.ShouldBeFalse();
        (await Client.Groups.SetEnabledAsync(made.Id, true, Token)).Enabled.ShouldBeTrue();

        var fresh = await Client.Groups.RegenerateKeyAsync(made.Id, TimeSpan.FromMinutes(1), Token);
        fresh.ShouldNotBe(made.ApiKey);
        (await Client.Mcp(made.ApiKey).ListToolsAsync(Token)).ShouldNotBeEmpty();
        await Client.Groups.RegenerateKeyAsync(made.Id, cancellationToken: Token);
        var old = await Should.ThrowAsync<FairleadMcpException>(() => Client.Mcp(fresh).ListToolsAsync(Token));
        old.Status.ShouldBe(HttpStatusCode.Unauthorized);

        await Client.Groups.DeleteAsync(made.Id, Token);
        var gone = await Should.ThrowAsync<FairleadApiException>(() => Client.Groups.GetAsync(made.Id, Token));
        gone.Code.ShouldBe("GROUP_NOT_FOUND");
    }

    [Fact]
    public async Task Groups_WithATakenName_AreRefusedByField()
    {
        var refused = await Should.ThrowAsync<FairleadApiException>(() =>
            Client.Groups.CreateAsync(new GroupDraft { Name = "default" }, Token)
        );
        (refused.Status, refused.Code, refused.Field).ShouldBe(
            (HttpStatusCode.Conflict, "GROUP_ALREADY_EXISTS", "name")
        );
        refused.RequestId.ShouldNotBeNull();
    }

    // S-12
    [Fact]
    public async Task Services_AreListedShownCheckedAndTheirToolsKnown()
    {
        var service = await RunningAsync("contract");
        service.Status.ShouldBe(ServiceStatus.Running);
        service.Healthy.ShouldBeTrue();
        service.Era.ShouldBe("legacy");
        service.ToolDefinitions.Count.ShouldBe(service.Tools);

        var running = Client.Services.ListAsync(ServiceStatus.Running, Token);
        (await running.Select(s => s.Name).ToListAsync(Token)).ShouldContain("contract");
        var check = await Client.Services.CheckAsync("contract", Token);
        check.Healthy.ShouldBeTrue();
        check.ResponseMs.ShouldNotBeNull().ShouldBeGreaterThan(0);
        (await Client.Services.CheckAllAsync(Token)).Select(c => c.Name).ShouldContain("contract");
        var tools = await Client.Services.ListToolsAsync("contract", Token).ToListAsync(Token);
        tools.Count.ShouldBe(service.Tools);
        tools.ShouldAllBe(t => t.Service == "contract");
    }

    [Fact]
    public async Task Services_ChangedWithAHiddenValue_KeepTheStoredOne()
    {
        await Client.Services.AddAsync(
            new ServiceDraft
            {
                Name = "hidden",
                Command = FixtureProcess.Command,
                Env = new Dictionary<string, string> { ["SECRET"] = "hush", ["KEPT"] = "${HOME}" },
                Enabled = false,
            },
            Token
        );
        var shown = await Client.Services.WaitAsync("hidden", null, null, Token);
        shown.Enabled.ShouldBeFalse();
        shown.Status.ShouldBeOneOf(ServiceStatus.NotStarted, ServiceStatus.Stopped);
        shown.Env["SECRET"].ShouldNotBe("hush");
        shown.Env["KEPT"].ShouldBe("${HOME}");
        var changed = await Client.Services.UpdateAsync(
            "hidden",
            new ServiceDefinition { Env = shown.Env, TimeoutSeconds = 5 },
            Token
        );
        changed.TimeoutSeconds.ShouldBe(5);
        changed.Command.ShouldBe(FixtureProcess.Command);
        (await Client.Services.DeleteAsync("hidden", Token)).Name.ShouldBe("hidden");
    }

    //
    [Fact]
    public async Task Tools_PublishedInAGroup_AreSetAndUnpublished()
    {
        await RunningAsync("publisher");
        var group = await Client.Groups.CreateAsync(
            new GroupDraft { Name = "publishing", Services = ["publisher"] },
            Token
        );
        group.Services.Select(s => s.Name).ShouldBe(["publisher"]);
        var tools = await Client.Tools.ListAsync(group.Id, Token).ToListAsync(Token);
        var echo = tools.Single(t => t.UpstreamName == "echo");
        echo.ServiceName.ShouldBe("publisher");
        echo.Enabled.ShouldBeTrue();

        var off = await Client.Tools.UpdateAsync(
            echo.Id,
            new ToolSettings
            {
                GroupId = group.Id,
                Enabled = false,
                TimeoutSeconds = 3,
                ConfigData = JsonElement.Parse("""{"a":1}"""),
            },
            Token
        );
        (off.Enabled, off.TimeoutSeconds).ShouldBe((false, 3));
        off.ConfigData.ShouldNotBeNull().GetProperty("a").GetInt32().ShouldBe(1);
        var mcp = Client.Mcp(await Client.Groups.ReadKeyAsync(group.Id, Token), group.ServerCode);
        (await mcp.ListToolsAsync(Token)).Select(t => t.Name).ShouldNotContain(echo.ToolName);

        (await Client.Groups.UnpublishAsync(group.Id, "publisher", Token)).Services.ShouldBeEmpty();
        (await mcp.ListToolsAsync(Token)).ShouldBeEmpty();
        (await Client.Groups.PublishAsync(group.Id, "publisher", Token)).Services.Count.ShouldBe(1);
    }

    // R19, through the gateway to a modern service
    [Fact]
    public async Task Mcp_MirrorsParametersTheServiceAsksFor()
    {
        await Client.Services.AddAsync(
            new ServiceDraft
            {
                Name = "modern",
                Command = FixtureProcess.Command,
                Args = ["--era", "modern"],
            },
            Token
        );
        await Client.Services.WaitAsync("modern", null, null, Token);
        var group = await Client.Groups.CreateAsync(new GroupDraft { Name = "modern", Services = ["modern"] }, Token);
        var mcp = Client.Mcp(group.ApiKey!);
        var arguments = JsonElement.Parse("""{"region":"欧洲","limit":3}""");
        var result = await mcp.CallToolAsync("region", arguments, cancellationToken: Token);
        result.IsError.ShouldBeFalse();

        // Through a view: the client mirrors what it sees, the gateway what the administrator fixed.
        var tool = await Client.Tools.ListAsync(group.Id, Token).FirstAsync(t => t.UpstreamName == "region", Token);
        var viewed = await Client.Tools.UpdateAsync(
            tool.Id,
            new ToolSettings
            {
                GroupId = group.Id,
                View = new ToolView
                {
                    Name = "europe",
                    Fixed = new Dictionary<string, JsonElement> { ["region"] = JsonElement.Parse("\"欧洲\"") },
                    Annotations = new ToolHints { ReadOnlyHint = true },
                },
            },
            Token
        );
        (viewed.ToolName, viewed.GivenName, viewed.HeldByView).ShouldBe(("europe", "region", false));
        viewed.ViewProblems.ShouldBeEmpty();
        var whole = await Client.Tools.GetAsync(tool.Id, Token);
        whole.View!.Fixed!["region"].GetString().ShouldBe("欧洲");
        whole.OwnDefinition!.Value.GetRawText().ShouldContain("\"region\"");
        whole.OfferedDefinition!.Value.GetProperty("inputSchema").GetRawText().ShouldNotContain("\"region\"");
        var listed = (await mcp.ListToolsAsync(Token)).Single(t => t.Name == "europe");
        listed.InputSchema.GetProperty("properties").EnumerateObject().Select(p => p.Name).ShouldBe(["limit"]);
        result = await mcp.CallToolAsync("europe", JsonElement.Parse("""{"limit":3}"""), cancellationToken: Token);
        result.IsError.ShouldBeFalse();

        // And found instead of listed, by a group of many.
        (
            await Client.Groups.UpdateAsync(group.Id, new GroupChange { FindTools = true }, Token)
        ).FindTools.ShouldBeTrue();
        (await mcp.ListToolsAsync(Token)).Select(t => t.Name).ShouldBe(["find_tools", "call_tool"]);
        result = await mcp.CallToolAsync(
            "call_tool",
            JsonElement.Parse("""{"name":"europe","arguments":{"limit":3}}"""),
            cancellationToken: Token
        );
        result.IsError.ShouldBeFalse();
    }

    //
    [Fact]
    public async Task Calls_AreLoggedNewestFirst_AndFiltered()
    {
        var group = await Client.Groups.CreateAsync(new GroupDraft { Name = "logged", PublishNative = true }, Token);
        var mcp = Client.Mcp(group.ApiKey!);
        await mcp.CallToolAsync("add", JsonElement.Parse("""{"numbers":[1]}"""), cancellationToken: Token);
        await mcp.CallToolAsync("current_time", cancellationToken: Token);
        var all = new CallFilter { GroupId = group.Id, Method = "tools/call" };
        await Eventually.UntilAsync(
            async () => await Client.Calls.ListAsync(all, Token).CountAsync(Token) == 2,
            cancellationToken: Token
        );
        var calls = await Client.Calls.ListAsync(all, Token).ToListAsync(Token);
        calls.Select(c => c.ToolName).ShouldBe(["current_time", "add"]);
        calls[0].Id.ShouldBeGreaterThan(calls[1].Id);
        calls[0].CallerAppId.ShouldBe("Fairlead.Client");
        calls.ShouldAllBe(c => c.Success && c.DurationMs > 0);
        var since = all with { ToolName = "add", Success = true, From = calls[1].CreatedAt };
        (await Client.Calls.ListAsync(since, Token).CountAsync(Token)).ShouldBe(1);
        (await Client.Calls.ListAsync(all with { Success = false }, Token).CountAsync(Token)).ShouldBe(0);
    }
}
