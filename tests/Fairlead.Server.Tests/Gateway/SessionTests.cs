using System.Net;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>Sessions of handshake clients: life, limits, streams, questions (A-45, C-04, R50…R53).</summary>
public sealed class SessionTests
{
    private static async Task<GatewayHost> StartAsync(
        Func<ScriptedCall, Task<ChannelReply>>? script = null,
        GatewayOptions? options = null
    )
    {
        var host = new GatewayHost(options);
        script ??= _ => Task.FromResult(ScriptedChannel.Result("""{"content":[]}"""));
        host.AddService("svc", new ScriptedChannel(Revision.V20251125, script), "own");
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        return await host.StartAsync();
    }

    private static HttpRequestMessage Call(string session, string id = "1", string meta = "") =>
        Wire.Legacy(session, "tools/call", $"{{{meta}\"name\":\"own\",\"arguments\":{{}}}}", id);

    [Fact]
    public async Task Session_FromInitializeToDelete_LivesAndEnds()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        session.All(c => c is > (char)0x20 and < (char)0x7F).ShouldBeTrue();
        (await client.AskAsync(Wire.Legacy(session, "ping"))).GetProperty("result").EnumerateObject().ShouldBeEmpty();
        using var delete = new HttpRequestMessage(HttpMethod.Delete, "/mcp");
        delete.Headers.Add("Mcp-Session-Id", session);
        (await client.SendAsync(delete)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await client.SendAsync(Wire.Legacy(session, "ping"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact] // P-03: before the handshake nothing is served, and the refusal is JSON-RPC.
    public async Task Post_WithoutSession_Is400_WithAForgedOne404()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        using var without = Wire.Post("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""");
        using var refused = await client.SendAsync(without);
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.JsonAsync()).GetProperty("error").GetProperty("code").GetInt32().ShouldBeNegative();
        (
            await client.SendAsync(Wire.Legacy(session[..^1] + (session[^1] == 'A' ? 'B' : 'A'), "ping"))
        ).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var odd = Wire.Legacy(session, "ping");
        odd.Headers.Remove("MCP-Protocol-Version");
        odd.Headers.Add("MCP-Protocol-Version", "1900-01-01");
        (await client.SendAsync(odd)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    // P-05: who comes back while the gateway stops does not hold it up; what runs can still be answered.
    [Theory]
    [InlineData("initialize", HttpStatusCode.ServiceUnavailable)]
    [InlineData("stream", HttpStatusCode.ServiceUnavailable)]
    [InlineData("sse", HttpStatusCode.ServiceUnavailable)]
    [InlineData("answer", HttpStatusCode.Accepted)]
    public async Task Draining_BeginsNothingNew(string what, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        host.InFlight.StartDraining();
        using var request = what switch
        {
            "initialize" => Wire.Post(
                """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"""
            ),
            "answer" => Wire.InSession(session, """{"jsonrpc":"2.0","id":"q1","result":{}}"""),
            "sse" => new HttpRequestMessage(HttpMethod.Get, "/sse"),
            _ => new HttpRequestMessage(HttpMethod.Get, "/mcp"),
        };
        if (what == "stream")
            request.Headers.Add("Mcp-Session-Id", session);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.ShouldBe(expected);
    }

    // R52: an id is bound to the group it was opened in.
    [Fact]
    public async Task Session_OfAnotherGroup_LooksLikeNone()
    {
        await using var host = await StartAsync();
        const string other = "mcp_key_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
        host.AddGroup("other", other, null, "svc");
        host.Apply();
        var session = await Wire.InitializeAsync(host.Client());
        (await host.Client(other).SendAsync(Wire.Legacy(session, "ping"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await host.Client().SendAsync(Wire.Legacy(session, "ping"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    // idle 3600 s.
    [Fact]
    public async Task Session_IdleAnHour_IsGone()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        host.Time.Advance(TimeSpan.FromSeconds(3599));
        (await client.SendAsync(Wire.Legacy(session, "ping"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        host.Time.Advance(TimeSpan.FromSeconds(3600));
        (await client.SendAsync(Wire.Legacy(session, "ping"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    // C-04: when full the longest idle one gives way; leaked ones first; if all are active the new one is refused.
    [Fact]
    public async Task Sessions_WhenFull_GiveWayInTheirOrder()
    {
        await using var host = await StartAsync(options: new GatewayOptions { MaxSessions = 3 });
        var client = host.Client();
        var streaming = await Wire.InitializeAsync(client);
        using var get = Get(streaming);
        using var stream = await client.SendAsync(get, HttpCompletionOption.ResponseHeadersRead);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        var leaked = await Wire.InitializeAsync(client);
        host.Time.Advance(TimeSpan.FromSeconds(61));
        var young = await Wire.InitializeAsync(client);
        await Wire.InitializeAsync(client);
        (await client.SendAsync(Wire.Legacy(leaked, "ping"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await client.SendAsync(Wire.Legacy(streaming, "ping"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.SendAsync(Wire.Legacy(young, "ping"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Sessions_WhenAllAreActive_RefuseTheNewOne()
    {
        await using var host = await StartAsync(options: new GatewayOptions { MaxSessions = 1 });
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        using var stream = await client.SendAsync(Get(session), HttpCompletionOption.ResponseHeadersRead);
        await Eventually.UntilAsync(() => host.Sessions.All.Single().IsActive);
        using var refused = await client.SendAsync(
            Wire.Post(
                """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"""
            )
        );
        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await refused.JsonAsync()).GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-31009);
    }

    // Elicitation within the era: asked on the call's stream, answered by a POST, carried back to the service.
    [Fact]
    public async Task Question_OfLegacyService_IsAnsweredByTheClient()
    {
        QuestionAnswer answer = default;
        await using var host = await StartAsync(async call =>
        {
            answer = await call.AskAsync(
                McpMethod.ElicitationCreate,
                """{"message":"?","requestedSchema":{"type":"object"}}"""
            );
            return ScriptedChannel.Result("""{"content":[]}""");
        });
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, """{"elicitation":{"form":{}}}""");
        using var response = await client.SendAsync(Call(session), HttpCompletionOption.ResponseHeadersRead);
        await foreach (var (_, data) in response.EventsAsync())
        {
            if (data.Contains("elicitation/create", StringComparison.Ordinal))
            {
                var id = System.Text.Json.JsonDocument.Parse(data).RootElement.GetProperty("id").GetRawText();
                using var reply = Wire.Post(
                    $$$$"""{"jsonrpc":"2.0","id":{{{{id}}}},"result":{"action":"accept","content":{"a":1}}}"""
                );
                reply.Headers.Add("Mcp-Session-Id", session);
                (await client.SendAsync(reply)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
            }
        }
        answer.IsError.ShouldBeFalse();
        Encoding.UTF8.GetString(answer.Json.Span).ShouldBe("""{"action":"accept","content":{"a":1}}""");
        // What a person took to answer says nothing of the service (contracts.md section 4.5).
        host.Slots.Get(new ServiceId("svc")).Calls.Facts(TimeSpan.FromHours(1)).Count.ShouldBe(0);
    }

    [Fact]
    public async Task Question_TheClientDidNotDeclare_IsRefusedToTheService()
    {
        QuestionAnswer answer = default;
        await using var host = await StartAsync(async call =>
        {
            answer = await call.AskAsync(McpMethod.SamplingCreateMessage, "{}");
            return ScriptedChannel.Result("""{"content":[]}""");
        });
        var client = host.Client();
        var session = await Wire.InitializeAsync(client, """{"elicitation":{}}""");
        (await client.AskAsync(Call(session))).TryGetProperty("result", out var _).ShouldBeTrue();
        answer.IsError.ShouldBeTrue();
    }

    // A lost connection is no cancellation; what was missed is replayed by Last-Event-ID (2025-11-25 transports).
    [Fact]
    public async Task Stream_CutInTheMiddle_GoesOnByLastEventId()
    {
        var gate = new TaskCompletionSource();
        await using var host = await StartAsync(async call =>
        {
            call.Progress(1);
            await gate.Task;
            call.Progress(2);
            return ScriptedChannel.Result("""{"content":[]}""");
        });
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        string? last = null;
        using (
            var cut = await client.SendAsync(
                Call(session, meta: "\"_meta\":{\"progressToken\":5},"),
                HttpCompletionOption.ResponseHeadersRead
            )
        )
        {
            await foreach (var (id, data) in cut.EventsAsync())
            {
                last = id;
                if (data.Contains("\"progress\":1", StringComparison.Ordinal))
                    break;
            }
        }
        gate.SetResult();
        using var get = Get(session);
        get.Headers.Add("Last-Event-ID", last);
        using var resumed = await client.SendAsync(get, HttpCompletionOption.ResponseHeadersRead);
        var events = await resumed.EventsAsync().Select(e => e.Data).Where(d => d.Length > 0).ToListAsync();
        events.Count.ShouldBe(2);
        events[0].ShouldContain("\"progress\":2");
        events[1].ShouldContain("\"result\"");
    }

    // SEP-1699: a client is sent away to poll; priming event first, then it comes back for the rest.
    [Fact]
    public async Task Stream_AfterThePollLimit_IsClosedAndGoesOnLater()
    {
        var gate = new TaskCompletionSource();
        await using var host = await StartAsync(
            async call =>
            {
                call.Progress(1);
                await gate.Task;
                return ScriptedChannel.Result("""{"content":[]}""");
            },
            new GatewayOptions { PollAfter = TimeSpan.FromSeconds(5) }
        );
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        using var first = await client.SendAsync(
            Call(session, meta: "\"_meta\":{\"progressToken\":5},"),
            HttpCompletionOption.ResponseHeadersRead
        );
        var seen = new List<(string? Id, string Data)>();
        var reading = Task.Run(async () =>
        {
            await foreach (var e in first.EventsAsync())
                seen.Add(e);
        });
        await Eventually.UntilAsync(() => seen.Count == 2);
        host.Time.Advance(TimeSpan.FromSeconds(5));
        await reading;
        seen[0].Data.ShouldBeEmpty();
        gate.SetResult();
        using var get = Get(session);
        get.Headers.Add("Last-Event-ID", seen[^1].Id);
        using var resumed = await client.SendAsync(get, HttpCompletionOption.ResponseHeadersRead);
        (await resumed.EventsAsync().Select(e => e.Data).LastAsync()).ShouldContain("\"result\"");
    }

    [Fact]
    public async Task Cancelled_LegacyCall_EndsWithoutAnAnswer()
    {
        var cancelled = new TaskCompletionSource();
        await using var host = await StartAsync(async call =>
        {
            call.Token.Register(cancelled.SetResult);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Token);
            return default;
        });
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        var calling = client.SendAsync(Call(session, "\"x\""));
        await Eventually.UntilAsync(() => host.InFlight.Count == 1);
        using var again = await client.SendAsync(Call(session, "\"x\""));
        again.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var cancel = Wire.Post(
            """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"x"}}"""
        );
        cancel.Headers.Add("Mcp-Session-Id", session);
        (await client.SendAsync(cancel)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await cancelled.Task;
        using var ended = await calling;
        (await ended.Content.ReadAsStringAsync()).ShouldNotContain("jsonrpc");
    }

    // a change takes effect on the next call, with list_changed to the open stream, in the same session.
    [Fact]
    public async Task Change_OfTheGroup_ReachesOpenStreamsAndTheNextCall()
    {
        await using var host = await StartAsync();
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        using var stream = await client.SendAsync(Get(session), HttpCompletionOption.ResponseHeadersRead);
        await Eventually.UntilAsync(() => host.Sessions.All.Single().IsActive);
        host.Change(p => p.UpstreamName == "own", p => p with { Enabled = false });
        host.Apply();
        (await stream.EventsAsync().Select(e => e.Data).FirstAsync(d => d.Length > 0)).ShouldBe(
            """{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"""
        );
        (await client.AskAsync(Wire.Legacy(session, "tools/list")))
            .GetProperty("result")
            .GetProperty("tools")
            .GetArrayLength()
            .ShouldBe(0);
        (await client.AskAsync(Call(session))).GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32602);
    }

    // contracts.md §2.7: a client that accepts only JSON gets one JSON body, whatever the service reports before.
    [Fact]
    public async Task Call_OfAJsonOnlyClient_IsAnsweredInJson()
    {
        await using var host = await StartAsync(call =>
        {
            call.Progress(1);
            return Task.FromResult(ScriptedChannel.Result("""{"content":[]}"""));
        });
        var client = host.Client();
        client.DefaultRequestHeaders.Accept.Clear();
        var session = await Wire.InitializeAsync(client);
        using var response = await client.SendAsync(Call(session, meta: "\"_meta\":{\"progressToken\":5},"));
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
    }

    [Fact]
    public async Task Subscription_OfAResource_TellsItsWatcherOnly()
    {
        await using var host = new GatewayHost();
        var channel = new ScriptedChannel(Revision.V20251125, _ => Task.FromResult(ScriptedChannel.Result("{}")));
        var slot = host.AddService(
            "svc",
            channel,
            (ItemKind.Resource, "file:///a", """{"uri":"file:///a","name":"a"}""")
        );
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        await host.StartAsync();
        var client = host.Client();
        var watching = await Wire.InitializeAsync(client);
        var other = await Wire.InitializeAsync(client);
        using var stream = await client.SendAsync(Get(watching), HttpCompletionOption.ResponseHeadersRead);
        await client.AskAsync(Wire.Legacy(watching, "resources/subscribe", """{"uri":"file:///a"}"""));
        channel.Received.ShouldContain("""{"uri":"file:///a"}""");
        host.Slots.Notice(
            slot,
            McpMethod.NotificationsResourcesUpdated,
            Encoding.UTF8.GetBytes("""{"uri":"file:///a"}""")
        );
        (await stream.EventsAsync().Select(e => e.Data).FirstAsync(d => d.Length > 0)).ShouldContain(
            "notifications/resources/updated"
        );
        host.Sessions.All.Single(s => s.Id == other).FindStream(0).ShouldBeNull();
    }

    private static HttpRequestMessage Get(string session)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/mcp");
        request.Headers.Add("Mcp-Session-Id", session);
        return request;
    }
}
