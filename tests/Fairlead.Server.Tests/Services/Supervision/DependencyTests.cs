using Fairlead.Server.Services;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Services.Supervision;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

/// <summary>S-15, S-16, S-20 on real processes: who starts after whom, who is skipped, and when it is given up.</summary>
public sealed class DependencyTests
{
    [Fact]
    public async Task Start_RegisteredInReverse_ComesUpInTopologicalOrder() // S-15
    {
        await using var rig = await ServicesRig.StartAsync(ServicesRig.Quick);
        var order = new List<string>();
        rig.Journal.Added += e =>
        {
            lock (order)
            {
                if (e.To == ServicePhase.Ready)
                    order.Add(e.Name);
            }
        };
        var web = await rig.AddAsync("web", d => d with { DependsOn = ["api"] });
        await rig.AddAsync("api", d => d with { DependsOn = ["database", "auth"] });
        await rig.AddAsync("auth", d => d with { DependsOn = ["database"] });
        rig.State(web).Status.ShouldBe(ServiceStatus.NotStarted);
        await rig.AddAsync("database");
        await rig.UntilAsync(web, ServiceStatus.Running);
        order.ShouldBe(["database", "auth", "api", "web"]);
    }

    [Fact]
    public async Task Start_DependencyFails_IsSkippedAndSaysSoUntilItIsThere() // S-16
    {
        await using var rig = await ServicesRig.StartAsync(ServicesRig.Quick);
        var api = await rig.AddAsync("api", d => d with { DependsOn = ["database"] });
        var database = await rig.AddAsync("database", d => d with { Command = "no-such-command-anywhere" });
        await Eventually.UntilAsync(() =>
            rig.State(api).Reason.Contains("database", StringComparison.Ordinal)
            && rig.State(api).Reason.Contains("has failed", StringComparison.Ordinal)
        );
        rig.State(api).Status.ShouldBe(ServiceStatus.NotStarted);
        var good = rig.Store.Now.Services.Single(s => s.Id == api).Definition with { DependsOn = [] };
        await rig.Store.Services.UpdateAsync(database, good, default);
        await rig.UntilAsync(api, ServiceStatus.Running);
    }

    [Fact]
    public async Task Start_DependencyStopped_SaysThatItIsStopped() // S-16
    {
        await using var rig = await ServicesRig.StartAsync(ServicesRig.Quick);
        var database = await rig.AddAsync("database");
        await rig.Store.Services.SetEnabledAsync(database, false, default);
        var api = await rig.AddAsync("api", d => d with { DependsOn = ["database"] });
        await Eventually.UntilAsync(() => rig.State(api).Reason.Contains("is stopped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fail_MoreThanItsRestarts_IsGivenUpLoudlyAndStartedByAnOperator() // S-20
    {
        var options = ServicesRig.Quick with { Recovery = ServicesRig.Quick.Recovery with { MaxAttempts = 3 } };
        await using var rig = await ServicesRig.StartAsync(options);
        var id = await rig.AddAsync("broken", d => d with { Command = "no-such-command-anywhere" });
        await Eventually.UntilAsync(() =>
            rig.State(id) is { Status: ServiceStatus.Error, NextTry: null, Attempts: 4 } s
            && s.Reason.Contains("given up after 3 restarts", StringComparison.Ordinal)
        );
        rig.Journal.Of(id).ShouldContain(e => e.Level == EventLevel.Alert && e.Why.Contains("given up"));
        rig.Loop.Find(id)!.Restart();
        await Eventually.UntilAsync(() => rig.State(id).Attempts is >= 1 and < 4);
    }

    [Fact]
    public async Task Restart_AskedForAgainAndAgain_KeepsTheLimitOfStartsAMinute() // S-20, docs/adr/0009
    {
        var options = ServicesRig.Quick with { Recovery = ServicesRig.Quick.Recovery with { StartsPerMinute = 2 } };
        await using var rig = await ServicesRig.StartAsync(options);
        var seen = new List<ServicePhase>();
        rig.Slots.Changed += slot =>
        {
            lock (seen)
                seen.Add(slot.State.Phase);
        };
        int Count(Func<ServicePhase, bool> of)
        {
            lock (seen)
                return seen.Count(of);
        }
        var id = await rig.AddAsync("broken", d => d with { Command = "no-such-command-anywhere" });
        await Eventually.UntilAsync(() => rig.State(id).Attempts == 2 && Count(p => p == ServicePhase.Failed) >= 4);
        for (var i = 0; i < 3; i++)
        {
            var before = Count(_ => true);
            rig.Loop.Find(id)!.Restart();
            await Eventually.UntilAsync(() => Count(_ => true) > before);
        }
        Count(p => p == ServicePhase.Startup).ShouldBe(2);
    }

    [Fact]
    public async Task Shutdown_DependencyRegisteredLater_StopsTheDependantFirst() // S-13, S-15
    {
        var rig = await ServicesRig.StartAsync();
        var api = await rig.AddAsync("api", d => d with { DependsOn = ["database"] });
        var database = await rig.AddAsync("database");
        await rig.UntilAsync(api, ServiceStatus.Running);
        var order = new List<Fairlead.Server.Storage.ServiceId>();
        rig.Slots.Changed += slot =>
        {
            lock (order)
            {
                if (slot.State.Status == ServiceStatus.Stopping)
                    order.Add(slot.Id);
            }
        };
        await rig.DisposeAsync();
        order.Distinct().ShouldBe([api, database]);
    }

    [Fact]
    public async Task Fail_ServiceNotToBeRestarted_StaysDown() // S-20: policy per service
    {
        await using var rig = await ServicesRig.StartAsync(ServicesRig.Quick);
        var id = await rig.AddAsync(
            "broken",
            d => d with { Command = "no-such-command-anywhere", RestartOnError = false }
        );
        await Eventually.UntilAsync(() => rig.State(id).Reason.Contains("not restarted", StringComparison.Ordinal));
        rig.State(id).Attempts.ShouldBe(1);
    }
}
