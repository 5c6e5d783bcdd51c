using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Bench.Tests;

// P-97
public sealed class LoadTestTests
{
    private readonly FakeTimeProvider time = new();
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Options_Defaults_AreTheDocumented()
    {
        var options = new LoadOptions();
        options.Users.ShouldBe(10);
        options.Duration.ShouldBe(TimeSpan.FromSeconds(60));
        options.Pause.ShouldBe(TimeSpan.FromSeconds(0.1));
    }

    [Fact]
    public async Task Run_WaveAfterWave_PausesBetweenThemAndEndsInTime()
    {
        var calls = 0;
        var run = LoadTest.RunAsync(
            "instant",
            _ =>
            {
                Interlocked.Increment(ref calls);
                return ValueTask.CompletedTask;
            },
            new() { Users = 3, Duration = TimeSpan.FromSeconds(1) },
            time: time,
            cancellationToken: Token
        );
        for (var wave = 1; wave <= 10; wave++)
        {
            await Eventually.UntilAsync(() => time.ArmedTimers == 1);
            calls.ShouldBe(3 * wave);
            time.Advance(TimeSpan.FromSeconds(0.1));
        }
        var result = await run;
        result.Waves.ShouldBe(10);
        result.Total.ShouldBe(30);
        result.SuccessPercent.ShouldBe(100);
    }

    [Fact]
    public async Task Run_WhatFails_IsCountedInPercent()
    {
        var call = 0;
        var result = await LoadTest.RunAsync(
            "one of four fails",
            _ =>
            {
                time.Advance(TimeSpan.FromMilliseconds(10));
                return Interlocked.Increment(ref call) % 4 == 0
                    ? ValueTask.FromException(new InvalidOperationException("the fourth"))
                    : ValueTask.CompletedTask;
            },
            new()
            {
                Users = 4,
                Duration = TimeSpan.FromMilliseconds(1),
                Pause = TimeSpan.Zero,
            },
            time: time,
            cancellationToken: Token
        );
        (result.Total, result.Succeeded, result.Failed).ShouldBe((4, 3, 1));
        (result.SuccessPercent, result.FailurePercent).ShouldBe((75, 25));
        result.FirstFailure.ShouldBe("the fourth");
        result.Times.ShouldNotBeNull();
    }

    [Fact]
    public async Task Run_ThatIsCancelled_GivesWhatItHas()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var result = await LoadTest.RunAsync(
            "cancelled",
            _ => ValueTask.CompletedTask,
            new() { Users = 2 },
            new OnReport(_ => cancel.Cancel()),
            time,
            cancel.Token
        );
        (result.Waves, result.Total).ShouldBe((1, 2));
    }

    [Theory]
    [InlineData(0, 1, 0, "Users")]
    [InlineData(1, 0, 0, "Duration")]
    [InlineData(1, 1, -1, "Pause")]
    public async Task Run_WithAnOptionTooSmall_NamesIt(int users, int seconds, int pause, string name)
    {
        var options = new LoadOptions
        {
            Users = users,
            Duration = TimeSpan.FromSeconds(seconds),
            Pause = TimeSpan.FromSeconds(pause),
        };
        var refused = await Should.ThrowAsync<ArgumentOutOfRangeException>(() =>
            LoadTest.RunAsync("x", _ => ValueTask.CompletedTask, options, cancellationToken: Token)
        );
        refused.ParamName.ShouldBe(name);
    }

    private sealed class OnReport(Action<int> action) : IProgress<int>
    {
        public void Report(int value) => action(value);
    }
}
