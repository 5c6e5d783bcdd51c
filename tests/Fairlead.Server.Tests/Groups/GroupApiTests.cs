using System.Text.RegularExpressions;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Groups;

public sealed partial class GroupApiTests
{
    private const string Groups = "/api/v1/mcp/groups";
    private const string Tools = "/api/v1/mcp/tools";

    [Fact]
    public async Task Group_Created_HasKeyAndIsInForce()
    {
        //
        await using AdminHost host = await AdminHost.StartAsync();
        Answer made = await host.PostAsync(
            Groups,
            """{"name":"医疗 Tools","allowed_roles":["doctor"],"user_tier_access":["gold"],"calls_per_minute":0}"""
        );
        made.Status.ShouldBe(201, made.Text);
        made.Text.ShouldContain("医疗");
        string key = made.Data.GetProperty("api_key").GetString()!;
        KeyPattern().IsMatch(key).ShouldBeTrue(key);
        GroupConfig group = host.Now.Groups.ShouldHaveSingleItem();
        group.ServerCode.ShouldBe("tools");
        group.KeyHashes.ShouldBe([new KeyHash(GroupKeys.Hash(key), null)]);
        group.AllowedRoles.ShouldBe(["doctor"]);
        group.UserTierAccess.ShouldBe(["gold"]);
        group.CallsPerMinute.ShouldBe(0);
        group.ConcurrentCalls.ShouldBeNull();
        made.Data.GetProperty("created_by").GetString().ShouldNotBeNullOrEmpty();
        Answer read = await host.GetAsync($"{Groups}/{group.Id}");
        read.Data.TryGetProperty("api_key", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("{}", 400, "MISSING_PARAMETER", "name")]
    [InlineData("""{"name":"  "}""", 400, "INVALID_PARAMETER", "name")]
    [InlineData("""{"name":"one"}""", 409, "GROUP_ALREADY_EXISTS", "name")]
    [InlineData("""{"name":"two","server_code":"one"}""", 409, "GROUP_ALREADY_EXISTS", "server_code")]
    [InlineData("""{"name":"two","server_code":"A b"}""", 400, "INVALID_PARAMETER", "server_code")]
    [InlineData("""{"name":"two","server_code":"api"}""", 400, "INVALID_PARAMETER", "server_code")]
    [InlineData("""{"name":"two","allowed_roles":[""]}""", 400, "INVALID_PARAMETER", "allowed_roles")]
    [InlineData("""{"name":"two","user_tier_access":[null]}""", 400, "INVALID_PARAMETER", "user_tier_access")]
    [InlineData("""{"name":"two","calls_per_minute":1000001}""", 400, "INVALID_PARAMETER", "calls_per_minute")]
    [InlineData("""{"name":"two","services":["nope"]}""", 404, "SERVICE_NOT_FOUND", "services")]
    public async Task Group_CreatedWrongly_IsRefusedAndNothingIsMade(string json, int status, string code, string field)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.CreateGroupAsync("one");
        Answer answer = await host.PostAsync(Groups, json);
        (answer.Status, answer.Code, answer.Field).ShouldBe((status, code, field));
        host.Now.Groups.Length.ShouldBe(1);
    }

    [Fact]
    public async Task Groups_Listed_ArePaged()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        foreach (string name in (string[])["a", "b", "c"])
        {
            await host.CreateGroupAsync(name);
            host.Time.Advance(TimeSpan.FromSeconds(1));
        }
        Answer page = await host.GetAsync(Groups + "?page=2&page_size=2");
        page.Data.GetArrayLength().ShouldBe(1);
        page.Data[0].GetProperty("name").GetString().ShouldBe("c");
        page.Json.GetProperty("pagination")
            .GetRawText()
            .ShouldBe("""{"page":2,"page_size":2,"total":3,"total_pages":2,"has_next":false,"has_prev":true}""");
    }

    [Fact]
    public async Task Group_ChangedDisabledDeleted_IsInForceAtOnce()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        GroupId id = await host.CreateGroupAsync("one");
        await host.CreateGroupAsync("other");
        Answer changed = await host.PutAsync($"{Groups}/{id}", """{"description":"d","concurrent_calls":5}""");
        changed.Status.ShouldBe(200, changed.Text);
        Group().ConcurrentCalls.ShouldBe(5);
        Group().Name.ShouldBe("one");
        await host.PutAsync($"{Groups}/{id}", """{"concurrent_calls":-1}""");
        Group().ConcurrentCalls.ShouldBeNull();
        (await host.PutAsync($"{Groups}/{id}", """{"name":"other"}""")).Status.ShouldBe(409);
        await host.PostAsync($"{Groups}/{id}/disable");
        Group().Enabled.ShouldBeFalse();
        await host.PostAsync($"{Groups}/{id}/enable");
        Group().Enabled.ShouldBeTrue();
        (await host.DeleteAsync($"{Groups}/{id}")).Status.ShouldBe(200);
        host.Now.Groups.Length.ShouldBe(1);
        (await host.DeleteAsync($"{Groups}/{id}")).Code.ShouldBe("GROUP_NOT_FOUND");

        GroupConfig Group() => host.Now.Groups.Single(group => group.Id == id);
    }

    [Fact]
    public async Task UnknownGroup_Everywhere_Is404()
    {
        // C-44
        await using AdminHost host = await AdminHost.StartAsync();
        await host.AddServiceAsync("files");
        foreach (
            Answer answer in (Answer[])
                [
                    await host.GetAsync($"{Groups}/x"),
                    await host.PutAsync($"{Groups}/x", "{}"),
                    await host.GetAsync($"{Groups}/x/api-key"),
                    await host.PostAsync($"{Groups}/x/regenerate-key"),
                    await host.PostAsync($"{Groups}/x/enable"),
                    await host.PutAsync($"{Groups}/x/services/files"),
                    await host.GetAsync($"{Tools}?group_id=x"),
                ]
        )
            (answer.Status, answer.Code).ShouldBe((404, "GROUP_NOT_FOUND"));
    }

    [Fact]
    public async Task Key_ViewedAndRegenerated_OldOneStopsAtOnceOrAfterItsGrace()
    {
        // C-45
        await using AdminHost host = await AdminHost.StartAsync();
        GroupId id = await host.CreateGroupAsync("one");
        string first = await KeyAsync();
        Answer regenerated = await host.PostAsync($"{Groups}/{id}/regenerate-key");
        string second = regenerated.Data.GetProperty("api_key").GetString()!;
        second.ShouldNotBe(first);
        (await KeyAsync()).ShouldBe(second);
        host.Now.Groups[0].KeyHashes.ShouldBe([new KeyHash(GroupKeys.Hash(second), null)]);

        await host.PostAsync($"{Groups}/{id}/regenerate-key", """{"grace_seconds":60}""");
        host.Now.Groups[0].KeyHashes.Length.ShouldBe(2);
        host.Now.Groups[0]
            .KeyHashes[1]
            .ShouldBe(new KeyHash(GroupKeys.Hash(second), host.Time.GetUtcNow().AddSeconds(60)));
        (await host.PostAsync($"{Groups}/{id}/regenerate-key", """{"grace_seconds":-1}""")).Field.ShouldBe(
            "grace_seconds"
        );

        (
            await host.Get<AuditLog>().ReadAsync(new("groups.key.view", null, null, null, null), 0, 9, default)
        ).Total.ShouldBe(2);
        (
            await host.Get<AuditLog>()
                .ReadAsync(new("groups.key.regenerate", null, "success", null, null), 0, 9, default)
        ).Total.ShouldBe(2);

        async Task<string> KeyAsync() =>
            (await host.GetAsync($"{Groups}/{id}/api-key")).Data.GetProperty("api_key").GetString()!;
    }

    [Fact]
    public async Task Key_ViewSwitchedOff_IsRefusedAndAudited()
    {
        // C-12 "show once"
        await using AdminHost host = await AdminHost.StartAsync(new GroupsOptions { ShowKeys = false });
        GroupId id = await host.CreateGroupAsync("one");
        (await host.GetAsync($"{Groups}/{id}/api-key")).Code.ShouldBe("KEY_VIEW_DISABLED");
        (
            await host.Get<AuditLog>()
                .ReadAsync(new("groups.key.view", null, "KEY_VIEW_DISABLED", null, null), 0, 9, default)
        ).Total.ShouldBe(1);
    }

    [Fact]
    public async Task Service_PublishedAndTakenOut_MovesItsTools()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        await host.AddServiceAsync("files", "read", "write");
        GroupId id = await host.CreateGroupAsync("one");
        Answer published = await host.PutAsync($"{Groups}/{id}/services/files");
        published.Data.GetProperty("services")[0].GetProperty("name").GetString().ShouldBe("files");
        Answer tools = await host.GetAsync($"{Tools}?group_id={id}");
        tools.Data.EnumerateArray().Select(t => t.GetProperty("tool_name").GetString()).ShouldBe(["read", "write"]);
        tools.Data[0].GetProperty("service_name").GetString().ShouldBe("files");
        (await host.PutAsync($"{Groups}/{id}/services/none")).Code.ShouldBe("SERVICE_NOT_FOUND");
        await host.DeleteAsync($"{Groups}/{id}/services/files");
        (await host.GetAsync($"{Tools}?group_id={id}")).Data.GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Tool_Updated_IsEffectiveImmediately()
    {
        //
        await using AdminHost host = await AdminHost.StartAsync();
        await host.AddServiceAsync("files", "read");
        GroupId id = await host.CreateGroupAsync("one");
        GroupId other = await host.CreateGroupAsync("two");
        await host.PutAsync($"{Groups}/{id}/services/files");
        PublicationConfig tool = host.Now.Publications.ShouldHaveSingleItem();
        Answer changed = await host.PutAsync(
            $"{Tools}/{tool.Id}",
            $$$"""{"group_id":"{{{id}}}","enabled":false,"timeout_seconds":7,"description":"better","config_data":{"a":[1]}}"""
        );
        changed.Status.ShouldBe(200, changed.Text);
        changed.Data.GetProperty("effective_immediately").GetBoolean().ShouldBeTrue();
        changed.Data.GetProperty("config_data").GetProperty("a")[0].GetInt32().ShouldBe(1);
        tool = host.Now.Publications[0];
        (tool.Enabled, tool.TimeoutSeconds, tool.Description).ShouldBe((false, 7, "better"));

        // Defaults: enabled, 30 s, the tool's own description.
        await host.PutAsync($"{Tools}/{tool.Id}", $$"""{"group_id":"{{id}}"}""");
        tool = host.Now.Publications[0];
        (tool.Enabled, tool.TimeoutSeconds, tool.Description).ShouldBe((true, 30, null));

        (await host.PutAsync($"{Tools}/{tool.Id}", "{}")).Field.ShouldBe("group_id");
        (await host.PutAsync($"{Tools}/{tool.Id}", $$"""{"group_id":"{{other}}"}""")).Code.ShouldBe("TOOL_NOT_FOUND");
        (await host.PutAsync($"{Tools}/{tool.Id}", $$"""{"group_id":"{{id}}","timeout_seconds":601}""")).Field.ShouldBe(
            "timeout_seconds"
        );
        (await host.PutAsync($"{Tools}/{tool.Id}", $$"""{"group_id":"{{id}}","config_data":[1]}""")).Field.ShouldBe(
            "config_data"
        );
    }

    [Theory]
    [InlineData("mcp_key_short")]
    [InlineData("mcp_key_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB")]
    [InlineData("key_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task GivenKey_OfAnotherForm_IsRefused(string key)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        StoreResult<CreatedGroup> refused = await host.Get<GroupStore>()
            .CreateAsync(new GroupDraft { Name = "x" }, key, default);
        refused.Error!.Field.ShouldBe("key");
        string good = GroupKeys.New();
        (await host.Get<GroupStore>().CreateAsync(new GroupDraft { Name = "x" }, good, default))
            .Require()
            .Key.ShouldBe(good);
        (await host.Get<GroupStore>().CreateAsync(new GroupDraft { Name = "y" }, good, default)).Error!.Field.ShouldBe(
            "key"
        );
    }

    [GeneratedRegex("^mcp_key_[A-Za-z0-9_-]{43}$", RegexOptions.NonBacktracking)]
    private static partial Regex KeyPattern();
}
