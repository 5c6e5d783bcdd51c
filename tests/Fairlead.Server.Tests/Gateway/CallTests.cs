using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>One call's way: names, bytes, eras, failures, records (A-17, A-60, design.md "A call").</summary>
public sealed class CallTests
{
    private const string Args = "\"name\":\"shown\",\"arguments\":{ \"n\" : 1.50, \"s\":\"\\u00e9\" }";

    private static async Task<(GatewayHost Host, ScriptedChannel Channel)> StartAsync(
        Revision revision,
        Func<ScriptedCall, Task<ChannelReply>> script,
        GatewayOptions? options = null
    )
    {
        var host = new GatewayHost(options);
        var channel = new ScriptedChannel(revision, script);
        host.AddService("svc", channel, "own");
        var group = host.AddGroup("default", GatewayHost.Key, null, "svc");
        host.Change(p => p.Group == group.Id, p => p with { ExposedName = "shown" });
        return (await host.StartAsync(), channel);
    }

    private static Func<ScriptedCall, Task<ChannelReply>> Always(ChannelReply reply) => _ => Task.FromResult(reply);

    // design.md way (a): the envelope is ours, arguments pass as the checked raw bytes, the name is the owner's.
    [Fact]
    public async Task Call_SameEra_ChangesNothingButTheName()
    {
        var (host, channel) = await StartAsync(
            Revision.V20260728,
            Always(ScriptedChannel.Result("""{ "resultType":"complete", "content":[], "x" : 1.0e2 }"""))
        );
        await using var _ = host;
        using var response = await host.Client().SendAsync(Wire.Modern("tools/call", Args, "shown"));
        (await response.Content.ReadAsStringAsync()).ShouldBe(
            """{"jsonrpc":"2.0","id":1,"result":{ "resultType":"complete", "content":[], "x" : 1.0e2 }}"""
        );
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
        response.Headers.Contains("Mcp-Session-Id").ShouldBeFalse();
        channel.Received.Single().ShouldContain(Args.Replace("shown", "own", StringComparison.Ordinal));
        channel.Received.Single().ShouldContain(Wire.ModernMeta);
    }

    [Fact]
    public async Task Call_LegacyToModern_AddsMetadataAndDropsResultType()
    {
        var (host, channel) = await StartAsync(
            Revision.V20260728,
            Always(ScriptedChannel.Result("""{"content":[],"resultType":"complete"}"""))
        );
        await using var _ = host;
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        using var response = await client.SendAsync(Wire.Legacy(session, "tools/call", "{" + Args + "}"));
        (await response.Content.ReadAsStringAsync()).ShouldBe("""{"jsonrpc":"2.0","id":1,"result":{"content":[]}}""");
        using var sent = JsonDocument.Parse(channel.Received.Single());
        var meta = sent.RootElement.GetProperty("_meta");
        meta.GetProperty("io.modelcontextprotocol/protocolVersion").GetString().ShouldBe("2026-07-28");
        meta.GetProperty("io.modelcontextprotocol/clientInfo").GetProperty("name").GetString().ShouldBe("t");
        meta.GetProperty("io.modelcontextprotocol/clientCapabilities").EnumerateObject().ShouldBeEmpty();
        sent.RootElement.GetProperty("name").GetString().ShouldBe("own");
    }

    [Fact]
    public async Task Call_ModernToLegacy_DropsMetadataAndAddsResultType()
    {
        var (host, channel) = await StartAsync(
            Revision.V20251125,
            Always(ScriptedChannel.Result("""{"content":[]}"""))
        );
        await using var _ = host;
        var meta = Wire.ModernMeta[..^1] + ",\"com.example/x\":5}";
        using var response = await host.Client().SendAsync(Wire.Modern("tools/call", Args, "shown", meta));
        (await response.Content.ReadAsStringAsync()).ShouldBe(
            """{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[]}}"""
        );
        channel.Received.Single().ShouldStartWith("""{"_meta":{"com.example/x":5},"name":"own",""");
    }

    [Theory]
    [InlineData("{}", """{"resultType":"complete"}""")]
    [InlineData("""{ "content":[]}""", """{"resultType":"complete","content":[]}""")]
    public async Task Result_OfLegacyService_BecomesModern(string own, string shown)
    {
        var (host, _) = await StartAsync(Revision.V20251125, Always(ScriptedChannel.Result(own)));
        await using var __ = host;
        var answer = await host.Client().AskAsync(Wire.Modern("tools/call", Args, "shown"));
        answer.GetProperty("result").GetRawText().ShouldBe(shown);
    }

    // Era matrix: −32002 → −32602 towards modern clients; −32602 kept towards legacy ones.
    [Theory]
    [InlineData(-32002, -32602, HttpStatusCode.OK)]
    [InlineData(-32042, -32602, HttpStatusCode.OK)]
    [InlineData(-32050, -32603, HttpStatusCode.OK)]
    [InlineData(-32601, -32601, HttpStatusCode.NotFound)]
    [InlineData(-32000, -32000, HttpStatusCode.OK)]
    public async Task Error_OfLegacyService_IsMappedForModernClients(int own, int shown, HttpStatusCode status)
    {
        var (host, _) = await StartAsync(
            Revision.V20251125,
            Always(ScriptedChannel.Error($$$"""{"code":{{{own}}},"message":"m","data":{"d":1}}"""))
        );
        await using var __ = host;
        using var response = await host.Client().SendAsync(Wire.Modern("tools/call", Args, "shown"));
        response.StatusCode.ShouldBe(status);
        var error = (await response.JsonAsync()).GetProperty("error");
        error.GetProperty("code").GetInt32().ShouldBe(shown);
        error.GetProperty("data").GetProperty("d").GetInt32().ShouldBe(1);
    }

    // Progress both ways, tokens mapped, before the result, on an event stream (R-13, R44).
    [Theory]
    [InlineData(Revision.V20260728)]
    [InlineData(Revision.V20251125)]
    public async Task Progress_OfAnyService_ReachesAModernClientWithItsToken(Revision service)
    {
        var (host, _) = await StartAsync(
            service,
            call =>
            {
                call.Call.WantsProgress.ShouldBeTrue();
                call.Params[call.Call.ProgressToken].ShouldBe("\"mine\"");
                call.Progress(1);
                call.Progress(2);
                return Task.FromResult(ScriptedChannel.Result("""{"resultType":"complete","content":[]}"""));
            }
        );
        await using var __ = host;
        var meta = Wire.ModernMeta[..^1] + ",\"progressToken\":\"mine\"}";
        using var response = await host.Client().SendAsync(Wire.Modern("tools/call", Args, "shown", meta));
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var events = await response.EventsAsync().Select(e => e.Data).ToListAsync();
        events[0]
            .ShouldBe(
                """{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"mine","progress":1}}"""
            );
        events[2].ShouldContain("\"result\"");
        events.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Progress_NotAskedFor_IsNotSent()
    {
        var (host, _) = await StartAsync(
            Revision.V20260728,
            call =>
            {
                call.Progress(1);
                call.Log("error");
                return Task.FromResult(ScriptedChannel.Result("""{"resultType":"complete"}"""));
            }
        );
        await using var __ = host;
        using var response = await host.Client().SendAsync(Wire.Modern("tools/call", Args, "shown"));
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
    }

    // R45: a log message only where the request set a level, and at or above it.
    [Fact]
    public async Task Log_BelowTheAskedLevel_IsNotSent()
    {
        var (host, _) = await StartAsync(
            Revision.V20251125,
            call =>
            {
                call.Log("info");
                call.Log("error");
                return Task.FromResult(ScriptedChannel.Result("{}"));
            }
        );
        await using var __ = host;
        var meta = Wire.ModernMeta[..^1] + ",\"io.modelcontextprotocol/logLevel\":\"warning\"}";
        using var response = await host.Client().SendAsync(Wire.Modern("tools/call", Args, "shown", meta));
        var events = await response.EventsAsync().Select(e => e.Data).ToListAsync();
        events.Count.ShouldBe(2);
        events[0].ShouldContain("\"error\"");
    }

    // What cannot be carried yet is a clear tool error, in both directions.
    [Fact]
    public async Task Question_AcrossEras_IsAClearToolError()
    {
        var (host, _) = await StartAsync(
            Revision.V20251125,
            async call =>
            {
                (await call.AskAsync(McpMethod.ElicitationCreate, "{}")).IsError.ShouldBeTrue();
                return ScriptedChannel.Error("""{"code":-32603,"message":"no answer"}""");
            }
        );
        await using var __ = host;
        var result = (await host.Client().AskAsync(Wire.Modern("tools/call", Args, "shown"))).GetProperty("result");
        result.GetProperty("isError").GetBoolean().ShouldBeTrue();
        result.GetProperty("content")[0].GetProperty("text").GetString()!.ShouldContain("elicitation");
    }

    [Fact]
    public async Task InputRequired_ForLegacyClient_IsAClearToolError()
    {
        var (host, _) = await StartAsync(
            Revision.V20260728,
            Always(ScriptedChannel.Result("""{"resultType":"input_required","inputRequests":{}}"""))
        );
        await using var __ = host;
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        var result = (await client.AskAsync(Wire.Legacy(session, "tools/call", "{" + Args + "}"))).GetProperty(
            "result"
        );
        result.GetProperty("isError").GetBoolean().ShouldBeTrue();
        result.TryGetProperty("resultType", out var _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(ChannelFailure.Crashed, -31001, "upstream_crashed")]
    [InlineData(ChannelFailure.TooLarge, -31004, "upstream_response_too_large")]
    [InlineData(ChannelFailure.Protocol, -31005, "upstream_protocol_error")]
    public async Task Failure_OfTheWay_HasItsCode(object failure, int code, string reason)
    {
        var (host, _) = await StartAsync(Revision.V20251125, Always(ChannelReply.Fail((ChannelFailure)failure, true)));
        await using var __ = host;
        var error = (await host.Client().AskAsync(Wire.Modern("tools/call", Args, "shown"))).GetProperty("error");
        error.GetProperty("code").GetInt32().ShouldBe(code);
        var data = error.GetProperty("data");
        data.GetProperty("reason").GetString().ShouldBe(reason);
        data.GetProperty("server").GetString().ShouldBe("svc");
        data.GetProperty("outcome").GetString().ShouldBe("unknown");
    }

    [Fact]
    public async Task Call_PastItsDeadline_IsCancelledAtTheServiceAndMinus31002()
    {
        var cancelled = new TaskCompletionSource();
        var (host, channel) = await StartAsync(
            Revision.V20251125,
            async call =>
            {
                call.Token.Register(cancelled.SetResult);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Token);
                return default;
            }
        );
        await using var __ = host;
        var asking = host.Client().AskAsync(Wire.Modern("tools/call", Args, "shown"));
        await Eventually.UntilAsync(() => !channel.Received.IsEmpty);
        host.Time.Advance(TimeSpan.FromSeconds(29));
        cancelled.Task.IsCompleted.ShouldBeFalse();
        host.Time.Advance(TimeSpan.FromSeconds(1));
        (await asking).GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-31002);
        await cancelled.Task;
    }

    // R11: closing the response is the cancellation of a modern call.
    [Fact]
    public async Task Disconnect_OfModernClient_CancelsAtTheService()
    {
        var cancelled = new TaskCompletionSource();
        var (host, channel) = await StartAsync(
            Revision.V20251125,
            async call =>
            {
                call.Token.Register(cancelled.SetResult);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Token);
                return default;
            }
        );
        await using var __ = host;
        using var gone = new CancellationTokenSource();
        var asking = host.Client().SendAsync(Wire.Modern("tools/call", Args, "shown"), gone.Token);
        await Eventually.UntilAsync(() => !channel.Received.IsEmpty);
        await gone.CancelAsync();
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        await Should.ThrowAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task Call_WhileTheServiceStarts_WaitsForIt()
    {
        await using var host = new GatewayHost();
        var slot = host.AddService("svc", null, (ItemKind.Tool, "own", GatewayHost.Tool("own")));
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        await host.StartAsync();
        slot.Set(new ServiceState(ServicePhase.Startup, "handshake", host.Time.GetUtcNow()));
        var asking = host.Client().AskAsync(Wire.Modern("tools/call", "\"name\":\"own\"", "own"));
        await Eventually.UntilAsync(() => host.InFlight.Count == 1);
        var channel = new ScriptedChannel(
            Revision.V20260728,
            Always(ScriptedChannel.Result("""{"resultType":"complete"}"""))
        );
        slot.Set(new ServiceState(ServicePhase.Ready, "ready", host.Time.GetUtcNow(), Channel: channel));
        (await asking).TryGetProperty("result", out var _).ShouldBeTrue();
    }

    [Fact]
    public async Task Call_OfAServiceThatIsDown_FailsAtOnceWithMinus31001()
    {
        await using var host = new GatewayHost();
        host.AddService("svc", null, (ItemKind.Tool, "own", GatewayHost.Tool("own")));
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        await host.StartAsync();
        var answer = await host.Client().AskAsync(Wire.Modern("tools/call", "\"name\":\"own\"", "own"));
        answer.GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-31001);
        answer.GetProperty("error").GetProperty("data").GetProperty("outcome").GetString().ShouldBe("none");
        (await host.Client().AskAsync(Wire.Modern("tools/list")))
            .GetProperty("result")
            .GetProperty("tools")
            .GetArrayLength()
            .ShouldBe(1);
    }

    // Unknown on the wire is −32602; nothing is called.
    [Fact]
    public async Task Call_OfUnknownTool_IsInvalidParams()
    {
        var (host, channel) = await StartAsync(Revision.V20260728, Always(ScriptedChannel.Result("{}")));
        await using var __ = host;
        var answer = await host.Client().AskAsync(Wire.Modern("tools/call", "\"name\":\"own\"", "own"));
        answer.GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32602);
        answer.GetProperty("error").GetProperty("message").GetString()!.ShouldContain("Unknown tool: own (tools/list");
        channel.Received.ShouldBeEmpty();
    }

    [Fact]
    public async Task NativeTool_IsCalledLikeAnyOther()
    {
        await using var host = new GatewayHost();
        var group = host.AddGroup("default", GatewayHost.Key, g => g with { PublishNative = true });
        host.Publish(group.Id, null, ItemKind.Tool, "add", "add");
        await host.StartAsync();
        var result = (
            await host.Client()
                .AskAsync(Wire.Modern("tools/call", "\"name\":\"add\",\"arguments\":{\"numbers\":[1,2.5]}", "add"))
        ).GetProperty("result");
        result.GetProperty("content")[0].GetProperty("text").GetString().ShouldBe("3.5");
        result.GetProperty("resultType").GetString().ShouldBe("complete");
        var wrong = (
            await host.Client()
                .AskAsync(Wire.Modern("tools/call", "\"name\":\"add\",\"arguments\":{\"numbers\":\"x\"}", "add"))
        ).GetProperty("result");
        wrong.GetProperty("isError").GetBoolean().ShouldBeTrue();
    }

    // every call one row, good or bad.
    [Fact]
    public async Task Calls_AllLeaveOneRowEach()
    {
        var (host, _) = await StartAsync(
            Revision.V20260728,
            Always(ScriptedChannel.Result("""{"resultType":"complete"}"""))
        );
        await using var __ = host;
        await host.Client().AskAsync(Wire.Modern("tools/call", Args, "shown"));
        await host.Client().AskAsync(Wire.Modern("tools/call", "\"name\":\"none\"", "none"));
        await host.Client().AskAsync(Wire.Modern("tools/list"));
        await Eventually.UntilAsync(() => host.Rows.Count == 3);
        var rows = host.Rows.ToArray();
        rows[0].Name.ShouldBe("shown");
        rows[0].Success.ShouldBeTrue();
        rows[0].ServiceId.ShouldBe("svc");
        rows[0].CallerAppId.ShouldBe("t");
        rows[1].Success.ShouldBeFalse();
        rows[1].ErrorCode.ShouldBe(-32602);
        rows[2].Method.ShouldBe("tools/list");
    }

    // masked bodies of failed calls are kept, of successful ones only where the group wants it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bodies_OfSuccessfulCalls_AreKeptWhereTheGroupWantsIt(bool wanted)
    {
        await using var host = new GatewayHost();
        var reply = ScriptedChannel.Result("""{"resultType":"complete","content":[]}""");
        host.AddService("svc", new ScriptedChannel(Revision.V20260728, Always(reply)), "add");
        host.AddGroup("default", GatewayHost.Key, g => g with { LogBodies = wanted }, "svc");
        await host.StartAsync();
        const string arguments = "\"name\":\"{0}\",\"arguments\":{{\"numbers\":[1,2],\"password\":\"hunter2\"}}";
        foreach (var tool in new[] { "add", "none" })
        {
            await host.Client()
                .AskAsync(
                    Wire.Modern("tools/call", string.Format(CultureInfo.InvariantCulture, arguments, tool), tool)
                );
        }
        await Eventually.UntilAsync(() => host.Rows.Count == 2);
        var rows = host.Rows.ToArray();
        rows[0].Success.ShouldBeTrue();
        (rows[0].RequestBody is not null, rows[0].ResponseBody is not null).ShouldBe((wanted, wanted));
        rows[1].RequestBody.ShouldNotBeNull();
        rows[1].ResponseBody.ShouldNotBeNull();
        foreach (var body in rows.Select(r => r.RequestBody).OfType<byte[]>())
        {
            var kept = Encoding.UTF8.GetString(body);
            kept.ShouldContain("[1,2]");
            kept.ShouldNotContain("hunter2");
        }
    }
}
