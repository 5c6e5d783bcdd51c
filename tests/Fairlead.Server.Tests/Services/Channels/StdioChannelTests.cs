using System.Diagnostics;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

public sealed class StdioChannelTests
{
    [Theory]
    [InlineData(Era.Legacy)]
    [InlineData(Era.Modern)]
    public async Task Call_EitherEra_GivesTheRawResult(Era era) // S-04
    {
        await using var fixture = await StdioFixture.StartAsync(era);
        fixture.Channel.Hello.Era.ShouldBe(era);
        (await fixture.Channel.CallTextAsync("echo", """{"text":"hi"}""")).ShouldStartWith(
            """Result:None:{"content":[{"type":"text","text":"hi"}]"""
        );
    }

    [Fact]
    public async Task Calls_ManyAtOnce_EachGetsItsOwnAnswer()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        var replies = await Task.WhenAll(
            Enumerable.Range(0, 500).Select(i => fixture.Channel.CallTextAsync("echo", $$"""{"text":"n{{i}}."}"""))
        );
        for (var i = 0; i < replies.Length; i++)
            replies[i].ShouldContain($"\"n{i}.\"");
    }

    [Fact]
    public async Task Call_ArgumentsWithLineBreaks_ArriveAsOneMessage() // R97
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        (await fixture.Channel.CallTextAsync("echo", "{\n  \"text\":\r\n \"hi\"\n}")).ShouldContain("\"hi\"");
    }

    [Fact]
    public async Task Call_Progress_ComesInOrderWithOurTokenBeforeTheResult()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        var events = new CallRecorder();
        using var reply = await fixture.Channel.CallAsync(
            FixtureCalls.Tool(Era.Legacy, "progress", """{"n":5}""", progress: true),
            events,
            CancellationToken.None
        );
        events
            .Notifications.Select(n =>
                n.Params[(n.Params.IndexOf("progress\":", 20, StringComparison.Ordinal) + 10)..][..1]
            )
            .ShouldBe(["1", "2", "3", "4", "5"]);
        events.Notifications.ShouldAllBe(n => long.Parse(n.Token) > 0);
    }

    [Theory]
    [InlineData("ask", McpMethod.ElicitationCreate)]
    [InlineData("sample", McpMethod.SamplingCreateMessage)]
    [InlineData("roots", McpMethod.RootsList)]
    public async Task Question_OneOpenCall_IsAskedThereAndAnswered(string tool, McpMethod method)
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        var events = new CallRecorder();
        (await fixture.Channel.CallTextAsync(tool, events: events)).ShouldContain("accept");
        events.Questions.Single().Method.ShouldBe(method);
    }

    [Fact]
    public async Task Question_ThreeCallsOfStrangers_IsAskedNobodyAndTheServiceGetsAnError()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        var strangers = Enumerable.Range(0, 3).Select(_ => new CallRecorder()).ToArray();
        using var stop = new CancellationTokenSource();
        var open = strangers
            .Take(2)
            .Select((s, i) => CallAsync(fixture, "silent", s, $"session-{i}", stop.Token))
            .ToList();
        await fixture.Channel.UntilCountsAsync("others=2;");
        (await CallAsync(fixture, "ask", strangers[2], "session-2")).ShouldContain("belongs to no single open call");
        strangers.ShouldAllBe(s => s.Questions.IsEmpty);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Task.WhenAll(open));
    }

    [Fact]
    public async Task Question_AllCallsOfOneSession_IsAskedOnTheNewest()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        using var stop = new CancellationTokenSource();
        var older = new CallRecorder();
        var open = CallAsync(fixture, "silent", older, "mine", stop.Token);
        await fixture.Channel.UntilCountsAsync("others=1;");
        var newer = new CallRecorder();
        (await CallAsync(fixture, "ask", newer, "mine")).ShouldContain("accept");
        newer.Questions.Count.ShouldBe(1);
        older.Questions.ShouldBeEmpty();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => open);
    }

    [Fact]
    public async Task Question_CallCancelledMeanwhile_EndsTheQuestion()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        using var cancel = new CancellationTokenSource();
        var ended = new TaskCompletionSource();
        var events = new CallRecorder
        {
            Answer = async token =>
            {
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
                }
                finally
                {
                    ended.SetResult();
                }
                return default;
            },
        };
        var call = fixture.Channel.CallTextAsync("ask", events: events, cancellationToken: cancel.Token);
        await Eventually.UntilAsync(() => !events.Questions.IsEmpty);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Log_OneOpenCall_GoesToItElseToTheSupervisor()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        var mine = new CallRecorder();
        await fixture.Channel.CallTextAsync("log", events: mine);
        mine.Notifications.Single().Method.ShouldBe(McpMethod.NotificationsMessage);
        using var stop = new CancellationTokenSource();
        var stranger = new CallRecorder();
        var open = fixture.Channel.CallTextAsync("silent", events: stranger, cancellationToken: stop.Token);
        await fixture.Channel.UntilCountsAsync("others=1;");
        var second = new CallRecorder();
        await fixture.Channel.CallTextAsync("log", """{"text":"whose"}""", second);
        second.Notifications.ShouldBeEmpty();
        stranger.Notifications.ShouldBeEmpty();
        fixture.Events.Notifications.ShouldContain(n => n.Params.Contains("whose"));
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => open);
    }

    [Theory]
    [InlineData(Era.Legacy)]
    [InlineData(Era.Modern)]
    public async Task Cancel_OpenCall_TellsTheServiceAndForgetsTheCall(Era era)
    {
        await using var fixture = await StdioFixture.StartAsync(era);
        using var cancel = new CancellationTokenSource();
        var call = fixture.Channel.CallTextAsync("silent", cancellationToken: cancel.Token);
        await fixture.Channel.UntilCountsAsync("others=1;");
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call);
        await fixture.Channel.UntilCountsAsync("cancelled=1 others=0;");
    }

    [Fact]
    public async Task Kill_MidCall_FailsAllOpenCallsWithinASecond() // security.md §5 "Upstream crash mid-call"
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        var calls = Enumerable
            .Range(0, 3)
            .Select(_ =>
                fixture.Channel.CallAsync(FixtureCalls.Tool(Era.Legacy, "silent"), new CallRecorder(), default).AsTask()
            )
            .ToList();
        await fixture.Channel.UntilCountsAsync("others=3;");
        var watch = Stopwatch.StartNew();
        using (var victim = Process.GetProcessById(fixture.Process.Pid))
            victim.Kill();
        foreach (var reply in await Task.WhenAll(calls))
        {
            reply.Failure.ShouldBe(ChannelFailure.Crashed);
            reply.Dispatched.ShouldBeTrue();
        }
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(1));
        fixture.Events.Closed.Single().ShouldContain("signal 9");
        using var next = await fixture.Channel.CallAsync(
            FixtureCalls.Tool(Era.Legacy, "echo"),
            new CallRecorder(),
            default
        );
        next.Failure.ShouldBe(ChannelFailure.NotConnected);
        next.Dispatched.ShouldBeFalse();
    }

    [Fact]
    public async Task Call_AnswerIsNoMessage_IsProtocolFailure()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        (await fixture.Channel.CallTextAsync("garbage")).ShouldBe("Failed:Protocol:");
        (await fixture.Channel.CallTextAsync("echo", """{"text":"next"}""")).ShouldContain("next");
    }

    [Fact]
    public async Task Call_AnswerAboveTheLimit_IsTooLarge() // −31004
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        (await fixture.Channel.CallTextAsync("big", """{"bytes":9000000}""")).ShouldBe("Failed:TooLarge:");
        fixture.Events.Closed.Single().ShouldContain("size limit");
    }

    [Fact]
    public async Task ListChanged_Legacy_ReachesTheSupervisor()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        await fixture.Channel.CallTextAsync("listchange");
        await Eventually.UntilAsync(() =>
            fixture.Events.Notifications.Any(n => n.Method == McpMethod.NotificationsToolsListChanged)
        );
    }

    [Fact]
    public async Task Roots_AskedWhileNoClientIsThere_AreNone()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        var call = FixtureCalls.Tool(Era.Legacy, "roots");
        using var reply = await fixture.Channel.CallAsync(call, HouseEvents.None, CancellationToken.None);
        reply.Text().ShouldContain("\\u0022roots\\u0022:[]");
    }

    private static async Task<string> CallAsync(
        StdioFixture fixture,
        string tool,
        CallRecorder events,
        string session,
        CancellationToken cancellationToken = default
    )
    {
        using var reply = await fixture.Channel.CallAsync(
            FixtureCalls.Tool(Era.Legacy, tool, session: session),
            events,
            cancellationToken
        );
        return reply.Text();
    }
}
