using System.Net;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>What revisions before 2025-11-25 do differently (R-02, C-24, contracts.md §2.6, §2.7).</summary>
public sealed class OlderRevisionTests
{
    private static async Task<GatewayHost> StartAsync(
        string result = """{"content":[{"type":"text","text":"hi"}]}""",
        GatewayOptions? options = null
    )
    {
        var host = new GatewayHost(options);
        var service = new ScriptedChannel(
            Revision.V20251125,
            call =>
            {
                if (call.Call.WantsProgress)
                    call.Events.OnNotification(
                        McpMethod.NotificationsProgress,
                        """{"progressToken":1,"progress":1}"""u8,
                        17..18
                    );
                return Task.FromResult(ScriptedChannel.Result(result));
            }
        );
        host.AddService(
            "svc",
            service,
            (ItemKind.Tool, "own", GatewayHost.Tool("own")),
            (ItemKind.Prompt, "ask", """{"name":"ask"}""")
        );
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        return await host.StartAsync();
    }

    private static string Call(int id, string meta = "") =>
        $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{ {{{meta}}}"name":"own","arguments":{} } }""";

    // C-24: the requested version when we speak it, else the newest with a handshake.
    [Theory]
    [InlineData("2025-11-25", "2025-11-25", true)]
    [InlineData("2025-06-18", "2025-06-18", true)]
    [InlineData("2025-03-26", "2025-03-26", true)]
    [InlineData("2024-11-05", "2024-11-05", false)]
    [InlineData("1.0", "2025-11-25", true)]
    [InlineData("2026-07-28", "2025-11-25", true)]
    public async Task Initialize_EchoesTheVersionItSpeaks(string asked, string answered, bool completions)
    {
        await using var host = await StartAsync();
        var body =
            $$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"{{{asked}}}","capabilities":{},"clientInfo":{"name":"t","version":"1"} } }""";
        var result = (await host.Client().AskAsync(Wire.Post(body))).GetProperty("result");
        result.GetProperty("protocolVersion").GetString().ShouldBe(answered);
        result.GetProperty("capabilities").TryGetProperty("completions", out _).ShouldBe(completions);
    }

    // contracts.md §2.7: requests after initialize are served though the client never says "initialized" (C-26).
    [Theory]
    [InlineData("2025-06-18")]
    [InlineData("2025-03-26")]
    [InlineData("2024-11-05")]
    public async Task Call_WithoutInitializedAndVersionHeader_IsServed(string version)
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: version);
        var answer = await client.AskAsync(Wire.InSession(session, Call(7)));
        answer.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString().ShouldBe("hi");
    }

    [Fact]
    public async Task Batch_In20250326_IsAnsweredByOneArray()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: "2025-03-26");
        var notification = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";
        var initialize =
            """{"jsonrpc":"2.0","id":3,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";
        using var response = await client.SendAsync(
            Wire.InSession(
                session,
                $"[{Call(1)},{notification},{Call(2)},{initialize},{{\"jsonrpc\":\"2.0\",\"id\":4}}]"
            )
        );
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var answers = (await response.JsonAsync()).EnumerateArray().ToDictionary(a => a.GetProperty("id").GetInt32());
        answers.Keys.ShouldBe([1, 2, 3, 4], ignoreOrder: true);
        answers[1].TryGetProperty("result", out _).ShouldBeTrue();
        answers[2].TryGetProperty("result", out _).ShouldBeTrue();
        answers[3].GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32600);
        answers[4].GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32600);
        host.Rows.Count(r => r.Method == "tools/call").ShouldBe(2);
        (await client.SendAsync(Wire.InSession(session, $"[{notification}]"))).StatusCode.ShouldBe(
            HttpStatusCode.Accepted
        );
    }

    [Fact]
    public async Task Batch_WithProgress_GoesOutAsAStream()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: "2025-03-26");
        using var response = await client.SendAsync(
            Wire.InSession(session, $"[{Call(1, "\"_meta\":{\"progressToken\":\"p\"},")},{Call(2)}]")
        );
        var events = await response.EventsAsync().Select(e => JsonDocument.Parse(e.Data).RootElement).ToListAsync();
        events[0].GetProperty("method").GetString().ShouldBe("notifications/progress");
        events[^1].GetArrayLength().ShouldBe(2);
    }

    [Theory]
    [InlineData("2025-06-18")]
    [InlineData("2024-11-05")]
    [InlineData("2025-11-25")]
    public async Task Batch_WhereTheRevisionHasNone_IsRefused(string version)
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: version);
        using var response = await client.SendAsync(Wire.InSession(session, $"[{Call(1)}]"));
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.JsonAsync()).GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32600);
        host.Rows.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public async Task Batch_EmptyOrTooLong_IsRefusedWhole(int messages)
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: "2025-03-26");
        var body = $"[{string.Join(',', Enumerable.Range(1, messages).Select(i => Call(i)))}]";
        (await client.AskAsync(Wire.InSession(session, body)))
            .GetProperty("error")
            .GetProperty("code")
            .GetInt32()
            .ShouldBe(-32600);
        host.Rows.ShouldBeEmpty();
    }

    // A block an older client cannot read becomes text; what it knows stays as it came.
    [Theory]
    [InlineData("2025-11-25", "resource_link", "audio")]
    [InlineData("2025-06-18", "resource_link", "audio")]
    [InlineData("2025-03-26", "text", "audio")]
    [InlineData("2024-11-05", "text", "text")]
    public async Task Content_NewerThanTheClient_BecomesText(string version, string link, string audio)
    {
        await using var host = await StartAsync(
            """{"content":[{"type":"resource_link","uri":"file:///a","name":"a","description":"the a"},{"type":"audio","mimeType":"audio/wav","data":"AAAA"},{"type":"text","text":"\"audio\""}],"isError":false}"""
        );
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: version);
        var result = (await client.AskAsync(Wire.InSession(session, Call(1)))).GetProperty("result");
        var content = result.GetProperty("content");
        content.EnumerateArray().Select(c => c.GetProperty("type").GetString()).ShouldBe([link, audio, "text"]);
        content[2].GetProperty("text").GetString().ShouldBe("\"audio\"");
        result.GetProperty("isError").GetBoolean().ShouldBeFalse();
        if (link == "text")
            content[0].GetProperty("text").GetString().ShouldBe("a: file:///a - the a");
        if (audio == "text")
            content[1].GetProperty("text").GetString().ShouldBe("[audio audio/wav, about 3 bytes]");
    }

    [Fact]
    public async Task Content_OfAPrompt_IsAdaptedToo()
    {
        await using var host = await StartAsync(
            """{"messages":[{"role":"user","content":{"type":"audio","mimeType":"audio/wav","data":"AAAA"}}]}"""
        );
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: "2024-11-05");
        var ask = """{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"ask"}}""";
        var message = (await client.AskAsync(Wire.InSession(session, ask)))
            .GetProperty("result")
            .GetProperty("messages")[0];
        message.GetProperty("role").GetString().ShouldBe("user");
        message.GetProperty("content").GetProperty("type").GetString().ShouldBe("text");
    }

    // The empty first event came with 2025-11-25, event ids with 2025-03-26; others choke on what they do not know.
    [Theory]
    [InlineData("2025-11-25", true, true)]
    [InlineData("2025-06-18", false, true)]
    [InlineData("2025-03-26", false, true)]
    [InlineData("2024-11-05", false, false)]
    public async Task Stream_HasWhatTheRevisionKnows(string version, bool primed, bool ids)
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, version: version);
        using var response = await client.SendAsync(
            Wire.InSession(session, Call(1, "\"_meta\":{\"progressToken\":\"p\"},"))
        );
        var events = await response.EventsAsync().ToListAsync();
        events.Count(e => e.Data.Length == 0).ShouldBe(primed ? 1 : 0);
        events.All(e => e.Id is not null).ShouldBe(ids);
    }
}
