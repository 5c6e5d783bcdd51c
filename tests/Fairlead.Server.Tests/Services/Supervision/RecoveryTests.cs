using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

/// <summary>S-20, S-10, C-08: what comes after an unintended end.</summary>
public sealed class RecoveryTests
{
    private static readonly ServiceDefinition Stdio = new() { Transport = ServiceTransport.Stdio };
    private static readonly ServiceDefinition Http = new() { Transport = ServiceTransport.StreamableHttp };
    private readonly FakeTimeProvider time = new();
    private readonly RecoveryOptions options = new();

    [Fact]
    public void OnEnd_ThreeRestartsAfterFiveSeconds_ThenGivenUpLoudly() // S-20
    {
        var recovery = New(Stdio);
        for (var i = 0; i < 3; i++)
            recovery.OnEnd(TimeSpan.Zero).ShouldBe(new RecoveryStep(TimeSpan.FromSeconds(5), IsLoud: false));
        recovery.OnEnd(TimeSpan.Zero).ShouldBe(new RecoveryStep(null, IsLoud: true));
    }

    [Fact]
    public void OnEnd_AfterASuccess_CountsAnew() // S-20
    {
        var recovery = New(Stdio);
        for (var i = 0; i < 3; i++)
            recovery.OnEnd(TimeSpan.Zero);
        recovery.OnEnd(options.GoodLife).Pause.ShouldBe(TimeSpan.FromSeconds(5));
        recovery.Failures.ShouldBe(1);
    }

    [Fact]
    public void OnEnd_AfterSomebodyWantedIt_CountsAnew()
    {
        var recovery = New(Stdio);
        for (var i = 0; i < 4; i++)
            recovery.OnEnd(TimeSpan.Zero);
        recovery.Reset();
        recovery.OnEnd(TimeSpan.Zero).Pause.ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void OnEnd_WithoutAnEndOfAttempts_DoublesFromTheFourthToAMinute()
    {
        var recovery = New(Stdio with { MaxRestarts = 0 }, options with { StartsPerMinute = 1000 });
        double[] expected = [5, 5, 5, 10, 20, 40, 60, 60];
        foreach (var seconds in expected)
            recovery.OnEnd(TimeSpan.Zero).Pause!.Value.TotalSeconds.ShouldBeInRange(seconds * 0.9, seconds * 1.1);
    }

    [Fact]
    public void OnEnd_PolicyOfTheService_Wins()
    {
        var recovery = New(Stdio with { MaxRestarts = 1, RestartDelaySeconds = 0.5 });
        recovery.OnEnd(TimeSpan.Zero).Pause.ShouldBe(TimeSpan.FromSeconds(0.5));
        recovery.OnEnd(TimeSpan.Zero).Pause.ShouldBeNull();
        New(Stdio with { RestartOnError = false }).OnEnd(TimeSpan.Zero).Pause.ShouldBeNull();
    }

    [Fact]
    public void OnEnd_ServiceElsewhere_DoublesFromASecondAndIsNeverGivenUp() // contracts.md §4.5
    {
        var recovery = New(Http, options with { StartsPerMinute = 1000 });
        double[] expected = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60];
        foreach (var seconds in expected)
        {
            var step = recovery.OnEnd(TimeSpan.Zero);
            step.Pause!.Value.TotalSeconds.ShouldBeInRange(seconds * 0.9, seconds * 1.1);
            step.IsLoud.ShouldBeFalse();
        }
        var rare = recovery.OnEnd(TimeSpan.Zero);
        rare.Pause!.Value.TotalSeconds.ShouldBeInRange(540, 660);
        rare.IsLoud.ShouldBeTrue();
        recovery.OnEnd(TimeSpan.Zero).IsLoud.ShouldBeFalse();
    }

    [Fact]
    public void OnEnd_Jitter_Differs() =>
        Enumerable
            .Range(0, 20)
            .Select(seed => new Recovery(() => Http, options, time, new Random(seed)).OnEnd(TimeSpan.Zero))
            .Distinct()
            .Count()
            .ShouldBeGreaterThan(10);

    [Fact]
    public void OnStart_TwelveWithinAMinute_NoRoomUntilTheOldestIsAMinuteAgo() // a crash loop costs at most 12 starts a minute
    {
        var recovery = New(Stdio with { MaxRestarts = 0, RestartDelaySeconds = 0.01 });
        for (var i = 0; i < 12; i++)
        {
            recovery.UntilRoom().ShouldBe(TimeSpan.Zero);
            recovery.OnStart();
            time.Advance(TimeSpan.FromSeconds(1));
        }
        recovery.UntilRoom().ShouldBe(TimeSpan.FromSeconds(48));
        recovery.OnEnd(TimeSpan.Zero).Pause.ShouldBe(TimeSpan.FromSeconds(48));
        time.Advance(TimeSpan.FromSeconds(48));
        recovery.UntilRoom().ShouldBe(TimeSpan.Zero);
    }

    private Recovery New(ServiceDefinition definition, RecoveryOptions? with = null) =>
        new(() => definition, with ?? options, time, new Random(1));
}
