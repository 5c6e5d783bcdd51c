using System.Diagnostics;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

public sealed class LegacyHttpChannelTests
{
    [Theory]
    [InlineData("json")]
    [InlineData("sse")]
    public async Task Call_EitherAnswer_GivesTheRawResult(string answer)
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy, null, "--answer", answer);
        (await fixture.Channel.CallTextAsync("echo", """{"text":"hi"}""")).ShouldBe(
            """Result:None:{"content":[{"type":"text","text":"hi"}]}"""
        );
    }

    [Fact]
    public async Task Call_AfterHandshake_CarriesSessionAndVersion()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        var headers = await fixture.Channel.CallTextAsync("headers");
        headers.ShouldContain("Mcp-Session-Id", Case.Insensitive);
        headers.ShouldContain("2025-11-25");
        headers.ShouldContain("X-Test");
    }

    [Fact]
    public async Task Call_Progress_FindsItsCallByOurToken()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        var events = new CallRecorder();
        using var reply = await fixture.Channel.CallAsync(
            FixtureCalls.Tool(Era.Legacy, "progress", """{"n":3}""", progress: true),
            events,
            CancellationToken.None
        );
        reply.Kind.ShouldBe(ChannelReplyKind.Result);
        events.Notifications.Count.ShouldBe(3);
        events.Notifications.ShouldAllBe(n => long.Parse(n.Token) > 0);
    }

    [Theory]
    [InlineData("ask", McpMethod.ElicitationCreate)]
    [InlineData("sample", McpMethod.SamplingCreateMessage)]
    [InlineData("roots", McpMethod.RootsList)]
    public async Task Call_QuestionOnItsStream_IsAskedOnThatCallAndAnswered(string tool, McpMethod method)
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        var events = new CallRecorder();
        (await fixture.Channel.CallTextAsync(tool, events: events)).ShouldContain("accept");
        events.Questions.Single().Method.ShouldBe(method);
    }

    [Fact]
    public async Task ThreeCalls_EachAsksOnItsOwnStream_EachAnswerGoesToItsAsker()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        var asked = Enumerable.Range(0, 3).Select(_ => new CallRecorder()).ToArray();
        await Task.WhenAll(
            asked.Select((events, i) => fixture.Channel.CallTextAsync("ask", $$"""{"text":"question {{i}}"}""", events))
        );
        for (var i = 0; i < 3; i++)
            asked[i].Questions.Single().Params.ShouldContain($"question {i}");
    }

    [Fact]
    public async Task Question_OnTheLongStreamWithOneOpenCall_IsAskedThere()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        await UntilListeningAsync(fixture);
        var events = new CallRecorder();
        (await fixture.Channel.CallTextAsync("ask_beside", events: events)).ShouldContain("accept");
        events.Questions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Question_OnTheLongStreamWithTwoOpenCalls_IsAskedNobody()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        await UntilListeningAsync(fixture);
        using var stop = new CancellationTokenSource();
        var stranger = new CallRecorder();
        var other = fixture.Channel.CallTextAsync("silent", events: stranger, cancellationToken: stop.Token);
        await fixture.Channel.UntilCountsAsync("others=1;");
        var events = new CallRecorder();
        (await fixture.Channel.CallTextAsync("ask_beside", events: events)).ShouldContain(
            "belongs to no single open call"
        );
        events.Questions.ShouldBeEmpty();
        stranger.Questions.ShouldBeEmpty();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => other);
    }

    [Fact]
    public async Task ListChanged_OnTheLongStream_ReachesTheSupervisor()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        await UntilListeningAsync(fixture);
        await fixture.Channel.CallTextAsync("listchange");
        await Eventually.UntilAsync(() =>
            fixture.Events.Notifications.Any(n => n.Method == McpMethod.NotificationsToolsListChanged)
        );
    }

    [Fact]
    public async Task Start_NoLongStreamOffered_IsFine()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy, null, "--no-get");
        (await fixture.Channel.CallTextAsync("echo")).ShouldStartWith("Result:");
    }

    [Fact]
    public async Task Call_ServiceClosesTheStreamToBePolled_ResumesUntilTheAnswer() // spec 2025-11-25 SSE polling
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        (await fixture.Channel.CallTextAsync("poll", """{"ms":400}""")).ShouldContain("done");
    }

    [Fact]
    public async Task Call_StreamCutMidEvent_IsProtocolFailure()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        (await fixture.Channel.CallTextAsync("cut")).ShouldStartWith("Failed:Protocol:");
        (await fixture.Channel.CallTextAsync("echo", """{"text":"next"}""")).ShouldContain("next");
    }

    [Theory]
    [InlineData("404")]
    [InlineData("400")]
    public async Task Call_SessionLost_StartsANewOneOnceForAllAndRunsTheCall(string status)
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy, null, "--session-lost", status, "--no-get");
        await fixture.Channel.CallTextAsync("forget");
        var before = Sessions(
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => fixture.Channel.CallTextAsync("headers")))
        );
        before.Count.ShouldBe(1);
        fixture.Events.Notifications.ShouldContain(n => n.Method == McpMethod.NotificationsToolsListChanged);
    }

    [Fact]
    public async Task Cancel_OpenCall_TellsTheService() // a disconnect is not a cancel in this era (R11)
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
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
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var watch = Stopwatch.StartNew();
        await Should.ThrowAsync<OperationCanceledException>(() =>
            fixture.Channel.CallTextAsync("drip", """{"ms":0}""", cancellationToken: deadline.Token)
        );
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task LongStream_ServiceGone_IsReportedOnce()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        await UntilListeningAsync(fixture);
        await fixture.Process.KillAsync();
        await Eventually.UntilAsync(() => !fixture.Events.Closed.IsEmpty);
        (await fixture.Channel.CallTextAsync("echo")).ShouldBe("Failed:NotConnected:");
        fixture.Events.Closed.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Dispose_WithSession_EndsIt()
    {
        await using var fixture = await HttpFixture.StartAsync(Era.Legacy);
        var session = Sessions(await fixture.Channel.CallTextAsync("headers")).Single();
        await fixture.Channel.DisposeAsync();
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, fixture.Process.Address)
        {
            Content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"ping"}"""),
            Headers = { { "Mcp-Session-Id", session } },
        };
        using var response = await client.SendAsync(request);
        response.StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
    }

    private static HashSet<string> Sessions(params string[] replies) =>
        replies
            .Select(r => r.Substring(r.IndexOf("s-0", StringComparison.Ordinal), 34))
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>The long stream is open once something sent beside the calls arrives.</summary>
    private static Task UntilListeningAsync(HttpFixture fixture) =>
        Eventually.UntilAsync(async () =>
        {
            await fixture.Channel.CallTextAsync("touch");
            return fixture.Events.Notifications.Any(n => n.Method == McpMethod.NotificationsResourcesUpdated);
        });
}
