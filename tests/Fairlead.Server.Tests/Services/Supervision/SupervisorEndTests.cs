using System.Diagnostics;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

/// <summary>How one life of a service gives way to the next, or to none.</summary>
public sealed class SupervisorEndTests
{
    private static readonly ServicesOptions Quick = ServicesRig.Quick;

    [Fact]
    public async Task Start_UrlOfAnotherSchemeOnceExpanded_SaysSoAndRunsWithAGoodOne() // S-02, S-10
    {
        const string variable = "FAIRLEAD_TEST_URL_1";
        Environment.SetEnvironmentVariable(variable, "localhost:9000/mcp");
        await using var process = await FixtureProcess.StartHttpAsync();
        await using var rig = await ServicesRig.StartAsync();
        var id = await AddAsync(rig, "${" + variable + "}");
        await rig.UntilAsync(id, ServiceStatus.Error);
        rig.State(id).Reason.ShouldContain("http://");
        var definition = rig.Store.Now.Services.Single().Definition with { Url = process.Address.ToString() };
        await rig.Store.Services.UpdateAsync(id, definition, CancellationToken.None);
        await rig.UntilAsync(id, ServiceStatus.Running);
    }

    [Fact]
    public async Task End_ByItself_IsRecoveredAndAfterAnOperatorsStopIsNot() // S-21, C-34
    {
        await using var rig = await ServicesRig.StartAsync();
        var starts = 0;
        rig.Slots.Changed += slot =>
            Interlocked.Add(ref starts, slot.State is { Phase: ServicePhase.Startup, Why: "connecting" } ? 1 : 0);
        // It ends without an error, but nobody asked it to.
        var id = await rig.AddAsync("done", d => d with { Command = "true" });
        await Eventually.UntilAsync(() => Volatile.Read(ref starts) >= 3);
        rig.State(id).Attempts.ShouldBeGreaterThan(1);
        await rig.Store.Services.SetEnabledAsync(id, false, CancellationToken.None);
        await rig.UntilAsync(id, ServiceStatus.Stopped);
        var before = Volatile.Read(ref starts);
        // Another service in the meantime: had the first one been recovered, it would have been by now.
        var other = await rig.AddAsync("other");
        await rig.UntilAsync(other, ServiceStatus.Running);
        Volatile.Read(ref starts).ShouldBe(before + 1);
        rig.State(id).Status.ShouldBe(ServiceStatus.Stopped);
    }

    [Fact]
    public async Task Stop_DuringThePauseAfterAnInternalError_LetsTheNextLifeBegin()
    {
        await using var rig = await ServicesRig.StartAsync(
            Quick with
            {
                Recovery = new RecoveryOptions { Delay = TimeSpan.FromMinutes(1) },
            }
        );
        var broken = true;
        rig.Slots.Changed += slot =>
        {
            if (Volatile.Read(ref broken) && slot.State.Status == ServiceStatus.Starting)
                throw new InvalidOperationException("a planted fault");
        };
        var id = await rig.AddAsync("fixture");
        await Eventually.UntilAsync(() => rig.State(id) is { Status: ServiceStatus.Error, NextTry: not null });
        rig.State(id).Reason.ShouldContain("a planted fault");
        Volatile.Write(ref broken, false);
        await rig.Store.Services.SetEnabledAsync(id, false, CancellationToken.None);
        await rig.UntilAsync(id, ServiceStatus.Stopped);
        await rig.Store.Services.SetEnabledAsync(id, true, CancellationToken.None);
        await rig.UntilAsync(id, ServiceStatus.Running);
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("modern")]
    public async Task Stop_HttpServiceWithACallInFlight_LetsItEnd(string era) // S-09
    {
        await using var process = await FixtureProcess.StartHttpAsync("--era", era);
        await using var rig = await ServicesRig.StartAsync(Quick);
        var id = await AddAsync(rig, process.Address.ToString());
        await rig.UntilAsync(id, ServiceStatus.Running);
        var channel = rig.Slots.Get(id).Channel!;
        var call = channel.CallTextAsync("slow", """{"ms":1500}""");
        await channel.UntilCountsAsync("others=1;");
        await rig.Store.Services.SetEnabledAsync(id, false, CancellationToken.None);
        (await call).ShouldContain("done");
        await rig.UntilAsync(id, ServiceStatus.Stopped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stop_HttpServiceWithACallThatTakesTooLong_CutsIt(bool kill) // S-09
    {
        await using var process = await FixtureProcess.StartHttpAsync("--era", "legacy");
        await using var rig = await ServicesRig.StartAsync(
            Quick with
            {
                StopTime = kill ? TimeSpan.FromMinutes(5) : TimeSpan.FromMilliseconds(300),
            }
        );
        var id = await AddAsync(rig, process.Address.ToString());
        await rig.UntilAsync(id, ServiceStatus.Running);
        var channel = rig.Slots.Get(id).Channel!;
        var call = channel.CallTextAsync("silent");
        await channel.UntilCountsAsync("others=1;");
        var watch = Stopwatch.StartNew();
        await rig.Store.Services.SetEnabledAsync(id, false, CancellationToken.None);
        await rig.UntilAsync(id, ServiceStatus.Stopping);
        if (kill)
            await rig.Loop.KillAsync(id);
        (await call).ShouldStartWith("Failed:");
        await rig.UntilAsync(id, ServiceStatus.Stopped);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Lists_OfMoreBytesThanTheLimit_AreCutAndTheStateSaysSo()
    {
        await using var rig = await ServicesRig.StartAsync(Quick with { MostListBytes = 4000 });
        var id = await rig.AddAsync("fixture", "--tools", "100", "--page", "9");
        await rig.UntilAsync(id, ServiceStatus.Running);
        rig.Tools(id).Count.ShouldBeInRange(10, 60);
        rig.State(id).Reason.ShouldStartWith("running; its lists have more than 4000 bytes");
        rig.Store.Now.Catalogue.Sum(i => i.Definition.Length).ShouldBeLessThanOrEqualTo(4000);
    }

    private static async Task<ServiceId> AddAsync(ServicesRig rig, string url)
    {
        var added = await rig.Store.Services.AddAsync(
            new ServiceDraft("web", new ServiceDefinition { Transport = ServiceTransport.StreamableHttp, Url = url }),
            CancellationToken.None
        );
        return added.Require().Id;
    }
}
