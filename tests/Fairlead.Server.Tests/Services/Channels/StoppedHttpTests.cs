using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>Calls that race the stop of their HTTP service fail as such, never with an exception (−31001).</summary>
public sealed class StoppedHttpTests
{
    [Theory]
    [InlineData(Era.Legacy)]
    [InlineData(Era.Modern)]
    public async Task Call_AfterTheStop_WasNotSent(Era era)
    {
        await using var fixture = await HttpFixture.StartAsync(era);
        await fixture.Channel.DisposeAsync();
        using var reply = await fixture.Channel.CallAsync(FixtureCalls.Tool(era, "echo"), new CallRecorder(), default);
        reply.Failure.ShouldBe(ChannelFailure.NotConnected);
        reply.Dispatched.ShouldBeFalse();
    }

    [Theory]
    [InlineData(Era.Legacy, "json", "silent")]
    [InlineData(Era.Modern, "json", "silent")]
    [InlineData(Era.Legacy, "sse", "silent")]
    [InlineData(Era.Modern, "sse", "silent")]
    [InlineData(Era.Legacy, "json", "drip")]
    [InlineData(Era.Modern, "json", "drip")]
    public async Task Call_InFlightAtTheStop_Fails(Era era, string answer, string tool)
    {
        await using var fixture = await HttpFixture.StartAsync(era, null, "--answer", answer);
        var call = fixture.Channel.CallTextAsync(tool, """{"ms":0}""");
        if (tool == "silent")
            await fixture.Channel.UntilCountsAsync("others=1;");
        else
            await fixture.Channel.UntilCountsAsync("calls=3");
        await fixture.Channel.DisposeAsync();
        (await call).ShouldStartWith("Failed:");
    }

    [Theory]
    [InlineData(Era.Legacy)]
    [InlineData(Era.Modern)]
    public async Task Drain_ACallInFlight_WaitsForItButNotForTheGatewaysOwn(Era era)
    {
        await using var fixture = await HttpFixture.StartAsync(era);
        using var stop = new CancellationTokenSource();
        var own = fixture.Channel.CallAsync(FixtureCalls.Tool(era, "silent"), HouseEvents.None, stop.Token).AsTask();
        var call = fixture.Channel.CallTextAsync("slow", """{"ms":1500}""");
        await fixture.Channel.UntilCountsAsync("others=2;");
        var drain = fixture.Channel.DrainAsync(default);
        drain.IsCompleted.ShouldBeFalse();
        (await call).ShouldContain("done");
        await drain.WaitAsync(TimeSpan.FromSeconds(5));
        own.IsCompleted.ShouldBeFalse();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => own);
    }
}
