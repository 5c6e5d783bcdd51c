using System.Text;
using System.Text.Json;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Groups;

/// <summary>Views of tools and the switch of groups over REST (A-55, C-13, C-14).</summary>
public sealed class ToolViewApiTests
{
    private const string Groups = "/api/v1/mcp/groups";
    private const string Tools = "/api/v1/mcp/tools";
    private const string Schema =
        """{"type":"object","properties":{"path":{"type":"string"},"root":{"type":"string"},"api_token":{"type":"string"},"size":{"type":"integer"}},"required":["path"]}""";

    private static async Task<(AdminHost Host, GroupId Group, ServiceId Service, PublicationConfig Tool)> StartAsync()
    {
        AdminHost host = await AdminHost.StartAsync();
        ServiceId service = await host.AddServiceAsync("files");
        await ListAsync(host, service, Schema);
        GroupId group = await host.CreateGroupAsync("one");
        await host.PutAsync($"{Groups}/{group}/services/files");
        return (host, group, service, host.Now.Publications.First(p => p.ExposedName == "read"));
    }

    private static Task ListAsync(AdminHost host, ServiceId service, string schema) =>
        host.Get<CatalogueStore>()
            .SaveAsync(
                service,
                [Item(service, "read", schema, 0), Item(service, "write", """{"type":"object"}""", 1)],
                null,
                CancellationToken.None
            );

    private static CatalogueItem Item(ServiceId service, string name, string schema, int position) =>
        new()
        {
            Service = service,
            Kind = ItemKind.Tool,
            Name = name,
            Definition = Encoding.UTF8.GetBytes(
                $$"""{"name":"{{name}}","description":"own","inputSchema":{{schema}} }"""
            ),
            Position = position,
        };

    private static Task<Answer> SetAsync(AdminHost host, GroupId group, PublicationConfig tool, string view) =>
        host.PutAsync($"{Tools}/{tool.Id}", $$"""{"group_id":"{{group}}","view":{{view}} }""");

    [Fact]
    public async Task View_Set_IsShownWithBothDefinitions()
    {
        var (host, group, _, tool) = await StartAsync();
        await using AdminHost __ = host;
        await host.Get<SecretStore>().SetAsync("T", "geheim-canary", default);
        Answer set = await SetAsync(
            host,
            group,
            tool,
            """{"name":"look","title":"Look","hidden":["size"],"fixed":{"root":"/srv","api_token":"x${secret:T}"},"annotations":{"read_only_hint":true}}"""
        );
        set.Status.ShouldBe(200, set.Text);
        set.Data.GetProperty("effective_immediately").GetBoolean().ShouldBeTrue();
        (set.Data.GetProperty("tool_name").GetString(), set.Data.GetProperty("given_name").GetString()).ShouldBe(
            ("look", "read")
        );
        host.Now.Publications.Single(p => p.Id == tool.Id).ExposedName.ShouldBe("look");

        Answer one = await host.GetAsync($"{Tools}/{tool.Id}");
        JsonElement view = one.Data.GetProperty("view");
        view.GetProperty("fixed").GetRawText().ShouldBe("""{"api_token":"x${secret:T}","root":"/srv"}""");
        view.GetProperty("annotations").GetProperty("read_only_hint").GetBoolean().ShouldBeTrue();
        one.Data.GetProperty("own_definition").GetProperty("name").GetString().ShouldBe("read");
        one.Data.GetProperty("offered_definition")
            .GetRawText()
            .ShouldBe(
                """{"name":"look","title":"Look","description":"own","inputSchema":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]},"annotations":{"title":"Look","readOnlyHint":true}}"""
            );
        one.Data.GetProperty("view_problems").GetArrayLength().ShouldBe(0);

        // Sent again without a view, the tool keeps it; {} takes it away.
        await host.PutAsync($"{Tools}/{tool.Id}", $$"""{"group_id":"{{group}}","timeout_seconds":7}""");
        (await host.GetAsync($"{Tools}?group_id={group}"))
            .Data.EnumerateArray()
            .First()
            .GetProperty("tool_name")
            .GetString()
            .ShouldBe("look");
        Answer cleared = await SetAsync(host, group, tool, "{}");
        cleared.Data.GetProperty("view").ValueKind.ShouldBe(JsonValueKind.Null);
        cleared.Data.GetProperty("tool_name").GetString().ShouldBe("read");
        foreach (Answer answer in (Answer[])[set, one, cleared])
            answer.Text.ShouldNotContain("geheim-canary");
        (await host.GetAsync($"{Tools}/none")).Code.ShouldBe("TOOL_NOT_FOUND");
    }

    [Theory]
    [InlineData("""{"name":"a b"}""", "INVALID_PARAMETER", "view.name")]
    [InlineData("""{"name":"fairlead_x"}""", "INVALID_PARAMETER", "view.name")]
    [InlineData("""{"name":"Call_Tool"}""", "INVALID_PARAMETER", "view.name")]
    [InlineData("""{"name":"Write"}""", "CONFLICT", "view.name")]
    [InlineData("""{"title":" "}""", "INVALID_PARAMETER", "view.title")]
    [InlineData("""{"hidden":["none"]}""", "INVALID_PARAMETER", "view.hidden")]
    [InlineData("""{"hidden":["path"]}""", "INVALID_PARAMETER", "view.hidden")]
    [InlineData("""{"hidden":["size","size"]}""", "INVALID_PARAMETER", "view.hidden")]
    [InlineData("""{"hidden":["size"],"fixed":{"size":1}}""", "INVALID_PARAMETER", "view.hidden")]
    [InlineData("""{"hidden":[""]}""", "INVALID_PARAMETER", "view.hidden")]
    [InlineData("""{"fixed":{"size":"1"}}""", "INVALID_PARAMETER", "view.fixed.size")]
    [InlineData("""{"fixed":{"none":1}}""", "INVALID_PARAMETER", "view.fixed.none")]
    [InlineData("""{"fixed":{"root":"${secret:NONE}"}}""", "INVALID_PARAMETER", "view.fixed.root")]
    [InlineData("""{"fixed":{"api_token":"in the clear"}}""", "INVALID_PARAMETER", "view.fixed.api_token")]
    public async Task View_SetWrongly_IsRefusedByItsField(string view, string code, string field)
    {
        var (host, group, _, tool) = await StartAsync();
        await using AdminHost __ = host;
        Answer refused = await SetAsync(host, group, tool, view);
        (refused.Code, refused.Field).ShouldBe((code, field), refused.Text);
        host.Now.Publications.ShouldAllBe(p => p.View == null);
        // The audit has the attempt without what was to be secret.
        (await host.Get<AuditLog>().ReadAsync(new("tools.update", null, code, null, null), 0, 9, default))
            .Rows.Single()
            .Record.Details.ShouldNotBeNull()
            .ShouldNotContain("in the clear");
    }

    [Fact]
    public async Task View_TooLarge_IsRefused()
    {
        var (host, group, _, tool) = await StartAsync();
        await using AdminHost __ = host;
        (await SetAsync(host, group, tool, $$$"""{"fixed":{"root":"{{{new string('x', 17000)}}}"}}""")).Field.ShouldBe(
            "view"
        );
    }

    [Fact]
    public async Task View_OfAToolThatChanged_SaysWhatDoesNotFit()
    {
        var (host, group, service, tool) = await StartAsync();
        await using AdminHost __ = host;
        await SetAsync(host, group, tool, """{"hidden":["size"],"fixed":{"root":"/srv"}}""");
        await ListAsync(host, service, Schema.Replace("\"size\"", "\"bytes\"", StringComparison.Ordinal));
        Answer hidden = await host.GetAsync($"{Tools}/{tool.Id}");
        hidden.Data.GetProperty("held_by_view").GetBoolean().ShouldBeFalse();
        JsonElement problem = hidden.Data.GetProperty("view_problems").EnumerateArray().Single();
        problem.GetProperty("field").GetString().ShouldBe("view.hidden");
        problem
            .GetProperty("text")
            .GetString()
            .ShouldBe("The tool has no parameter 'size': it takes path, root, api_token, bytes.");
        problem.GetProperty("holds").GetBoolean().ShouldBeFalse();

        await ListAsync(host, service, Schema.Replace("\"root\"", "\"base\"", StringComparison.Ordinal));
        Answer held = (await host.GetAsync($"{Tools}?group_id={group}"));
        JsonElement shown = held.Data.EnumerateArray().Single(t => t.GetProperty("tool_name").GetString() == "read");
        shown.GetProperty("held_by_view").GetBoolean().ShouldBeTrue();
        shown.GetProperty("view_problems")[0].GetProperty("field").GetString().ShouldBe("view.fixed.root");
        shown.TryGetProperty("own_definition", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Group_Switched_SaysWhetherItsToolsAreFound()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        GroupId id = await host.CreateGroupAsync("one");
        (await host.GetAsync($"{Groups}/{id}")).Data.GetProperty("find_tools").GetBoolean().ShouldBeFalse();
        (await host.PutAsync($"{Groups}/{id}", """{"find_tools":true}"""))
            .Data.GetProperty("find_tools")
            .GetBoolean()
            .ShouldBeTrue();
        host.Now.Groups.Single().FindTools.ShouldBeTrue();
        (await host.PostAsync(Groups, """{"name":"two","find_tools":true}"""))
            .Data.GetProperty("find_tools")
            .GetBoolean()
            .ShouldBeTrue();
    }
}
