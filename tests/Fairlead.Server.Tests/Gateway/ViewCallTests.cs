using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>
/// A tool called through its view: hidden and fixed parameters are seen by nobody and sent by nobody,
/// fixed values go into every call, and the rest goes on byte for byte (security.md §0 rule 2).
/// </summary>
public sealed class ViewCallTests
{
    private const string Definition = """
        {"name":"read","description":"d","inputSchema":{"type":"object","properties":{"path":{"type":"string"},
        "root":{"type":"string","x-mcp-header":"Root"},"area":{"type":"string","x-mcp-header":"Area"},
        "mode":{"type":"string"},"Mode":{"type":"string"}},"required":["path","root"]},"annotations":{"readOnlyHint":false}}
        """;

    private static readonly ToolViewConfig View = new()
    {
        Name = "look",
        Title = "Look",
        Hidden = ["mode"],
        Fixed = ImmutableSortedDictionary<string, JsonElement>.Empty.Add(
            "root",
            JsonElement.Parse("\"/srv/${secret:S}\"")
        ),
    };

    public static TheoryData<bool, bool> Eras =>
        new()
        {
            { true, true },
            { true, false },
            { false, true },
            { false, false },
        };

    private static async Task<(GatewayHost Host, ScriptedChannel Channel)> StartAsync(
        bool modernService,
        ToolViewConfig? view = null,
        string definition = Definition
    )
    {
        var host = new GatewayHost(also: services =>
            services.AddSingleton<ReadSecret>(static (_, name) => name == "S" ? "geheim" : null)
        );
        var channel = new ScriptedChannel(
            modernService ? Revision.V20260728 : Revision.V20251125,
            _ =>
                Task.FromResult(
                    ScriptedChannel.Result(
                        modernService ? """{"resultType":"complete","content":[]}""" : """{"content":[]}"""
                    )
                )
        );
        host.AddService("svc", channel, (ItemKind.Tool, "read", definition));
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        host.Change(
            static _ => true,
            p => p with { View = view ?? View, ExposedName = (view ?? View).Name ?? p.ExposedName }
        );
        return (await host.StartAsync(), channel);
    }

    private static async Task<JsonElement> CallAsync(
        GatewayHost host,
        bool modern,
        string arguments,
        string name = "look",
        params (string Name, string Value)[] headers
    )
    {
        var client = host.Client();
        var parameters = $$"""{{arguments}}"name":"{{name}}","x":1""";
        using var request = modern
            ? Wire.Modern("tools/call", parameters, name)
            : Wire.Legacy(await Wire.InitializeAsync(client), "tools/call", $$"""{{{parameters}}}""");
        foreach (var (header, value) in headers)
            request.Headers.Add(header, value);
        return await client.AskAsync(request);
    }

    [Theory]
    [MemberData(nameof(Eras))]
    public async Task Call_OfViewedTool_HasFixedValuesBeforeTheCallersBytes(bool modernClient, bool modernService)
    {
        var (host, channel) = await StartAsync(modernService);
        await using var _ = host;
        (await CallAsync(host, modernClient, """ "arguments":{ "path" : "a\u00e4" , "n":1.50} ,""")).TryGetProperty(
            "result",
            out var result
        );
        result.ValueKind.ShouldBe(JsonValueKind.Object);
        var sent = channel.Received.Single();
        sent.ShouldContain("""{"root":"/srv/geheim", "path" : "a\u00e4" , "n":1.50}""");
        sent.ShouldContain("\"name\":\"read\"");
        sent.ShouldContain("\"x\":1");
        JsonElement.Parse(sent).GetProperty("arguments").GetProperty("path").GetString().ShouldBe("aä");
        // No log has what the caller did not send.
        host.Rows.Last().Name.ShouldBe("look");
        foreach (var row in host.Rows)
            System.Text.Encoding.UTF8.GetString(row.RequestBody ?? []).ShouldNotContain("geheim");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"arguments\":null,")]
    [InlineData("\"arguments\":{ },")]
    public async Task Call_WithoutArguments_StillHasTheFixedOnes(string arguments)
    {
        foreach (var modern in (bool[])[true, false])
        {
            var (host, channel) = await StartAsync(modern);
            await using var _ = host;
            (await CallAsync(host, modern, arguments)).TryGetProperty("result", out var _).ShouldBeTrue();
            JsonElement
                .Parse(channel.Received.Single())
                .GetProperty("arguments")
                .GetRawText()
                .Replace(" ", "", StringComparison.Ordinal)
                .ShouldBe("""{"root":"/srv/geheim"}""");
        }
    }

    [Theory]
    [InlineData("root", "given its value by the gateway")]
    [InlineData("r\\u006fot", "'root'")]
    [InlineData("ROOT", "'ROOT'")]
    [InlineData("mode", "'mode' cannot be given here")]
    [InlineData("MODE", "'MODE'")]
    public async Task Call_ThatSendsHiddenParameter_IsRefusedByItsName(string parameter, string says)
    {
        foreach (var modern in (bool[])[true, false])
        {
            var (host, channel) = await StartAsync(modernService: true);
            await using var _ = host;
            var answer = await CallAsync(host, modern, $$""" "arguments":{"path":"a","{{parameter}}":"x"},""");
            var error = answer.GetProperty("error");
            error.GetProperty("code").GetInt32().ShouldBe(-32602);
            error.GetProperty("message").GetString()!.ShouldContain(says);
            channel.Received.ShouldBeEmpty();
            (await CallAsync(host, modern, """ "arguments":{"path":"a","Mode":"own"},"""))
                .TryGetProperty("result", out var _)
                .ShouldBeTrue(); // a parameter of the tool's own that differs in case only
            (await CallAsync(host, modern, """ "arguments":[1],"""))
                .GetProperty("error")
                .GetProperty("message")
                .GetString()!
                .ShouldContain("must be an object");
        }
    }

    [Fact]
    public async Task View_OfMirroredParameters_AsksForTheSeenAndSendsAll()
    {
        var headers = new List<KeyValuePair<string, string>>();
        var (host, channel) = await StartAsync(modernService: true);
        await using var _ = host;
        host.AddService(
            "svc",
            new ScriptedChannel(
                Revision.V20260728,
                call =>
                {
                    headers.AddRange(call.Call.ParamHeaders ?? []);
                    return Task.FromResult(ScriptedChannel.Result("""{"resultType":"complete","content":[]}"""));
                }
            ),
            (ItemKind.Tool, "read", Definition)
        );
        host.Apply();
        const string Arguments = """ "arguments":{"path":"a","area":"north"},""";
        (await CallAsync(host, true, Arguments, "look", ("Mcp-Param-Area", "north")))
            .TryGetProperty("result", out var result)
            .ShouldBeTrue();
        headers.Select(h => $"{h.Key}={h.Value}").ShouldBe(["Mcp-Param-Root=/srv/geheim", "Mcp-Param-Area=north"]);
        (await CallAsync(host, true, Arguments)).GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32020);
    }

    [Fact]
    public async Task List_OfViewedTool_IsAsTheViewSays()
    {
        var (host, _) = await StartAsync(modernService: true);
        await using var __ = host;
        var client = host.Client();
        var modern = await client.AskAsync(Wire.Modern("tools/list"));
        var legacy = await client.AskAsync(Wire.Legacy(await Wire.InitializeAsync(client), "tools/list"));
        foreach (var answer in (JsonElement[])[modern, legacy])
        {
            var tool = answer.GetProperty("result").GetProperty("tools").EnumerateArray().Single();
            tool.GetProperty("name").GetString().ShouldBe("look");
            tool.GetProperty("title").GetString().ShouldBe("Look");
            tool.GetProperty("inputSchema")
                .GetProperty("properties")
                .EnumerateObject()
                .Select(p => p.Name)
                .ShouldBe(["path", "area", "Mode"]);
            tool.GetRawText().ShouldNotContain("geheim");
            tool.GetRawText().ShouldNotContain("root");
        }
    }

    [Fact]
    public async Task Rename_WhileConnected_IsToldAndTheOldNameIsUnknown()
    {
        var (host, _) = await StartAsync(modernService: false, View with { Name = null });
        await using var __ = host;
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        using var open = await client.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, "/mcp") { Headers = { { "Mcp-Session-Id", session } } },
            HttpCompletionOption.ResponseHeadersRead
        );
        (await CallAsync(host, true, """ "arguments":{"path":"a"},""", "read")).TryGetProperty("result", out var _);
        host.Change(static _ => true, p => p with { View = View, ExposedName = "look" });
        host.Apply();
        // The first event only gives the stream its id.
        var told = await open.EventsAsync().Select(e => e.Data).FirstAsync(d => d.Length > 0);
        told.ShouldContain("notifications/tools/list_changed");
        foreach (var modern in (bool[])[true, false])
        {
            var error = (await CallAsync(host, modern, """ "arguments":{"path":"a"},""", "read")).GetProperty("error");
            error.GetProperty("code").GetInt32().ShouldBe(-32602);
            error.GetProperty("message").GetString()!.ShouldStartWith("Unknown tool: read");
        }
    }

    [Fact]
    public async Task View_ThatFitsNoLonger_HoldsTheToolUntilItDoes()
    {
        var (host, channel) = await StartAsync(modernService: true);
        await using var _ = host;
        // The parameter that was fixed has another name now: the caller would choose it.
        host.AddService(
            "svc",
            channel,
            (ItemKind.Tool, "read", Definition.Replace("\"root\"", "\"dir\"", StringComparison.Ordinal))
        );
        host.Apply();
        var client = host.Client();
        (await client.AskAsync(Wire.Modern("tools/list")))
            .GetProperty("result")
            .GetProperty("tools")
            .GetArrayLength()
            .ShouldBe(0);
        var error = (await CallAsync(host, true, """ "arguments":{"path":"a","dir":"/"},""")).GetProperty("error");
        error.GetProperty("code").GetInt32().ShouldBe(-31007);
        error.GetProperty("data").GetProperty("reason").GetString().ShouldBe("view_misfit");
        channel.Received.ShouldBeEmpty();

        host.AddService("svc", channel, (ItemKind.Tool, "read", Definition));
        host.Apply();
        (await CallAsync(host, true, """ "arguments":{"path":"a"},"""))
            .TryGetProperty("result", out var __)
            .ShouldBeTrue();
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(null, true, true)]
    [InlineData(false, null, false)]
    public async Task Hint_OfView_DecidesWhetherACallMayBeRepeated(bool? readOnly, bool? idempotent, bool may)
    {
        // An administrator's word counts over the service's (R-26: only what may run twice is repeated).
        var (host, _) = await StartAsync(
            modernService: true,
            new() { ReadOnlyHint = readOnly, IdempotentHint = idempotent },
            Definition.Replace("\"readOnlyHint\":false", "\"readOnlyHint\":true", StringComparison.Ordinal)
        );
        await using var __ = host;
        var routes = host.App.Services.GetRequiredService<Fairlead.Server.Gateway.Routing.Routes>();
        routes.Table.ById[new GroupId("default")].Tools["read"].IsIdempotent.ShouldBe(may);
    }
}
