using Fairlead.Server.Services;
using Fairlead.Server.Services.Supervision;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

public sealed class StartPacingTests
{
    private readonly FakeTimeProvider time = new();
    private readonly ServicesOptions options = new();

    [Fact]
    public void OnEnd_FailuresInARow_DoubleFromHalfASecondToAMinute()
    {
        var pacing = new StartPacing(options with { StartsPerMinute = 1000 }, time, new Random(1));
        double[] expected = [0.5, 1, 2, 4, 8, 16, 32, 60, 60];
        foreach (var seconds in expected)
            pacing.OnEnd(TimeSpan.Zero).TotalSeconds.ShouldBeInRange(seconds * 0.8, seconds);
    }

    [Fact]
    public void OnEnd_Jitter_Differs() =>
        Enumerable
            .Range(0, 20)
            .Select(seed => new StartPacing(options, time, new Random(seed)).OnEnd(TimeSpan.Zero))
            .Distinct()
            .Count()
            .ShouldBeGreaterThan(10);

    [Fact]
    public void OnEnd_AfterAGoodLife_IsAFirstFailure()
    {
        var pacing = new StartPacing(options, time, new Random(1));
        for (var i = 0; i < 5; i++)
            pacing.OnEnd(TimeSpan.Zero);
        pacing.OnEnd(options.GoodLife).ShouldBeLessThanOrEqualTo(options.FirstBackoff);
        pacing.Failures.ShouldBe(1);
    }

    [Fact]
    public void OnStart_TwelveWithinAMinute_NoRoomUntilTheOldestIsAMinuteAgo()
    {
        var pacing = new StartPacing(options, time, new Random(1));
        for (var i = 0; i < 12; i++)
        {
            pacing.UntilRoom().ShouldBe(TimeSpan.Zero);
            pacing.OnStart();
            time.Advance(TimeSpan.FromSeconds(1));
        }
        pacing.UntilRoom().ShouldBe(TimeSpan.FromSeconds(48));
        pacing.OnEnd(TimeSpan.Zero).ShouldBe(TimeSpan.FromSeconds(48));
        time.Advance(TimeSpan.FromSeconds(48));
        pacing.UntilRoom().ShouldBe(TimeSpan.Zero);
    }
}
