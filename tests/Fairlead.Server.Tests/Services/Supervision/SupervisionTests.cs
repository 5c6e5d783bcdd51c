using System.Diagnostics;
using Fairlead.Protocol;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Services.Channels;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Supervision;

public sealed class SupervisionTests
{
    [Theory]
    [InlineData("legacy", "2025-11-25")]
    [InlineData("modern", "2026-07-28")]
    public async Task Add_Enabled_RunsWithItsListsSavedAndItsEraRemembered(string era, string revision) // S-01, S-04
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture", "--era", era, "--tools", "30", "--page", "7");
        await rig.UntilAsync(id, ServiceStatus.Running);
        rig.Tools(id).ShouldContain("echo");
        rig.Tools(id).ShouldContain("tool_29");
        rig.Store.Now.Catalogue.Select(i => i.Kind).Distinct().Count().ShouldBe(4);
        rig.Store.Now.Services.Single().KnownRevision.ShouldBe(revision);
        (await rig.Slots.Get(id).Channel!.CallTextAsync("echo", """{"text":"hi"}""")).ShouldContain("hi");
    }

    [Fact]
    public async Task Slot_WhileRunning_HasAChannelOnlyWithCatalogueInPlace()
    {
        await using var rig = await ServicesRig.StartAsync();
        var early = new List<string>();
        rig.Slots.Changed += slot =>
        {
            if (slot.Channel is not null && rig.Tools(slot.Id).Count == 0)
                early.Add("running without its lists");
        };
        var id = await rig.AddAsync("fixture");
        await rig.UntilAsync(id, ServiceStatus.Running);
        early.ShouldBeEmpty();
    }

    [Fact]
    public async Task Kill_Running_ComesBackAsANewProcess() // S-10
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture");
        await rig.UntilAsync(id, ServiceStatus.Running);
        var channel = rig.Slots.Get(id).Channel!;
        await KillAsync(channel);
        await Eventually.UntilAsync(() => rig.Slots.Get(id).Channel is { } next && next != channel);
        (await rig.Slots.Get(id).Channel!.CallTextAsync("echo")).ShouldStartWith("Result:");
    }

    [Fact]
    public async Task Start_CommandMissing_SaysSoWithAttemptsAndNextTry()
    {
        await using var rig = await ServicesRig.StartAsync();
        var added = await rig.Store.Services.AddAsync(
            new ServiceDraft(
                "broken",
                new ServiceDefinition { Transport = ServiceTransport.Stdio, Command = "no-such-command-anywhere" }
            ),
            CancellationToken.None
        );
        var id = added.Require().Id;
        await Eventually.UntilAsync(() => rig.State(id) is { Status: ServiceStatus.Error, Attempts: >= 3 });
        var state = rig.State(id);
        state.Reason.ShouldContain("no-such-command-anywhere");
        state.NextTry.ShouldNotBeNull();
        state.Channel.ShouldBeNull();
    }

    [Fact]
    public async Task Start_VariableNotSet_NamesItAndStartsNothing()
    {
        await using var rig = await ServicesRig.StartAsync();
        var added = await rig.Store.Services.AddAsync(
            new ServiceDraft(
                "unset",
                new ServiceDefinition
                {
                    Transport = ServiceTransport.Stdio,
                    Command = "cat",
                    Args = ["${FAIRLEAD_TEST_UNSET_1}"],
                }
            ),
            CancellationToken.None
        );
        var id = added.Require().Id;
        await rig.UntilAsync(id, ServiceStatus.Error);
        rig.State(id).Reason.ShouldContain("FAIRLEAD_TEST_UNSET_1");
    }

    [Fact]
    public async Task Start_DiesOfTheEraProbe_IsStartedWithoutIt()
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture", "--on-discover", "exit");
        await rig.UntilAsync(id, ServiceStatus.Running);
        rig.Slots.Get(id).Channel!.Hello.Era.ShouldBe(Era.Legacy);
    }

    [Fact]
    public async Task Start_SlowAndDeadOnes_DoNotDelayTheOthers()
    {
        await using var rig = await ServicesRig.StartAsync();
        for (var i = 0; i < 6; i++)
            await rig.AddAsync($"slow{i}", "--delay", "60000");
        var watch = Stopwatch.StartNew();
        var id = await rig.AddAsync("quick");
        await rig.UntilAsync(id, ServiceStatus.Running);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Stop_ByOperator_StaysStoppedUntilStarted() // C-34, S-09
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture");
        await rig.UntilAsync(id, ServiceStatus.Running);
        await rig.Store.Services.SetEnabledAsync(id, false, CancellationToken.None);
        await rig.UntilAsync(id, ServiceStatus.Stopped);
        rig.State(id).Reason.ShouldContain("operator");
        rig.Slots.Get(id).Channel.ShouldBeNull();
        await rig.Store.Services.SetEnabledAsync(id, true, CancellationToken.None);
        await rig.UntilAsync(id, ServiceStatus.Running);
    }

    [Fact]
    public async Task Stop_Forced_KillsWhatIgnoresTheEndOfItsInput() // S-09
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture", "--ignore-stdin-end");
        await rig.UntilAsync(id, ServiceStatus.Running);
        await rig.Store.Services.SetEnabledAsync(id, false, CancellationToken.None);
        await Eventually.UntilAsync(() => rig.State(id).Status is ServiceStatus.Stopping);
        var watch = Stopwatch.StartNew();
        await rig.Loop.KillAsync(id);
        await rig.UntilAsync(id, ServiceStatus.Stopped);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Update_Definition_ReplacesTheProcess()
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture");
        await rig.UntilAsync(id, ServiceStatus.Running);
        var definition = rig.Store.Now.Services.Single().Definition;
        await rig.Store.Services.UpdateAsync(id, definition with { Args = ["--tools", "3"] }, CancellationToken.None);
        await Eventually.UntilAsync(() =>
            rig.Tools(id).Contains("tool_2") && rig.State(id).Status == ServiceStatus.Running
        );
    }

    [Fact]
    public async Task Remove_Running_StopsItAndForgetsIt() // S-11
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture");
        await rig.UntilAsync(id, ServiceStatus.Running);
        var slot = rig.Slots.Get(id);
        await rig.Store.Services.RemoveAsync(id, CancellationToken.None);
        await Eventually.UntilAsync(() => slot.State.Status == ServiceStatus.Stopped);
        rig.Store.Now.Catalogue.ShouldBeEmpty();
    }

    [Fact]
    public async Task Remove_AndAddAgainAtOnce_RunsAgain()
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture", "--ignore-stdin-end");
        await rig.UntilAsync(id, ServiceStatus.Running);
        await rig.Store.Services.RemoveAsync(id, CancellationToken.None);
        await Eventually.UntilAsync(() => rig.State(id).Status != ServiceStatus.Running);
        (await rig.AddAsync("fixture", "--tools", "2")).ShouldBe(id);
        await Eventually.UntilAsync(
            () => rig.Tools(id).Contains("tool_1") && rig.State(id).Status == ServiceStatus.Running,
            TimeSpan.FromSeconds(20)
        );
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("modern")]
    public async Task ListChanged_Running_IsReadAgain(string era)
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture", "--era", era);
        await rig.UntilAsync(id, ServiceStatus.Running);
        // The subscription of the modern era may be opened a moment later.
        var i = 0;
        await Eventually.UntilAsync(async () =>
        {
            await rig.Slots.Get(id).Channel!.CallTextAsync("listchange", $$"""{"name":"new_{{i++}}"}""");
            return rig.Tools(id).Contains("new_0");
        });
    }

    [Fact]
    public async Task ListChanged_AfterARestart_IsListenedToAgain() // spec 2026-07-28 subscriptions "Graceful Closure"
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture", "--era", "modern");
        await rig.UntilAsync(id, ServiceStatus.Running);
        var channel = rig.Slots.Get(id).Channel!;
        await KillAsync(channel);
        await Eventually.UntilAsync(() => rig.Slots.Get(id).Channel is { } next && next != channel);
        var i = 0;
        await Eventually.UntilAsync(async () =>
        {
            await rig.Slots.Get(id).Channel!.CallTextAsync("listchange", $$"""{"name":"new_{{i++}}"}""");
            return rig.Tools(id).Contains("new_0");
        });
    }

    [Fact]
    public async Task Lists_CursorThatGoesInCircles_IsCut() // R48
    {
        await using var rig = await ServicesRig.StartAsync();
        var id = await rig.AddAsync("fixture", "--loop", "--page", "5");
        await rig.UntilAsync(id, ServiceStatus.Running);
        rig.Tools(id).Count.ShouldBe(5);
        // Two pages of each of the four lists.
        (await rig.Slots.Get(id).Channel!.CallTextAsync("counts")).ShouldContain("lists=8;");
    }

    [Fact]
    public async Task Lists_MoreThanTheLimit_AreCut()
    {
        await using var rig = await ServicesRig.StartAsync(new ServicesOptions { MostItems = 40 });
        var id = await rig.AddAsync("fixture", "--tools", "100", "--page", "9");
        await rig.UntilAsync(id, ServiceStatus.Running);
        rig.Tools(id).Count.ShouldBe(40);
    }

    [Theory]
    [InlineData("modern", false)]
    [InlineData("legacy", true)]
    public async Task Lists_InvalidHeaderAnnotation_LeavesTheToolOutOnModernHttpOnly(string era, bool listed) // R20
    {
        await using var process = await FixtureProcess.StartHttpAsync("--era", era, "--bad-header");
        await using var rig = await ServicesRig.StartAsync();
        var added = await rig.Store.Services.AddAsync(
            new ServiceDraft(
                "web",
                new ServiceDefinition { Transport = ServiceTransport.StreamableHttp, Url = process.Address.ToString() }
            ),
            CancellationToken.None
        );
        var id = added.Require().Id;
        await rig.UntilAsync(id, ServiceStatus.Running);
        rig.Tools(id).ShouldContain("region");
        rig.Tools(id).Contains("bad_header").ShouldBe(listed);
    }

    [Fact]
    public async Task Http_ServiceGoneAndBack_IsConnectedAgain()
    {
        await using var rig = await ServicesRig.StartAsync();
        var first = await FixtureProcess.StartHttpAsync();
        var added = await rig.Store.Services.AddAsync(
            new ServiceDraft(
                "web",
                new ServiceDefinition { Transport = ServiceTransport.StreamableHttp, Url = first.Address.ToString() }
            ),
            CancellationToken.None
        );
        var id = added.Require().Id;
        await rig.UntilAsync(id, ServiceStatus.Running);
        await first.DisposeAsync();
        await rig.UntilAsync(id, ServiceStatus.Error);
        await using var second = await FixtureProcess.StartHttpAsync("--port", $"{first.Address.Port}");
        await rig.UntilAsync(id, ServiceStatus.Running);
    }

    [Fact]
    public async Task Shutdown_Several_StopsInReverseOrderOfStart() // S-13
    {
        var rig = await ServicesRig.StartAsync();
        var ids = new List<ServiceId>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add(await rig.AddAsync($"s{i}"));
            await rig.UntilAsync(ids[i], ServiceStatus.Running);
        }
        var order = new List<ServiceId>();
        rig.Slots.Changed += slot =>
        {
            lock (order)
            {
                if (slot.State.Status == ServiceStatus.Stopping)
                    order.Add(slot.Id);
            }
        };
        await rig.DisposeAsync();
        // A change that was raised a moment before is seen with the state of now.
        order.Distinct().ShouldBe([ids[2], ids[1], ids[0]]);
    }

    private static async Task KillAsync(IChannel channel)
    {
        var text = await channel.CallTextAsync("pid");
        var pid = int.Parse(
            new string([.. text[text.IndexOf("\"text\":", StringComparison.Ordinal)..].Where(char.IsAsciiDigit)])
        );
        using var process = Process.GetProcessById(pid);
        process.Kill();
    }

    [Fact]
    public async Task Start_AtAPrivateAddress_NeedsItsSay() // security.md section 0.5
    {
        await using var service = await FixtureProcess.StartHttpAsync();
        await using var rig = await ServicesRig.StartAsync(
            ServicesRig.Quick with
            {
                Channels = new ServicesOptions().Channels,
            }
        );
        ServiceDefinition At(bool? allow) =>
            new()
            {
                Transport = ServiceTransport.StreamableHttp,
                Url = service.Address.ToString(),
                AllowPrivate = allow,
            };
        var id = await rig.AddAsync("near", _ => At(null));
        await rig.UntilAsync(id, ServiceStatus.Error);
        rig.State(id).Reason.ShouldContain("not allowed");
        (await rig.Store.Services.UpdateAsync(id, At(true), default)).Ok.ShouldBeTrue();
        await rig.UntilAsync(id, ServiceStatus.Running);
    }
}
