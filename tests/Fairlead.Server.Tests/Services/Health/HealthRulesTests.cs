using Fairlead.Server.Services;
using Fairlead.Server.Services.Health;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Health;

/// <summary>contracts.md §4.4–4.5, S-17, S-18: what outcomes make of a service.</summary>
public sealed class HealthRulesTests
{
    private readonly FakeTimeProvider time = new();
    private readonly HealthOptions options = new();

    [Theory]
    [InlineData(0, 0, 0, "Healthy")]
    [InlineData(20, 0, 100, "Healthy")]
    [InlineData(20, 1, 100, "Degraded")] // any error in the window
    [InlineData(20, 5, 100, "Degraded")]
    [InlineData(20, 6, 100, "CircuitOpen")] // 0.3
    [InlineData(4, 4, 100, "Degraded")] // fewer than 5 tell nothing more
    [InlineData(5, 2, 100, "CircuitOpen")]
    [InlineData(20, 0, 1999, "Healthy")]
    [InlineData(20, 0, 2000, "Degraded")] // p95 ≥ 2 s
    [InlineData(20, 0, 6000, "Degraded")] // slow calls alone never open it
    public void Judge_Calls_MoveThePhase(int count, int errors, int ms, string phase)
    {
        var window = new CallWindow(time);
        for (var i = 0; i < count; i++)
            Call(window, ms, good: i >= errors);
        HealthRules.Judge(window.Facts(options.Window), options).Phase.ShouldBe(Enum.Parse<ServicePhase>(phase));
    }

    [Fact]
    public void Judge_SlowProbes_OpenTheCircuit() // p99 ≥ 5 s
    {
        var window = new CallWindow(time);
        for (var i = 0; i < 3; i++)
            window.Probed(TimeSpan.FromMilliseconds(10), true);
        window.Probed(TimeSpan.FromSeconds(5), true);
        HealthRules.Judge(window.Facts(options.Window), options).Phase.ShouldNotBe(ServicePhase.CircuitOpen);
        window.Probed(TimeSpan.FromSeconds(5), true); // interpolated (C-38): one of a few is not yet the 99th of a hundred
        HealthRules.Judge(window.Facts(options.Window), options).Phase.ShouldBe(ServicePhase.CircuitOpen);
    }

    [Fact]
    public void Judge_SlowCalls_OpenTheCircuitWhereToldTo()
    {
        var window = new CallWindow(time);
        for (var i = 0; i < 5; i++)
            Call(window, 5000, good: true);
        HealthRules
            .Judge(window.Facts(options.Window), options with { SlowCallsOpenCircuit = true })
            .Phase.ShouldBe(ServicePhase.CircuitOpen);
    }

    [Fact]
    public void Facts_OutcomesTooOld_AreForgotten()
    {
        var window = new CallWindow(time);
        Call(window, 1, good: false);
        time.Advance(options.Window + TimeSpan.FromSeconds(2));
        window.Facts(options.Window).Count.ShouldBe(0);
    }

    [Fact]
    public void Facts_MoreThanTwenty_AreTheLastTwenty()
    {
        var window = new CallWindow(time);
        for (var i = 0; i < 20; i++)
            Call(window, 1, good: false);
        for (var i = 0; i < 20; i++)
            Call(window, 1, good: true);
        window.Facts(options.Window).ShouldSatisfyAllConditions(f => f.Count.ShouldBe(20), f => f.Errors.ShouldBe(0));
    }

    [Fact]
    public void Idle_WithACallInFlight_IsZero()
    {
        var window = new CallWindow(time);
        time.Advance(TimeSpan.FromMinutes(1));
        window.Idle.ShouldBe(TimeSpan.FromMinutes(1));
        var start = window.Begin();
        window.Idle.ShouldBe(TimeSpan.Zero);
        window.End(start, answered: null);
        time.Advance(TimeSpan.FromSeconds(5));
        window.Idle.ShouldBe(TimeSpan.FromSeconds(5));
        window.Facts(options.Window).Count.ShouldBe(0);
    }

    [Fact]
    public void CoolDown_OpeningsInARow_DoubleToAMinuteWithATenthOfJitter()
    {
        double[] expected = [1, 2, 4, 8, 16, 32, 60, 60];
        for (var i = 0; i < expected.Length; i++)
        {
            HealthRules.CoolDown(i + 1, options, 0).TotalSeconds.ShouldBe(expected[i] * 0.9, 0.001);
            HealthRules.CoolDown(i + 1, options, 1).TotalSeconds.ShouldBe(expected[i] * 1.1, 0.001);
        }
    }

    [Fact]
    public void Samples_HundredAndOne_KeepsTheLastHundred() // S-17
    {
        var history = new HealthHistory(options, time);
        for (var i = 0; i < 101; i++)
            history.Add(Sample(i, true));
        history.Samples.Count.ShouldBe(100);
        history.Samples[0].ResponseMs.ShouldBe(1);
    }

    [Fact]
    public void Metrics_OfTheWindow_AreTheMath() // S-18
    {
        var history = new HealthHistory(options, time);
        history.Add(Sample(1000, true));
        time.Advance(TimeSpan.FromSeconds(301));
        history.Add(Sample(10, true));
        history.Add(Sample(30, true));
        history.Add(Sample(null, false));
        history
            .Metrics(TimeSpan.FromSeconds(300))
            .ShouldBe(new HealthMetrics(3, 2, 100.0 * 2 / 3, AvgMs: 20, MaxMs: 30, MinMs: 10));
        time.Advance(TimeSpan.FromSeconds(301));
        history.Metrics(TimeSpan.FromSeconds(300)).ShouldBeNull();
    }

    private void Call(CallWindow window, int ms, bool good)
    {
        var start = window.Begin();
        time.Advance(TimeSpan.FromMilliseconds(ms));
        window.End(start, good);
    }

    private HealthSample Sample(double? ms, bool healthy) =>
        new(time.GetUtcNow(), ServiceStatus.Running, ms, healthy, null);
}
