using System.Net;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Handshake;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Gateway.Sessions;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>What one client can make the gateway hold has bounds (security.md §5, A-45, C-04).</summary>
public sealed class BoundsTests
{
    private const string Other = "mcp_key_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    private static async Task<GatewayHost> StartAsync(
        ScriptedChannel? service = null,
        GatewayOptions? options = null,
        bool port = false
    )
    {
        var host = new GatewayHost(options, port: port);
        service ??= new ScriptedChannel(
            Revision.V20251125,
            _ => Task.FromResult(ScriptedChannel.Result("""{"content":[]}"""))
        );
        host.AddService(
            "svc",
            service,
            (ItemKind.Tool, "own", GatewayHost.Tool("own")),
            (ItemKind.ResourceTemplate, "note://{id}", """{"uriTemplate":"note://{id}","name":"note"}""")
        );
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        return await host.StartAsync();
    }

    // One key cannot take all sessions: others still get in, active ones are never ended.
    [Fact]
    public async Task Sessions_OfOneGroup_LeaveRoomForOthers()
    {
        await using var host = await StartAsync(options: new GatewayOptions { MaxSessions = 4 }, port: true);
        host.AddGroup("other", Other, null, "svc");
        host.Apply();
        using var greedy = host.Client();
        var streams = new List<HttpResponseMessage>();
        for (var i = 0; i < 2; i++)
        {
            using var get = new HttpRequestMessage(HttpMethod.Get, "/mcp");
            get.Headers.Add("Mcp-Session-Id", await Wire.InitializeAsync(greedy));
            streams.Add(await greedy.SendAsync(get, HttpCompletionOption.ResponseHeadersRead));
        }
        await Eventually.UntilAsync(() => host.Sessions.All.All(s => s.IsActive));
        using var third = Wire.Post(
            """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"""
        );
        (await greedy.SendAsync(third)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        using var others = host.Client(Other);
        await Wire.InitializeAsync(others);
        await Wire.InitializeAsync(others);
        // Full for the other group as well: its own idle one gives way, not the streams of the first.
        await Wire.InitializeAsync(others);
        host.Sessions.All.Count(s => s.IsActive).ShouldBe(2);
        streams.ForEach(s => s.Dispose());
    }

    [Theory]
    [InlineData("clientInfo")]
    [InlineData("capabilities")]
    public async Task Initialize_WithMoreThanIsKept_IsRefused(string member)
    {
        await using var host = await StartAsync();
        var (info, capabilities) = ("{\"name\":\"t\",\"version\":\"1\"}", "{}");
        var big = $"{{\"x\":\"{new string('x', 16 * 1024)}\"}}";
        (info, capabilities) = member == "clientInfo" ? (big, capabilities) : (info, big);
        var answer = await host.Client()
            .AskAsync(
                Wire.Post(
                    $$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{{{capabilities}}},"clientInfo":{{{info}}} } }"""
                )
            );
        answer.GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32602);
        answer.GetProperty("error").GetProperty("message").GetString()!.ShouldContain("16384");
        host.Sessions.Count.ShouldBe(0);
    }

    // Answers that went out as streams are kept for a resume, but not all of them, and no large ones.
    [Fact]
    public async Task Streams_Finished_AreKeptWithinTheBudget()
    {
        var big = new string('x', 300 * 1024);
        var service = new ScriptedChannel(
            Revision.V20251125,
            call =>
            {
                call.Events.OnNotification(
                    McpMethod.NotificationsProgress,
                    """{"progressToken":1,"progress":1}"""u8,
                    17..18
                );
                return Task.FromResult(
                    ScriptedChannel.Result($$$"""{"content":[{"type":"text","text":"{{{big}}}"}] }""")
                );
            }
        );
        await using var host = await StartAsync(service);
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        for (var i = 0; i < 100; i++)
        {
            using var response = await client.SendAsync(
                Wire.Legacy(
                    session,
                    "tools/call",
                    """{"name":"own","arguments":{},"_meta":{"progressToken":"p"} }""",
                    $"{i}"
                )
            );
            (await response.EventsAsync().LastAsync()).Data.Length.ShouldBeGreaterThan(big.Length);
        }
        var kept = host.Sessions.All.Single();
        kept.FinishedStreams.ShouldBeInRange(1, 65);
        kept.StreamBytes.ShouldBeLessThan(1024 * 1024);
    }

    [Fact]
    public void Stream_NobodyReads_KeepsTheNewestWithinItsBytes()
    {
        var budget = new ReplayBudget(long.MaxValue);
        var stream = new EventStream(1, new StreamBounds(10, 1000, 1024, 1000), budget);
        for (var i = 0; i < 50; i++)
            stream.Append(new byte[100]);
        stream.Unread.ShouldBe((10, 1000));
        budget.Held.ShouldBe(1000);
        var ticket = stream.Attach();
        stream.Next(ticket, 0, out _).Sequence.ShouldBe(41);
        for (var at = 41L; at < 50; at++)
            stream.Next(ticket, at, out _);
        stream.Unread.ShouldBe((0, 0));
        stream.Bytes.ShouldBe(1000);
        stream.Release(DateTimeOffset.UnixEpoch);
        budget.Held.ShouldBe(0);
    }

    // Who is attached when the session ends still reads what there is; then nothing is held for anybody.
    [Fact]
    public void Stream_OfASessionThatEnds_GivesItsBytesBack_WithItsReader()
    {
        var budget = new ReplayBudget(long.MaxValue);
        var session = new LegacySession(
            "s",
            new GroupId("g"),
            null,
            RevisionRules.Of(Revision.V20251125),
            new GatewayOptions(),
            budget
        );
        var stream = session.Standalone();
        var ticket = stream.Attach();
        stream.Append(new byte[100]);
        session.Close(DateTimeOffset.UnixEpoch);
        stream.Next(ticket, 0, out _).Message.ShouldNotBeNull();
        stream.Next(ticket, 1, out _).Over.ShouldBeTrue();
        stream.Detach(ticket);
        budget.Held.ShouldBe(0);
    }

    [Fact]
    public void Stream_WhenTheProcessHoldsTooMuch_KeepsNothingRead()
    {
        var budget = new ReplayBudget(150);
        var stream = new EventStream(1, new StreamBounds(10, 1000, 1024, 1000), budget);
        stream.Append(new byte[100]);
        stream.Append(new byte[100]);
        var ticket = stream.Attach();
        stream.Next(ticket, 0, out _);
        stream.Bytes.ShouldBe(100);
    }

    // What a session watched is given back with it, however it ends.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Watches_OfAnEndedSession_AreTakenBack(bool byDelete)
    {
        var service = new ScriptedChannel(Revision.V20251125, _ => Task.FromResult(ScriptedChannel.Result("{}")));
        await using var host = await StartAsync(service);
        var client = host.Client();
        var sessions = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            sessions.Add(await Wire.InitializeAsync(client));
            await client.AskAsync(Wire.Legacy(sessions[i], "resources/subscribe", """{"uri":"note://1"}"""));
        }
        service.Received.Count(r => r.Contains("note://1", StringComparison.Ordinal)).ShouldBe(1, "asked once");
        host.Watches.Count.ShouldBe(1);
        if (byDelete)
        {
            foreach (var session in sessions)
            {
                using var delete = new HttpRequestMessage(HttpMethod.Delete, "/mcp");
                delete.Headers.Add("Mcp-Session-Id", session);
                (await client.SendAsync(delete)).Dispose();
            }
        }
        else
        {
            host.Time.Advance(TimeSpan.FromHours(2));
            host.Sessions.Sweep();
        }
        host.Watches.Count.ShouldBe(0);
        await Eventually.UntilAsync(() =>
            service.Received.Count(r => r.Contains("note://1", StringComparison.Ordinal)) == 2
        );
    }

    [Fact]
    public async Task Subscriptions_OfOneSession_HaveALimit()
    {
        var service = new ScriptedChannel(Revision.V20251125, _ => Task.FromResult(ScriptedChannel.Result("{}")));
        await using var host = await StartAsync(service, new GatewayOptions { MaxSubscriptions = 2 });
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        for (var i = 1; i <= 3; i++)
        {
            var answer = await client.AskAsync(
                Wire.Legacy(session, "resources/subscribe", $$"""{"uri":"note://{{i}}"}""")
            );
            answer.TryGetProperty("error", out _).ShouldBe(i == 3);
        }
        var unknown = await client.AskAsync(Wire.Legacy(session, "resources/unsubscribe", """{"uri":"note://1"}"""));
        unknown.TryGetProperty("error", out _).ShouldBeFalse();
        var refused = await client.AskAsync(Wire.Legacy(session, "resources/subscribe", """{"uri":"none://1"}"""));
        refused.GetProperty("error").GetProperty("code").GetInt32().ShouldBe(-32002);
    }

    // A listen upstream that a proxy cut is opened again.
    [Fact]
    public async Task Watch_CutUpstream_IsAskedForAgain()
    {
        var listens = 0;
        var service = new ScriptedChannel(
            Revision.V20260728,
            call =>
                Task.FromResult(
                    call.Call.Method == McpMethod.SubscriptionsListen && Interlocked.Increment(ref listens) > 0
                        ? ScriptedChannel.Result("""{"resultType":"complete"}""")
                        : ScriptedChannel.Result("{}")
                )
        );
        await using var host = await StartAsync(service);
        var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        await client.AskAsync(Wire.Legacy(session, "resources/subscribe", """{"uri":"note://1"}"""));
        await Eventually.UntilAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(5));
            return Volatile.Read(ref listens) >= 3;
        });
    }

    // A desktop client that does not read holds up itself alone.
    [Fact]
    public async Task StdioLines_NobodyReads_NeverWait()
    {
        await using var blocked = new BlockedStream();
        var lines = new StdioLines(Stream.Null, blocked, 1024);
        var line = new byte[1024 * 1024];
        var taken = Enumerable.Range(0, 100).Count(_ => lines.Write(line));
        taken.ShouldBeInRange(32, 64);
        blocked.Open.SetResult();
        await lines.CompleteAsync();
    }

    private sealed class BlockedStream : MemoryStream
    {
        public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer,
            CancellationToken cancellationToken = default
        ) => await Open.Task.WaitAsync(cancellationToken);
    }
}
