using Fairlead.Server.Services;
using Fairlead.Server.Tests.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

/// <summary>Services that start with the first call and end when nobody uses them.</summary>
public sealed class LazyTests
{
    private static readonly ServicesOptions Quick = ServicesRig.Quick with
    {
        IdleTime = TimeSpan.FromMilliseconds(300),
    };

    [Fact]
    public async Task Lazy_Unused_EndsAndKeepsItsLists()
    {
        await using var rig = await ServicesRig.StartAsync(Quick);
        var id = await rig.AddAsync("lazy", d => d with { Lazy = true });
        await AsleepAsync(rig, id);
        rig.State(id).Status.ShouldBe(ServiceStatus.Stopped);
        rig.State(id).Reason.ShouldContain("next call");
        rig.Tools(id).ShouldContain("echo");
    }

    [Fact]
    public async Task Lazy_CalledByManyAtOnce_StartsOnceAndAnswersAll() // single flight
    {
        await using var rig = await ServicesRig.StartAsync(Quick);
        var id = await rig.AddAsync("lazy", d => d with { Lazy = true, IdleSeconds = 1 });
        await AsleepAsync(rig, id);
        var starts = 0;
        rig.Slots.Changed += slot => starts += slot.State.Phase == ServicePhase.Ready ? 1 : 0;
        var slot = rig.Slots.Get(id);
        var channels = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(_ => slot.ReadyAsync(TimeSpan.FromSeconds(20), TimeProvider.System, default).AsTask())
        );
        channels.ShouldAllBe(c => c != null && c == channels[0]);
        (await channels[0]!.CallTextAsync("echo")).ShouldStartWith("Result:");
        starts.ShouldBe(1);
        await AsleepAsync(rig, id);
    }

    [Fact]
    public async Task Lazy_CallInFlight_IsNotEndedUnderIt()
    {
        await using var rig = await ServicesRig.StartAsync(Quick);
        var id = await rig.AddAsync("lazy", d => d with { Lazy = true });
        await AsleepAsync(rig, id);
        var slot = rig.Slots.Get(id);
        var channel = await slot.ReadyAsync(TimeSpan.FromSeconds(20), TimeProvider.System, default);
        var start = slot.Calls.Begin();
        (await channel!.CallTextAsync("slow", """{"ms":900}""")).ShouldContain("done");
        slot.Calls.End(start, true);
        await AsleepAsync(rig, id);
    }

    [Fact]
    public async Task Lazy_StoppedByAnOperator_IsNotWokenByCalls() // C-34
    {
        await using var rig = await ServicesRig.StartAsync(Quick);
        var id = await rig.AddAsync("lazy", d => d with { Lazy = true });
        await AsleepAsync(rig, id);
        await rig.Store.Services.SetEnabledAsync(id, false, default);
        await Eventually.UntilAsync(() => rig.State(id) is { IsAsleep: false, Status: ServiceStatus.Stopped });
        // At once, not when its patience is over: on this clock that never is.
        var call = rig.Slots.Get(id).ReadyAsync(TimeSpan.FromSeconds(20), new FakeTimeProvider(), default);
        call.IsCompleted.ShouldBeTrue();
        (await call).ShouldBeNull();
    }

    private static Task AsleepAsync(ServicesRig rig, Fairlead.Server.Storage.ServiceId id) =>
        Eventually.UntilAsync(
            () => rig.State(id) is { IsAsleep: true, Phase: ServicePhase.Stopped },
            TimeSpan.FromSeconds(20)
        );
}
