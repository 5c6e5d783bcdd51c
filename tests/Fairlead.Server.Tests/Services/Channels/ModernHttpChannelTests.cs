using System.Diagnostics;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

public sealed class ModernHttpChannelTests
{
    [Theory]
    [InlineData("json")]
    [InlineData("sse")]
    public async Task Call_EitherAnswer_GivesTheRawResult(string answer)
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern, null, "--answer", answer);
        (await fixture.Channel.CallTextAsync("echo", """{"text":"hé"}""")).ShouldBe(
            """Result:None:{"content":[{"type":"text","text":"h\u00E9"}],"resultType":"complete"}"""
        );
    }

    [Fact]
    public async Task Call_Always_CarriesMirroredAndConfiguredHeaders() // R16, R18
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        var call = FixtureCalls.Tool(
            Era.Modern,
            "region",
            """{"region":"Zürich"}""",
            headers: [new("Mcp-Param-Region", "=?base64?WsO8cmljaA==?=")]
        );
        using var reply = await fixture.Channel.CallAsync(call, new CallRecorder(), CancellationToken.None);
        reply.Kind.ShouldBe(ChannelReplyKind.Result);
        var text = reply.Text();
        text.ShouldContain("X-Test");
        text.ShouldContain("tools/call");
        text.ShouldNotContain("Mcp-Session-Id");
    }

    [Fact]
    public async Task Call_UriWithSpecialCharacters_IsEncodedInTheHeader() // R18: the fixture refuses a wrong Mcp-Name
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        const string uri = "test://ünicode ";
        var call = new ChannelCall
        {
            Method = McpMethod.ResourcesRead,
            Params = System.Text.Encoding.UTF8.GetBytes(
                $$"""{"uri":"{{uri}}",{{System.Text.Encoding.UTF8.GetString(Handshakes.MetaMember)}}}"""
            ),
            Name = uri,
        };
        using var reply = await fixture.Channel.CallAsync(call, new CallRecorder(), CancellationToken.None);
        reply.Kind.ShouldBe(ChannelReplyKind.Result);
    }

    [Fact]
    public async Task Call_Progress_ComesWithOurTokenBeforeTheResult()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        var events = new CallRecorder();
        var call = FixtureCalls.Tool(Era.Modern, "progress", """{"n":3}""", progress: true);
        using var reply = await fixture.Channel.CallAsync(call, events, CancellationToken.None);
        reply.Kind.ShouldBe(ChannelReplyKind.Result);
        events.Notifications.Count.ShouldBe(3);
        events.Notifications.ShouldAllBe(n => long.Parse(n.Token) > 0 && !n.Params.Contains("client"));
    }

    [Fact]
    public async Task Call_InputRequired_IsPassedOnUntouched() // R40
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        (await fixture.Channel.CallTextAsync("ask")).ShouldContain("\"resultType\":\"input_required\"");
    }

    [Fact]
    public async Task Call_ErrorWithHttp400_IsTheServicesError()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        (await fixture.Channel.CallTextAsync("error", """{"code":-32021}""")).ShouldStartWith(
            "Error:None:{\"code\":-32021"
        );
    }

    [Fact]
    public async Task Call_StreamCutMidEvent_IsProtocolFailureNeverHalfAnAnswer() // security.md §5 "SSE cut mid-event"
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        (await fixture.Channel.CallTextAsync("cut")).ShouldStartWith("Failed:Protocol:");
        (await fixture.Channel.CallTextAsync("echo", """{"text":"next"}""")).ShouldContain("next");
    }

    [Theory]
    [InlineData("json")]
    [InlineData("sse")]
    public async Task Call_AnswerAboveTheLimit_IsTooLarge(string answer)
    {
        var options = new ChannelOptions { MaxMessageBytes = 64 * 1024 };
        await using var fixture = await HttpFixture.StartAsync(Era.Modern, options, "--answer", answer);
        (await fixture.Channel.CallTextAsync("big", """{"bytes":60000}""")).ShouldStartWith("Result:");
        (await fixture.Channel.CallTextAsync("big", """{"bytes":70000}""")).ShouldBe("Failed:TooLarge:");
        (await fixture.Channel.CallTextAsync("echo", """{"text":"next"}""")).ShouldContain("next");
    }

    [Fact]
    public async Task Cancel_OpenCall_ClosesTheStreamSoThatTheServiceStops() // R11
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        using var cancel = new CancellationTokenSource();
        var call = fixture.Channel.CallTextAsync("silent", cancellationToken: cancel.Token);
        await fixture.Channel.UntilCountsAsync("others=1;");
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call);
        await fixture.Channel.UntilCountsAsync("cancelled=1 others=0;");
    }

    [Fact]
    public async Task Cancel_SlowDrip_EndsTheCallThoughBytesKeepComing() // R42
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var watch = Stopwatch.StartNew();
        await Should.ThrowAsync<OperationCanceledException>(() =>
            fixture.Channel.CallTextAsync("drip", """{"ms":0}""", cancellationToken: deadline.Token)
        );
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Call_ServiceGone_IsNotConnectedAndReportedOnce()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        await fixture.Process.KillAsync();
        using (
            var reply = await fixture.Channel.CallAsync(
                FixtureCalls.Tool(Era.Modern, "echo"),
                new CallRecorder(),
                default
            )
        )
        {
            reply.Failure.ShouldBe(ChannelFailure.NotConnected);
            reply.Dispatched.ShouldBeFalse();
        }
        await fixture.Channel.CallTextAsync("echo");
        fixture.Events.Closed.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Call_ServiceKilledMidCall_IsCrashedAndDispatched()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        var call = fixture
            .Channel.CallAsync(FixtureCalls.Tool(Era.Modern, "silent"), new CallRecorder(), default)
            .AsTask();
        await fixture.Channel.UntilCountsAsync("others=1;");
        await fixture.Process.KillAsync();
        using var reply = await call.WaitAsync(TimeSpan.FromSeconds(1));
        reply.Failure.ShouldBe(ChannelFailure.Crashed);
        reply.Dispatched.ShouldBeTrue();
    }

    [Fact]
    public async Task Listen_ListChanges_ArriveOnItsCall()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern);
        using var stop = new CancellationTokenSource();
        var events = new CallRecorder();
        var call = new ChannelCall
        {
            Method = McpMethod.SubscriptionsListen,
            Params = System.Text.Encoding.UTF8.GetBytes(
                $$"""{"notifications":{"toolsListChanged":true},{{System.Text.Encoding.UTF8.GetString(Handshakes.MetaMember)}}}"""
            ),
        };
        var listening = fixture.Channel.CallAsync(call, events, stop.Token).AsTask();
        await Eventually.UntilAsync(() =>
            events.Notifications.Any(n => n.Method == McpMethod.NotificationsSubscriptionsAcknowledged)
        );
        await fixture.Channel.CallTextAsync("listchange");
        await Eventually.UntilAsync(() =>
            events.Notifications.Any(n => n.Method == McpMethod.NotificationsToolsListChanged)
        );
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => listening);
    }

    [Fact]
    public async Task Call_PrettyPrintedAnswer_HasNoLineBreaks()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Modern, null, "--pretty");
        (await fixture.Channel.CallTextAsync("echo", """{"text":"hi"}""")).ShouldNotContain('\n');
    }
}
