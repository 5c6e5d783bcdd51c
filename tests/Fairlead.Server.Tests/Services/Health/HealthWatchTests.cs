using System.Collections.Concurrent;
using Fairlead.Protocol;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Health;

/// <summary>S-14, S-20 and contracts.md §4.4: what watching does to a running service, under a clock that we move.</summary>
public sealed class HealthWatchTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new();
    private readonly HealthOptions options = new();
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<string> failures = [];
    private readonly ServiceSlot slot;
    private readonly HealthHistory history;
    private readonly HealthWatch watch;
    private readonly ScriptedChannel channel;
    private volatile Func<CancellationToken, Task<ChannelReply>> answer = AnswersAsync;
    private Task running = Task.CompletedTask;

    public HealthWatchTests()
    {
        slot = new ServiceSlot(new ServiceId("s"), State(ServicePhase.Startup), time);
        history = new HealthHistory(options, time);
        channel = new ScriptedChannel(Revision.V20251125, call => answer(call.Token));
        var config = new ServiceConfig
        {
            Id = slot.Id,
            Name = "s",
            Enabled = true,
            Position = 0,
            Definition = new ServiceDefinition { Transport = ServiceTransport.Stdio },
        };
        watch = new HealthWatch(config, slot, history, options, time, failures.Enqueue);
    }

    public async ValueTask InitializeAsync()
    {
        running = watch.RunAsync(stop.Token);
        slot.Set(State(ServicePhase.Ready) with { Channel = channel });
        watch.Begin(channel);
        await PhaseAsync(ServicePhase.Healthy);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    [Fact]
    public async Task Running_EveryInterval_IsProbedAndSampled() // S-17
    {
        await ForwardAsync(TimeSpan.FromSeconds(30), () => history.Samples.Count >= 3);
        history.Samples.ShouldAllBe(s => s.Healthy && s.Status == ServiceStatus.Running && s.Error == null);
        channel.Received.Count.ShouldBe(history.Samples.Count);
    }

    [Fact]
    public async Task Fault_NoAnswerAnyMore_IsNotedWithinTwoIntervals() // S-14
    {
        answer = NeverAsync;
        await ForwardAsync(options.Interval * 2, () => slot.State.Phase == ServicePhase.Degraded);
        slot.State.Reason.ShouldContain("no answer");
        slot.Channel.ShouldBe(channel);
    }

    [Fact]
    public async Task Fault_TwoProbesUnanswered_EndTheLife() // S-14, S-20
    {
        answer = NeverAsync;
        await ForwardAsync((options.Interval + options.StdioPingTimeout) * 2.5, () => !failures.IsEmpty);
        failures.First().ShouldContain("2 probes in a row");
        history.Samples.Count(s => !s.Healthy).ShouldBe(2);
    }

    [Fact]
    public async Task Fault_ProbeThatThrows_CountsAsUnanswered() // S-20
    {
        answer = _ => throw new InvalidOperationException("cannot even ask");
        await ForwardAsync(options.Interval * 3, () => !failures.IsEmpty);
        failures.First().ShouldContain("cannot even ask");
    }

    [Fact]
    public async Task Probe_AnsweredAfterAFailedOne_MakesItHealthyOnceTheWindowIsClean()
    {
        answer = _ => Task.FromResult(ChannelReply.Fail(ChannelFailure.Protocol, true, "odd"));
        await ForwardAsync(options.Interval * 1.5, () => slot.State.Phase == ServicePhase.Degraded);
        answer = AnswersAsync;
        await ForwardAsync(options.Window + options.Interval * 3, () => slot.State.Phase == ServicePhase.Healthy);
        failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task Calls_ThatFail_OpenTheCircuitAtOnceAndProbesCloseIt() // healthy → circuit_open → half_open → healthy
    {
        FailCalls(5);
        await PhaseAsync(ServicePhase.CircuitOpen);
        slot.Channel.ShouldBeNull();
        slot.State.NextTry.ShouldNotBeNull();
        var phases = new List<ServicePhase>();
        slot.Changed += s => phases.Add(s.State.Phase);
        var before = channel.Received.Count;
        await ForwardAsync(TimeSpan.FromSeconds(2), () => slot.State.Phase == ServicePhase.Healthy);
        phases.ShouldBe([ServicePhase.HalfOpen, ServicePhase.Healthy]);
        (channel.Received.Count - before).ShouldBe(3);
        slot.Channel.ShouldBe(channel);
    }

    [Fact]
    public async Task Circuit_WithLessThanAMillisecondLeft_WaitsForIt()
    {
        FailCalls(5);
        await PhaseAsync(ServicePhase.CircuitOpen);
        await Eventually.UntilAsync(() => time.ArmedTimers > 0);
        var left = slot.State.NextTry!.Value - time.GetUtcNow();
        time.Advance(TimeSpan.FromMilliseconds(Math.Floor(left.TotalMilliseconds)));
        await Eventually.UntilAsync(() => time.ArmedTimers > 0 || slot.State.Phase == ServicePhase.Healthy);
    }

    [Fact]
    public async Task Circuit_ProbesFailToo_OpensForLongerEachTime() // half_open → circuit_open with a longer wait
    {
        answer = _ => Task.FromResult(ChannelReply.Fail(ChannelFailure.Protocol, true, "odd"));
        FailCalls(5);
        await PhaseAsync(ServicePhase.CircuitOpen);
        var first = slot.State.NextTry!.Value - slot.State.Since;
        var opened = slot.State.Since;
        await ForwardAsync(
            TimeSpan.FromSeconds(2),
            () => slot.State is { Phase: ServicePhase.CircuitOpen } s && s.Since > opened
        );
        (slot.State.NextTry!.Value - slot.State.Since).ShouldBeGreaterThan(first * 1.5);
    }

    [Fact]
    public async Task HalfOpen_TwoOfThree_AreEnough() // 60 %
    {
        FailCalls(5);
        await PhaseAsync(ServicePhase.CircuitOpen);
        var count = 0;
        answer = _ =>
            Task.FromResult(
                Interlocked.Increment(ref count) == 1
                    ? ChannelReply.Fail(ChannelFailure.Protocol, true, "odd")
                    : ScriptedChannel.Result("{}")
            );
        await ForwardAsync(TimeSpan.FromSeconds(2), () => slot.State.Phase == ServicePhase.Healthy);
        count.ShouldBe(3);
    }

    [Fact]
    public async Task Ended_Life_IsSampledAsDown() // S-18: the time without a process counts against availability
    {
        watch.End();
        slot.Set(State(ServicePhase.Failed));
        await ForwardAsync(options.Interval * 2.5, () => history.Samples.Any(s => s.Status == ServiceStatus.Error));
        history.Samples[^1].Healthy.ShouldBeFalse();
    }

    private void FailCalls(int count)
    {
        for (var i = 0; i < count; i++)
            slot.Calls.End(slot.Calls.Begin(), answered: false);
    }

    private Task PhaseAsync(ServicePhase phase) => Eventually.UntilAsync(() => slot.State.Phase == phase);

    /// <summary>Moves the clock second by second, waiting each time until the watch waits again, at most that far.</summary>
    private async Task ForwardAsync(TimeSpan most, Func<bool> until)
    {
        var end = time.GetUtcNow() + most;
        while (!until())
        {
            time.GetUtcNow().ShouldBeLessThan(end, $"still {slot.State.Phase}: {slot.State.Reason}");
            await Eventually.UntilAsync(() => time.ArmedTimers > 0);
            var (fired, rounds) = (time.Fired, watch.Rounds);
            time.Advance(TimeSpan.FromMilliseconds(500));
            // The clock stands until the watch has done what it was woken for.
            if (time.Fired > fired)
                await Eventually.UntilAsync(() => watch.Rounds > rounds || until());
        }
    }

    private static Task<ChannelReply> AnswersAsync(CancellationToken token) =>
        Task.FromResult(ScriptedChannel.Result("{}"));

    private static async Task<ChannelReply> NeverAsync(CancellationToken token)
    {
        return await new TaskCompletionSource<ChannelReply>().Task.WaitAsync(token);
    }

    private static ServiceState State(ServicePhase phase) => new(phase, "", FakeTimeProvider.DefaultStart);
}
