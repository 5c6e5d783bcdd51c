using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>Whose a question without an address may be, on a connection that calls share.</summary>
public sealed class AskerTests
{
    private readonly FakeTimeProvider time = new();
    private readonly PendingCalls calls;

    public AskerTests() => calls = new PendingCalls(time);

    [Fact]
    public void Question_WhileACancelledCallLingers_IsNobodysUntilItsTimeIsOver()
    {
        var cancelled = Open("a");
        Cancel(cancelled);
        var open = Open("b");
        calls.OnlyAsker(out var none).ShouldBeNull();
        none.ShouldBeFalse();
        time.Advance(LingeringCalls.Longest - TimeSpan.FromTicks(1));
        calls.OnlyAsker(out _).ShouldBeNull();
        time.Advance(TimeSpan.FromTicks(1));
        calls.OnlyAsker(out _).ShouldBeSameAs(open);
    }

    [Fact]
    public void Question_AfterTheLateAnswerOfACancelledCall_IsTheOpenOnes()
    {
        var cancelled = Open("a");
        Cancel(cancelled);
        var open = Open("b");
        calls.Answered(cancelled.Id);
        calls.OnlyAsker(out _).ShouldBeSameAs(open);
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData(null, false)]
    public void Question_CancelledCallOfTheSameSession_IsShownToThatClientOnly(string? session, bool asked)
    {
        Cancel(Open(session));
        var open = Open(session);
        calls.OnlyAsker(out _).ShouldBe(asked ? open : null);
    }

    [Fact]
    public void Question_AfterACallOfTheGatewayWasGivenUp_IsTheOpenOnes()
    {
        var own = calls.Open(FixtureCalls.Tool(Era.Legacy, "x"), HouseEvents.None).ShouldNotBeNull();
        Cancel(own);
        var open = Open("b");
        calls.OnlyAsker(out _).ShouldBeSameAs(open);
    }

    [Fact]
    public async Task Stdio_QuestionAfterACancelledCall_IsAskedNobody()
    {
        await using var fixture = await StdioFixture.StartAsync(Era.Legacy);
        using var cancel = new CancellationTokenSource();
        var given = fixture.Channel.CallTextAsync("silent", cancellationToken: cancel.Token);
        await fixture.Channel.UntilCountsAsync("others=1;");
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => given);
        var stranger = new CallRecorder();
        (await fixture.Channel.CallTextAsync("ask", events: stranger)).ShouldContain("belongs to no single open call");
        stranger.Questions.ShouldBeEmpty();
    }

    private PendingCall Open(string? session) =>
        calls.Open(FixtureCalls.Tool(Era.Legacy, "x", session: session), new CallRecorder()).ShouldNotBeNull();

    private void Cancel(PendingCall call)
    {
        calls.Take(call.Id).ShouldBeSameAs(call);
        calls.Linger(call);
    }
}
