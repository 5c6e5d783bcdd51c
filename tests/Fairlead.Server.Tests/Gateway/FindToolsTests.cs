using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Finding;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.Server;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>
/// Groups that list two tools instead of all (A-16, A-17): what can be found is what may be called, and a call goes the
/// way of all calls. Off unless a group says so.
/// </summary>
public sealed class FindToolsTests
{
    private const string Annotated =
        """{"name":"area","description":"a 区域","inputSchema":{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"R"}}}}""";

    internal sealed class Guarded
    {
        [McpServerTool(Name = "guarded"), RequireRole("admin")]
        public static string Do() => "done";
    }

    private static async Task<(GatewayHost Host, ScriptedChannel Channel)> StartAsync(
        Revision service = Revision.V20260728,
        Func<ScriptedCall, Task<Server.Services.Channels.ChannelReply>>? script = null,
        GatewayOptions? options = null,
        bool find = true,
        Func<string, CallingUser?>? users = null,
        Action<IServiceCollection>? also = null
    )
    {
        var host = new GatewayHost(options, users, also: also, tools: new Guarded());
        var channel = new ScriptedChannel(service, script ?? (_ => Task.FromResult(Done(service))));
        host.AddService(
            "svc",
            channel,
            (ItemKind.Tool, "read", GatewayHost.Tool("read")),
            (ItemKind.Tool, "find_tools", GatewayHost.Tool("find_tools")),
            (ItemKind.Tool, "area", Annotated)
        );
        host.AddGroup("default", GatewayHost.Key, g => g with { FindTools = find, PublishNative = true }, "svc");
        foreach (var item in host.Native.Names)
            host.Publish(new GroupId("default"), null, item.Kind, item.Name, item.Name);
        return (await host.StartAsync(), channel);
    }

    private static Server.Services.Channels.ChannelReply Done(Revision service) =>
        ScriptedChannel.Result(
            service.Era() == Era.Modern ? """{"resultType":"complete","content":[]}""" : """{"content":[]}"""
        );

    private static async Task<JsonElement> CallAsync(
        GatewayHost host,
        bool modern,
        string tool,
        string arguments,
        string more = ""
    )
    {
        var client = host.Client();
        var parameters = $$"""{{more}}"arguments":{{arguments}},"name":"{{tool}}" """;
        return await client.AskAsync(
            modern
                ? Wire.Modern("tools/call", parameters, tool)
                : Wire.Legacy(await Wire.InitializeAsync(client), "tools/call", $$"""{{{parameters}}}""")
        );
    }

    private static async Task<JsonElement> FoundAsync(GatewayHost host, bool modern, string arguments) =>
        (await CallAsync(host, modern, "find_tools", arguments)).GetProperty("result");

    private static string Names(JsonElement found) =>
        string.Join(
            " ",
            found
                .GetProperty("structuredContent")
                .GetProperty("tools")
                .EnumerateArray()
                .Select(t => t.GetProperty("name").GetString())
        );

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Group_ThatFindsTools_ListsTheTwo(bool modern)
    {
        var (host, _) = await StartAsync();
        await using var __ = host;
        var client = host.Client();
        async Task<string> ListAsync()
        {
            var list = await client.AskAsync(
                modern ? Wire.Modern("tools/list") : Wire.Legacy(await Wire.InitializeAsync(client), "tools/list")
            );
            return string.Join(
                " ",
                list.GetProperty("result")
                    .GetProperty("tools")
                    .EnumerateArray()
                    .Select(t => t.GetProperty("name").GetString())
            );
        }
        (await ListAsync()).ShouldBe("find_tools call_tool");

        // Off by default: then a service's tool of that name is itself.
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        host.Apply();
        (await ListAsync()).ShouldBe("read find_tools area");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Find_ByWords_GivesDefinitionsOfItsEra(bool modern)
    {
        var (host, _) = await StartAsync();
        await using var __ = host;
        var found = await FoundAsync(host, modern, """{"query":"区域"}""");
        Names(found).ShouldBe("area");
        var structured = found.GetProperty("structuredContent");
        structured.GetProperty("total").GetInt32().ShouldBe(1);
        structured.TryGetProperty("nextCursor", out _).ShouldBeFalse();
        structured.GetProperty("tools")[0].GetProperty("inputSchema").GetProperty("properties").ShouldNotBe(default);
        // Clients of older revisions read the text.
        JsonElement
            .DeepEquals(JsonElement.Parse(found.GetProperty("content")[0].GetProperty("text").GetString()!), structured)
            .ShouldBeTrue();
        found.TryGetProperty("resultType", out var type).ShouldBe(modern);
        if (modern)
            type.GetString().ShouldBe("complete");
        host.Rows.Last(r => r.Method == "tools/call").Name.ShouldBe("find_tools");
    }

    [Fact]
    public async Task Find_MoreThanFit_GoesOnByCursor()
    {
        var (host, channel) = await StartAsync();
        await using var _ = host;
        var all = Names(await FoundAsync(host, true, """{"query":"","limit":50}"""));
        var first = await FoundAsync(host, true, """{"query":"","limit":2}""");
        var cursor = first.GetProperty("structuredContent").GetProperty("nextCursor").GetString();
        var next = await FoundAsync(host, true, $$"""{"query":"","limit":50,"cursor":"{{cursor}}"}""");
        $"{Names(first)} {Names(next)}".ShouldBe(all);
        next.GetProperty("structuredContent").GetProperty("total").GetInt32().ShouldBe(all.Split(' ').Length);

        // In another list the place would be that of other tools.
        host.AddService("svc", channel, "other");
        host.AddGroup("default", GatewayHost.Key, g => g with { FindTools = true }, "svc");
        host.Apply();
        var stale = await FoundAsync(host, true, $$"""{"query":"","cursor":"{{cursor}}"}""");
        stale.GetProperty("isError").GetBoolean().ShouldBeTrue();
        stale.GetProperty("content")[0].GetProperty("text").GetString()!.ShouldContain("search again");
    }

    [Fact]
    public async Task Find_AmongBrokenTexts_FindsTheRest()
    {
        var (host, channel) = await StartAsync();
        await using var _ = host;
        host.AddService(
            "svc",
            channel,
            (
                ItemKind.Tool,
                "broken",
                GatewayHost.Tool("broken").Replace("\"d\"", "\"\\ud800\"", StringComparison.Ordinal)
            ),
            (ItemKind.Tool, "whole", GatewayHost.Tool("whole"))
        );
        host.AddGroup("default", GatewayHost.Key, g => g with { FindTools = true }, "svc");
        host.Apply();
        Names(await FoundAsync(host, true, """{"query":"whole"}""")).ShouldBe("whole");
        Names(await FoundAsync(host, true, """{"query":"broken"}""")).ShouldBe("broken");
    }

    [Fact]
    public async Task Find_LargeDefinitions_FillAPageByTheirBytes()
    {
        var (host, channel) = await StartAsync();
        await using var _ = host;
        var big = new string('x', (ToolFinder.MaxPageBytes / 2) - 200);
        host.AddService(
            "svc",
            channel,
            [
                .. Enumerable
                    .Range(0, 3)
                    .Select(i =>
                        (
                            ItemKind.Tool,
                            $"t{i}",
                            GatewayHost.Tool($"t{i}").Replace("\"d\"", $"\"{big}\"", StringComparison.Ordinal)
                        )
                    ),
            ]
        );
        host.AddGroup("default", GatewayHost.Key, g => g with { FindTools = true }, "svc");
        host.Apply();
        var first = await FoundAsync(host, true, """{"query":""}""");
        Names(first).ShouldBe("t0 t1");
        var cursor = first.GetProperty("structuredContent").GetProperty("nextCursor").GetString();
        Names(await FoundAsync(host, true, $$"""{"query":"","cursor":"{{cursor}}"}""")).ShouldBe("t2");
    }

    [Theory]
    [InlineData("{}", "'query' is missing")]
    [InlineData("""{"query":1}""", "must be a string")]
    [InlineData("""{"query":"a","limit":51}""", "at most 50")]
    [InlineData("""{"query":"a","limit":0}""", "at least 1")]
    [InlineData("""{"query":"a","words":1}""", "no parameter 'words'")]
    [InlineData("""{"query":"a","cursor":"1.0"}""", "search again")]
    [InlineData("[]", "must be an object")]
    public async Task Find_AskedWrongly_SaysHow(string arguments, string says)
    {
        var (host, _) = await StartAsync();
        await using var __ = host;
        foreach (var modern in (bool[])[true, false])
        {
            var result = await FoundAsync(host, modern, arguments);
            result.GetProperty("isError").GetBoolean().ShouldBeTrue();
            result.GetProperty("content")[0].GetProperty("text").GetString()!.ShouldContain(says);
            host.Rows.Last(r => r.Method == "tools/call").Success.ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Find_ToolsOfOthers_AreNotFound()
    {
        // Held, disabled, and for users with a role: what may not be called is not shown.
        var (host, _) = await StartAsync(users: t => new CallingUser(new UserId(t), [t], null));
        await using var __ = host;
        Names(await FoundAsync(host, true, """{"query":"guarded"}""")).ShouldBe("");
        var client = host.Client();
        client.DefaultRequestHeaders.Add("X-User-Token", "nobody");
        Names(await AskAsync()).ShouldBe("");
        client.DefaultRequestHeaders.Remove("X-User-Token");
        client.DefaultRequestHeaders.Add("X-User-Token", "admin");
        Names(await AskAsync()).ShouldBe("guarded");

        Names(await FoundAsync(host, true, """{"query":"read"}""")).ShouldBe("read");
        host.Change(p => p.ExposedName == "read", p => p with { Enabled = false });
        host.Apply();
        Names(await FoundAsync(host, true, """{"query":"read"}""")).ShouldBe("");
        host.SetState("svc", ItemState.Held);
        host.Apply();
        Names(await FoundAsync(host, true, """{"query":"area"}""")).ShouldBe("");

        async Task<JsonElement> AskAsync() =>
            (
                await client.AskAsync(
                    Wire.Modern("tools/call", """ "name":"find_tools","arguments":{"query":"guarded"} """, "find_tools")
                )
            ).GetProperty("result");
    }

    [Theory]
    [InlineData(true, Revision.V20260728)]
    [InlineData(true, Revision.V20251125)]
    [InlineData(false, Revision.V20260728)]
    [InlineData(false, Revision.V20251125)]
    public async Task Call_OfFoundTool_GoesOnInItsOwnNameWithItsOwnArguments(bool modern, Revision service)
    {
        string? named = null;
        var (host, channel) = await StartAsync(
            service,
            call =>
            {
                named = call.Call.Name;
                return Task.FromResult(Done(service));
            }
        );
        await using var _ = host;
        (
            await CallAsync(
                host,
                modern,
                "call_tool",
                """{ "arguments" : { "name":"x" , "n":1.50, "t":"\u00e4" } , "name":"read" }"""
            )
        )
            .TryGetProperty("result", out var __)
            .ShouldBeTrue();
        var sent = channel.Received.Single();
        sent.ShouldContain(
            """
            "arguments":{ "name":"x" , "n":1.50, "t":"\u00e4" }
            """.Trim()
        );
        var parameters = JsonElement.Parse(sent);
        parameters.GetProperty("name").GetString().ShouldBe("read");
        parameters
            .EnumerateObject()
            .Select(p => p.Name)
            .Order()
            .ShouldBe(service.Era() == Era.Modern || modern ? ["_meta", "arguments", "name"] : ["arguments", "name"]);
        named.ShouldBe("read");
        var row = host.Rows.Last(r => r.Method == "tools/call");
        (row.Name, row.ServiceId, row.Success).ShouldBe(("read", "svc", true));

        (await CallAsync(host, modern, "call_tool", """{"name":"read"}""")).TryGetProperty("result", out __);
        JsonElement.Parse(channel.Received.Last()).GetProperty("arguments").GetRawText().ShouldBe("{}");
        // One that mirrors parameters into headers: the client never saw them.
        (await CallAsync(host, modern, "call_tool", """{"name":"area","arguments":{"r":"x"}}"""))
            .TryGetProperty("result", out __)
            .ShouldBeTrue();
        // The service's own tool of our name can be called through ours; and a name known by heart calls directly.
        (await CallAsync(host, modern, "call_tool", """{"name":"find_tools","arguments":null}"""))
            .TryGetProperty("result", out __)
            .ShouldBeTrue();
        (await CallAsync(host, modern, "read", "{}")).TryGetProperty("result", out __).ShouldBeTrue();
    }

    [Theory]
    [InlineData("{}", "'name' is missing")]
    [InlineData("""{"name":1}""", "must be a string")]
    [InlineData("""{"name":"read","arguments":"{}"}""", "not a text of it")]
    [InlineData("""{"name":"read","path":"a"}""", "no parameter 'path'")]
    [InlineData("null", "must be an object")]
    public async Task Call_PutWrongly_SaysHow(string arguments, string says)
    {
        var (host, channel) = await StartAsync();
        await using var _ = host;
        var result = (await CallAsync(host, true, "call_tool", arguments)).GetProperty("result");
        result.GetProperty("isError").GetBoolean().ShouldBeTrue();
        result.GetProperty("content")[0].GetProperty("text").GetString()!.ShouldContain(says);
        channel.Received.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_OfUnknownHeldOrGuardedTool_IsRefusedAsDirectly(bool modern)
    {
        var (host, channel) = await StartAsync();
        await using var _ = host;
        async Task<JsonElement> ErrorAsync(string name) =>
            (await CallAsync(host, modern, "call_tool", $$"""{"name":"{{name}}"}""")).GetProperty("error");

        var unknown = await ErrorAsync("nope");
        unknown.GetProperty("code").GetInt32().ShouldBe(-32602);
        unknown
            .GetProperty("message")
            .GetString()
            .ShouldBe("Unknown tool: nope (find_tools finds the tools of this group)");
        host.Rows.Last(r => r.Method == "tools/call").Name.ShouldBe("nope");
        (await ErrorAsync("call_tool")).GetProperty("code").GetInt32().ShouldBe(-32602);
        (await ErrorAsync("guarded"))
            .GetProperty("data")
            .GetProperty("reason")
            .GetString()
            .ShouldBe("tool_user_needed");
        host.Change(
            p => p.ExposedName == "read",
            p =>
                p with
                {
                    View = new()
                    {
                        Fixed = ImmutableSortedDictionary<string, JsonElement>.Empty.Add(
                            "gone",
                            JsonElement.Parse("1")
                        ),
                    },
                }
        );
        host.Apply();
        (await ErrorAsync("read")).GetProperty("data").GetProperty("reason").GetString().ShouldBe("view_misfit");
        host.SetState("svc", ItemState.Held);
        host.Apply();
        (await ErrorAsync("area")).GetProperty("data").GetProperty("reason").GetString().ShouldBe("definition_changed");
        channel.Received.ShouldBeEmpty();
    }

    [Fact]
    public async Task Call_OfViewedTool_HasTheViewsRules()
    {
        var (host, channel) = await StartAsync();
        await using var _ = host;
        host.Change(
            p => p.ExposedName == "area",
            p =>
                p with
                {
                    ExposedName = "zone",
                    View = new()
                    {
                        Name = "zone",
                        Fixed = ImmutableSortedDictionary<string, JsonElement>.Empty.Add(
                            "r",
                            JsonElement.Parse("\"n\"")
                        ),
                    },
                }
        );
        host.Apply();
        var found = await FoundAsync(host, true, """{"query":"区域"}""");
        Names(found).ShouldBe("zone");
        found.GetProperty("structuredContent").GetRawText().ShouldNotContain("\"r\"");
        (await CallAsync(host, true, "call_tool", """{"name":"zone","arguments":{"q":1}}"""))
            .TryGetProperty("result", out var __)
            .ShouldBeTrue();
        JsonElement
            .Parse(channel.Received.Single())
            .GetProperty("arguments")
            .GetRawText()
            .ShouldBe("""{"r":"n","q":1}""");
        (await CallAsync(host, true, "call_tool", """{"name":"zone","arguments":{"r":"s"}}"""))
            .GetProperty("error")
            .GetProperty("message")
            .GetString()!
            .ShouldContain("'r'");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_WithProgress_HasItsOwnTokenThere(bool modern)
    {
        var (host, _) = await StartAsync(script: call =>
        {
            call.Progress(1);
            return Task.FromResult(Done(Revision.V20260728));
        });
        await using var __ = host;
        var client = host.Client();
        const string Body = """ "name":"call_tool","arguments":{"name":"read"} """;
        using var request = modern
            ? Wire.Modern("tools/call", Body, "call_tool", Wire.ModernMeta.Insert(1, "\"progressToken\":\"mine\","))
            : Wire.Legacy(
                await Wire.InitializeAsync(client),
                "tools/call",
                $$$"""{"_meta":{"progressToken":"mine"},{{{Body}}}}"""
            );
        using var response = await client.SendAsync(request);
        var events = await response.EventsAsync().Select(e => e.Data).Where(d => d.Length > 0).ToListAsync();
        events.Count.ShouldBe(2);
        events[0].ShouldContain("notifications/progress");
        events[0].ShouldContain("\"progressToken\":\"mine\"");
    }

    [Fact]
    public async Task Call_ThatIsCancelled_CancelsTheTool()
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        var (host, _) = await StartAsync(script: async call =>
        {
            started.SetResult();
            try
            {
                await new TaskCompletionSource().Task.WaitAsync(call.Token);
            }
            finally
            {
                ended.SetResult();
            }
            return Done(Revision.V20260728);
        });
        await using var __ = host;
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        var running = client.SendAsync(
            Wire.Legacy(session, "tools/call", """{"name":"call_tool","arguments":{"name":"read"}}""", "7")
        );
        await started.Task.WaitAsync(TimeSpan.FromSeconds(10));
        using var told = await client.SendAsync(
            Wire.InSession(session, """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}""")
        );
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
        (await running).Dispose();
        host.Rows.Last(r => r.Method == "tools/call").Name.ShouldBe("read");
    }

    [Fact]
    public async Task Calls_OfFoundTool_CountOnceAndOpenItsBreaker()
    {
        // C-03: one call of the client is one call; R-42: the breaker is the real tool's.
        var (host, channel) = await StartAsync(
            script: _ => Task.FromResult(ScriptedChannel.Error("""{"code":-32603,"message":"no"}""")),
            options: new GatewayOptions { CallsPerMinute = 13 }
        );
        await using var __ = host;
        for (var i = 0; i < 11; i++)
            await CallAsync(host, true, "call_tool", """{"name":"read"}""");
        (await CallAsync(host, true, "call_tool", """{"name":"read"}"""))
            .GetProperty("error")
            .GetProperty("data")
            .GetProperty("reason")
            .GetString()
            .ShouldBe("circuit_open");
        channel.Received.Count.ShouldBe(11);
        host.App.Services.GetRequiredService<Breakers>().All.Single().Key.ToString().ShouldContain("read");
        await CallAsync(host, true, "find_tools", """{"query":""}""");
        (await CallAsync(host, true, "call_tool", """{"name":"area"}"""))
            .GetProperty("error")
            .GetProperty("data")
            .GetProperty("reason")
            .GetString()
            .ShouldBe("rate_limited");
    }
}
