using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

public sealed class FakeTimeProviderTests
{
    private readonly FakeTimeProvider clock = new();

    [Fact]
    public void Advance_SeveralTimers_FireInDueOrderAtTheirDueTime()
    {
        var seen = new List<(string Name, TimeSpan At)>();
        using var late = Timer("late", 3, seen);
        using var soon = Timer("soon", 1, seen);
        using var never = Timer("never", 9, seen);

        clock.Advance(TimeSpan.FromSeconds(5));

        seen.ShouldBe([("soon", TimeSpan.FromSeconds(1)), ("late", TimeSpan.FromSeconds(3))]);
        clock.GetUtcNow().ShouldBe(FakeTimeProvider.DefaultStart + TimeSpan.FromSeconds(5));
        clock.ArmedTimers.ShouldBe(1);
    }

    [Fact]
    public void Advance_PeriodicTimer_FiresOncePerPeriod()
    {
        var ticks = 0;
        using var timer = clock.CreateTimer(_ => ticks++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));

        clock.Advance(TimeSpan.FromSeconds(6));

        ticks.ShouldBe(3); // 1, 3, 5
    }

    [Fact]
    public async Task Delay_OnTheFakeClock_EndsOnlyWhenAdvanced()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(1), clock, TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromSeconds(59));
        delay.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(1));
        await delay;
    }

    [Fact]
    public void JumpWallClock_Back_LeavesTimersAlone()
    {
        var fired = false;
        using var timer = clock.CreateTimer(_ => fired = true, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        var before = clock.GetTimestamp();

        clock.JumpWallClock(TimeSpan.FromHours(-1));
        clock.GetElapsedTime(before).ShouldBe(TimeSpan.Zero);
        clock.Advance(TimeSpan.FromSeconds(1));

        fired.ShouldBeTrue();
    }

    [Fact]
    public async Task Eventually_NeverTrue_FailsWithTheCondition()
    {
        var error = await Should.ThrowAsync<TimeoutException>(() =>
            Eventually.UntilAsync(() => clock.ArmedTimers == 7, TimeSpan.FromMilliseconds(20))
        );
        error.Message.ShouldContain("ArmedTimers == 7");
    }

    private ITimer Timer(string name, int seconds, List<(string, TimeSpan)> seen) =>
        clock.CreateTimer(
            _ => seen.Add((name, clock.GetUtcNow() - FakeTimeProvider.DefaultStart)),
            null,
            TimeSpan.FromSeconds(seconds),
            Timeout.InfiniteTimeSpan
        );
}
