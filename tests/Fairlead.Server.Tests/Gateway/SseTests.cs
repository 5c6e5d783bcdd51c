using System.Net;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>HTTP+SSE of revision 2024-11-05 (A-82, C-15, C-16, contracts.md §2.7).</summary>
public sealed class SseTests
{
    private const string Other = "mcp_key_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
    private const string Initialize =
        """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"dify","version":"1"}}}""";
    private const string List = """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""";

    private static async Task<GatewayHost> StartAsync(
        Func<ScriptedCall, Task<ChannelReply>>? script = null,
        GatewayOptions? options = null
    )
    {
        var host = new GatewayHost(options, port: true);
        script ??= _ => Task.FromResult(ScriptedChannel.Result("""{"content":[]}"""));
        host.AddService("svc", new ScriptedChannel(Revision.V20251125, script), "own");
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        return await host.StartAsync();
    }

    /// <summary>A client that sends its key with the GET alone, and reads its stream.</summary>
    private sealed class Client(GatewayHost host) : IAsyncDisposable
    {
        private readonly HttpClient get = host.Client();
        private readonly HttpClient post = host.Client(null);
        private IAsyncEnumerator<(string? Id, string Data)>? events;
        private HttpResponseMessage? stream;

        public string Endpoint { get; private set; } = "";

        public async Task<Client> OpenAsync(string path = "/mcp")
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            stream = await get.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            stream.StatusCode.ShouldBe(HttpStatusCode.OK);
            stream.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
            events = stream.EventsAsync().GetAsyncEnumerator();
            (await events.MoveNextAsync()).ShouldBeTrue();
            Endpoint = events.Current.Data;
            return this;
        }

        public Task<HttpResponseMessage> PostAsync(string body) => post.SendAsync(Wire.Post(body, Endpoint));

        public async Task<JsonElement?> NextAsync() =>
            await events!.MoveNextAsync() ? JsonDocument.Parse(events.Current.Data).RootElement : null;

        public async ValueTask DisposeAsync()
        {
            stream?.Dispose();
            get.Dispose();
            post.Dispose();
            await Task.CompletedTask;
        }
    }

    // C-16: the literal configuration {transport: sse, url: …/mcp} works; the POSTs carry no key (§2.7).
    [Theory]
    [InlineData("/mcp", "/mcp/messages?sessionId=")]
    [InlineData("/mcp/", "/mcp/messages?sessionId=")]
    [InlineData("/mcp/default", "/mcp/messages?sessionId=")]
    [InlineData("/sse", "/messages?sessionId=")]
    [InlineData("/sse/", "/messages?sessionId=")]
    [InlineData("/default/sse", "/messages?sessionId=")]
    public async Task Stream_TellsItsEndpoint_AndAnswersWhatIsPostedThere(string path, string endpoint)
    {
        await using var host = await StartAsync();
        await using var client = await new Client(host).OpenAsync(path);
        client.Endpoint.ShouldStartWith(endpoint);
        using var accepted = await client.PostAsync(Initialize);
        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await client.NextAsync())!
            .Value.GetProperty("result")
            .GetProperty("protocolVersion")
            .GetString()
            .ShouldBe("2024-11-05");
        using var listed = await client.PostAsync(List);
        (await client.NextAsync())!.Value.GetProperty("result").GetProperty("tools").GetArrayLength().ShouldBe(1);
        using var broken = await client.PostAsync("{\"jsonrpc\":");
        (await client.NextAsync())!.Value.GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32700);
    }

    [Theory]
    [InlineData("/mcp", "mcp_key_CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", HttpStatusCode.Unauthorized)]
    [InlineData("/sse", null, HttpStatusCode.Unauthorized)]
    [InlineData("/nobody/sse", GatewayHost.Key, HttpStatusCode.NotFound)]
    [InlineData("/mcp/nobody", GatewayHost.Key, HttpStatusCode.NotFound)]
    public async Task Get_WithoutAGoodKey_OpensNothing(string path, string? key, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        using var client = host.Client(key);
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        response.StatusCode.ShouldBe(expected);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
    }

    // The id stands for the key, so it is good only as long as the key is.
    [Theory]
    [InlineData("disabled", HttpStatusCode.Forbidden)]
    [InlineData("regenerated", HttpStatusCode.Unauthorized)]
    public async Task Post_AfterTheKeyWentBad_IsRefused(string how, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        await using var client = await new Client(host).OpenAsync();
        if (how == "disabled")
            host.AddGroup("default", GatewayHost.Key, g => g with { Enabled = false }, "svc");
        else
            host.AddGroup("default", Other, null, "svc");
        host.Apply();
        using var refused = await client.PostAsync(Initialize);
        // The connection itself is ended too; whichever is first says no.
        refused.StatusCode.ShouldBeOneOf(expected, HttpStatusCode.NotFound);
        (await client.NextAsync()).ShouldBeNull();
    }

    [Theory]
    [InlineData("mcp_key_CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", HttpStatusCode.Unauthorized)]
    [InlineData(Other, HttpStatusCode.NotFound)]
    [InlineData(GatewayHost.Key, HttpStatusCode.Accepted)]
    public async Task Post_WithAKeyOfItsOwn_NeedsTheSameGroup(string key, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        host.AddGroup("other", Other, null, "svc");
        host.Apply();
        await using var client = await new Client(host).OpenAsync();
        using var post = host.Client(key);
        using var response = await post.SendAsync(Wire.Post(Initialize, client.Endpoint));
        response.StatusCode.ShouldBe(expected);
    }

    [Fact]
    public async Task Post_ToAConnectionThatIsNot_Is404()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        using var response = await client.SendAsync(Wire.Post(List, "/messages?sessionId=0123456789abcdef"));
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    // The connection is the session: when it ends, its calls are cancelled and nothing is left.
    [Fact]
    public async Task Disconnect_CancelsItsCallsAndEndsTheSession()
    {
        var called = new TaskCompletionSource();
        await using var host = await StartAsync(async call =>
        {
            called.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, call.Token);
            return ScriptedChannel.Result("{}");
        });
        var client = await new Client(host).OpenAsync();
        (await client.PostAsync(Initialize)).Dispose();
        await client.NextAsync();
        host.Sessions.Count.ShouldBe(1);
        (
            await client.PostAsync(
                """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"own","arguments":{}}}"""
            )
        ).Dispose();
        await called.Task;
        await client.DisposeAsync();
        await Eventually.UntilAsync(() => host.Sessions.Count == 0 && host.InFlight.Count == 0);
    }

    // Subscriptions of the stateless era can be opened on this transport, too; they do not outlive it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Subscription_EndsWithItsConnection(bool keyGone)
    {
        await using var host = await StartAsync();
        var client = await new Client(host).OpenAsync();
        (
            await client.PostAsync(
                """{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"""
            )
        ).Dispose();
        (await client.NextAsync())!
            .Value.GetProperty("method")
            .GetString()
            .ShouldBe("notifications/subscriptions/acknowledged");
        if (keyGone)
        {
            host.AddGroup("default", Other, null, "svc");
            host.Apply();
        }
        else
        {
            await client.DisposeAsync();
        }
        await Eventually.UntilAsync(() => host.InFlight.Count == 0);
        if (keyGone)
            await client.DisposeAsync();
    }

    // A net that cuts uploads must not use the connection's share of unanswered messages up.
    [Fact]
    public async Task Post_CutBeforeItsEnd_CountsNoLonger()
    {
        await using var host = await StartAsync();
        await using var client = await new Client(host).OpenAsync();
        var address = host.Client().BaseAddress!;
        for (var i = 0; i < 64; i++)
        {
            using var tcp = new System.Net.Sockets.TcpClient();
            await tcp.ConnectAsync(address.Host, address.Port);
            var head =
                $"POST {client.Endpoint} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n";
            await tcp.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(head));
            // "100 Continue": the body is being read.
            (await tcp.GetStream().ReadAsync(new byte[64])).ShouldBeGreaterThan(0);
        }
        await Eventually.UntilAsync(async () =>
        {
            using var response = await client.PostAsync(Initialize);
            return response.StatusCode == HttpStatusCode.Accepted;
        });
    }

    // A handshake that is read while its connection goes leaves no session behind.
    [Fact]
    public async Task Initialize_AfterTheConnectionEnded_LeavesNoSession()
    {
        await using var host = await StartAsync();
        var links = host.App.Services.GetRequiredService<SseLinks>();
        var group = host.App.Services.GetRequiredService<Routes>().Table.ByCode["default"];
        var shown = new Credentials($"Bearer {GatewayHost.Key}", null, null);
        var link = links.Open(shown, group.Config.Id, static () => { })!;
        links.Remove(link);
        await link.Conversation.TakeAsync(System.Text.Encoding.UTF8.GetBytes(Initialize), group, user: null);
        host.Sessions.Count.ShouldBe(0);
    }

    // A client that does not read is cut off instead of filling our memory.
    [Fact]
    public async Task Client_ThatDoesNotRead_IsCutOff()
    {
        var big = new string('x', 2 * 1024 * 1024);
        await using var host = await StartAsync(_ =>
            Task.FromResult(ScriptedChannel.Result($$$"""{"content":[{"type":"text","text":"{{{big}}}"}] }"""))
        );
        await using var client = await new Client(host).OpenAsync();
        (await client.PostAsync(Initialize)).Dispose();
        await client.NextAsync();
        var status = HttpStatusCode.Accepted;
        for (var i = 0; i < 60 && status == HttpStatusCode.Accepted; i++)
        {
            using var response = await client.PostAsync(
                $$$"""{"jsonrpc":"2.0","id":"c{{{i}}}","method":"tools/call","params":{"name":"own","arguments":{} } }"""
            );
            status = response.StatusCode;
        }
        await Eventually.UntilAsync(() => host.Sessions.Count == 0);
    }

    // as many connections as sessions.
    [Fact]
    public async Task Get_WhenAllAreInUse_Is503()
    {
        await using var host = await StartAsync(options: new GatewayOptions { MaxSessions = 1 });
        await using var client = await new Client(host).OpenAsync();
        using var second = host.Client();
        using var response = await second.GetAsync(new Uri("/sse", UriKind.Relative));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    // A group cannot take all connections from the others, as it cannot take all sessions.
    [Fact]
    public async Task Get_OfAGroupThatHoldsItsShare_Is503_ForItAlone()
    {
        await using var host = await StartAsync(options: new GatewayOptions { MaxSessions = 2 });
        host.AddGroup("other", Other, null, "svc");
        host.Apply();
        await using var client = await new Client(host).OpenAsync();
        using var same = host.Client();
        using var refused = await same.GetAsync(new Uri("/sse", UriKind.Relative));
        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        using var other = host.Client(Other);
        using var served = await other.GetAsync(
            new Uri("/sse", UriKind.Relative),
            HttpCompletionOption.ResponseHeadersRead
        );
        served.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
