using System.Net;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>The endpoint and its streams (spec 2026-07-28 streamable-http; R1, R2, R7…R12, R15).</summary>
public sealed class HttpTests
{
    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("OPTIONS")]
    public async Task Endpoint_OfModernRequests_TakesPostOnly(string method)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.SendAsync(
            new HttpRequestMessage(new HttpMethod(method), "/mcp").Header("MCP-Protocol-Version", Modern.Version)
        );
        reply.Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
        (await face.AskAsync("tools/list")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://127.0.0.1.evil.example")]
    [InlineData("null")]
    [InlineData("file://")]
    public async Task Origin_Foreign_Is403OnEveryPath(string origin)
    {
        await using var face = await Face.StartAsync();
        foreach (var path in (string[])["/mcp", "/mcp/v1", "/mcp/default", "/default/mcp"])
        {
            var reply = await face.SendAsync(Modern.Request("tools/call", path: path).Header("Origin", origin));
            reply.Status.ShouldBe(HttpStatusCode.Forbidden);
            reply.Message.Has("id").ShouldBeFalse();
            (
                await face.SendAsync(new HttpRequestMessage(HttpMethod.Get, path).Header("Origin", origin))
            ).Status.ShouldBe(HttpStatusCode.Forbidden);
        }
        face.Channel.Received.ShouldBeEmpty();
        (await face.SendAsync(Modern.Request("tools/call").Header("Origin", "http://localhost:6274"))).Status.ShouldBe(
            HttpStatusCode.OK
        );
    }

    [Fact]
    public async Task Session_OfAModernRequest_IsNeverMintedNorEchoed()
    {
        await using var face = await Face.StartAsync();
        foreach (var method in (string[])["server/discover", "tools/call"])
        {
            var reply = await face.SendAsync(
                Modern.Request(method).Header("Mcp-Session-Id", "made-up").Header("Last-Event-ID", "1-1")
            );
            reply.Status.ShouldBe(HttpStatusCode.OK);
            reply.Head.Headers.Contains("Mcp-Session-Id").ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData("no/such")]
    [InlineData("ping")]
    [InlineData("initialize")]
    [InlineData("logging/setLevel")]
    [InlineData("resources/subscribe")]
    [InlineData("resources/unsubscribe")]
    [InlineData("elicitation/create")]
    [InlineData("tasks/list")]
    [InlineData("TOOLS/LIST")]
    public async Task Method_ThatIsNone_Is404(string method)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.AskAsync(method);
        reply.Status.ShouldBe(HttpStatusCode.NotFound);
        reply.Code.ShouldBe(McpErrorCode.MethodNotFound);
        reply.Message.At("id").GetInt32().ShouldBe(1);
    }

    [Theory]
    [MemberData(nameof(MessageTests.Methods), MemberType = typeof(MessageTests))]
    public async Task Answer_Always_IsJsonOrAnEventStream(string method)
    {
        await using var face = await Face.StartAsync();
        var plain = await face.AskAsync(method);
        plain.MediaType.ShouldBe("application/json");
        plain.Messages.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Stream_Always_EndsWithTheResponse()
    {
        await using var face = await Face.StartAsync(call =>
        {
            call.Progress(1);
            return Task.FromResult(Face.Works(call, Revision.V20260728));
        });
        var reply = await face.AskAsync("tools/call", meta: Modern.With("\"progressToken\":1"));
        reply.MediaType.ShouldBe("text/event-stream");
        reply.Head.Headers.GetValues("X-Accel-Buffering").ShouldBe(["no"]);
        reply.Head.Headers.CacheControl!.NoCache.ShouldBeTrue();
        reply.Messages.Count.ShouldBe(2);
        reply.Result.At("resultType").GetString().ShouldBe("complete");
        // Nothing can be resumed in this revision, so nothing pretends to be: no event has an id.
        reply.Body.Split('\n').ShouldAllBe(line => !line.StartsWith("id:", StringComparison.Ordinal));
    }

    // A handshake service asks in the middle of the call: that never becomes a request on the modern client's stream.
    [Theory]
    [InlineData(McpMethod.ElicitationCreate)]
    [InlineData(McpMethod.SamplingCreateMessage)]
    [InlineData(McpMethod.RootsList)]
    public async Task Stream_OfAModernCall_CarriesNoRequest(McpMethod question)
    {
        await using var face = await Face.StartAsync(
            async call =>
            {
                call.Progress(1);
                (await call.AskAsync(question, "{}")).IsError.ShouldBeTrue();
                return Face.Text("""{"content":[],"isError":true}""");
            },
            Revision.V20251125
        );
        var meta = Modern.With("\"progressToken\":1", """{"elicitation":{},"sampling":{},"roots":{}}""");
        var reply = await face.AskAsync("tools/call", meta: meta);
        reply.Messages.ShouldAllBe(m => !(m.Has("method") && m.Has("id")));
        reply.Messages.ShouldAllBe(m => !m.Has("method") || m.At("method").GetString() != "notifications/cancelled");
        reply.Result.At("isError").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task Stream_OfACall_CarriesOnlyItsOwnNotifications()
    {
        var both = new Barrier();
        await using var face = await Face.StartAsync(async call =>
        {
            await both.MeetAsync();
            call.Progress(call.Params.Contains("\"a\":1", StringComparison.Ordinal) ? 1 : 2);
            call.Log("error");
            return Face.Works(call, Revision.V20260728);
        });
        const string level = "\"io.modelcontextprotocol/logLevel\":\"info\"";
        var one = face.AskAsync(
            "tools/call",
            ""","name":"echo","arguments":{"a":1}""",
            meta: Modern.With(level + ",\"progressToken\":\"one\"")
        );
        var two = face.AskAsync(
            "tools/call",
            ""","name":"echo","arguments":{"a":2}""",
            meta: Modern.With("\"progressToken\":\"two\"")
        );
        var first = await one;
        first.Messages.Count.ShouldBe(3);
        first.Messages[0].At("params", "progressToken").GetString().ShouldBe("one");
        first.Messages[0].At("params", "progress").GetInt32().ShouldBe(1);
        first.Messages[1].At("method").GetString().ShouldBe("notifications/message");
        var second = await two;
        second.Messages.Count.ShouldBe(2);
        second.Messages[0].At("params", "progressToken").GetString().ShouldBe("two");
    }

    [Fact]
    public async Task Disconnect_OfALongCall_CancelsItAtTheService()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var face = await Face.StartAsync(async call =>
        {
            if (call.Params.Contains("\"quick\"", StringComparison.Ordinal))
                return Face.Works(call, Revision.V20260728);
            call.Progress(1);
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Token);
            }
            catch (OperationCanceledException)
            {
                // What a service still says after the cancellation has nowhere to go.
                call.Progress(2);
                cancelled.SetResult();
                throw;
            }
            throw new InvalidOperationException("never");
        });
        await using (
            var open = await face.OpenAsync(Modern.Request("tools/call", meta: Modern.With("\"progressToken\":1")))
        )
        {
            (await open.NextAsync())!.Value.At("method").GetString().ShouldBe("notifications/progress");
        }
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(5));
        await Eventually.UntilAsync(() => face.Host.InFlight.Count == 0);
        (await face.AskAsync("tools/call", ""","name":"echo","arguments":{"quick":1}""")).Status.ShouldBe(
            HttpStatusCode.OK
        );
    }

    [Fact]
    public async Task Key_MissingWrongOrInTheQuery_Is401()
    {
        await using var face = await Face.StartAsync();
        var other = "mcp_key_" + new string('B', 43);
        foreach (
            var (key, path) in ((string?, string)[])
                [
                    (null, "/mcp"),
                    (other, "/mcp"),
                    (null, "/mcp?access_token=" + GatewayHost.Key),
                    (null, "/mcp?key=" + GatewayHost.Key),
                ]
        )
        {
            var reply = await face.SendAsync(Modern.Request("tools/call", path: path), key);
            reply.Status.ShouldBe(HttpStatusCode.Unauthorized);
            reply.Head.Headers.WwwAuthenticate.Single().Scheme.ShouldBe("Bearer");
        }
        face.Channel.Received.ShouldBeEmpty();
    }
}
