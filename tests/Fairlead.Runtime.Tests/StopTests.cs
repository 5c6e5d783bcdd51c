using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

public sealed class StopTests : HostTest
{
    private readonly FakeTimeProvider clock = new();

    [Fact]
    public async Task Stop_OfAChildThatReadsStdin_NeedsNoSignal()
    {
        var process = await StartAsync("cat; exit 4");
        (await process.StopAsync(false, Token)).ShouldBe(new ProcessExit(ExitReason.Stopped, 4, null));
    }

    [Fact]
    public async Task Stop_OfAChildThatIgnoresStdin_SendsTermAfterTheGrace()
    {
        var process = await StartAsync(Host(time: clock), "exec sleep 600");

        var stop = process.StopAsync(false, Token);
        await LadderWaitsAsync();
        clock.Advance(TimeSpan.FromSeconds(1.9));
        stop.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(0.1));

        (await stop).ShouldBe(new ProcessExit(ExitReason.Stopped, null, 15));
    }

    // S-09
    [Fact]
    public async Task Stop_OfAChildThatIgnoresTerm_KillsAfterBothGraces()
    {
        var process = await StartAsync(Host(time: clock), """trap '' TERM; echo '{}'; while :; do sleep 600; done""");
        await process.Spoke;

        var stop = process.StopAsync(false, Token);
        await LadderWaitsAsync();
        clock.Advance(TimeSpan.FromSeconds(2));
        await LadderWaitsAsync();
        clock.Advance(TimeSpan.FromSeconds(2.9));
        stop.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(0.1));

        (await stop).ShouldBe(new ProcessExit(ExitReason.Killed, null, 9));
        Marked(Mark).ShouldBeEmpty();
    }

    // S-09
    [Fact]
    public async Task Stop_WithForce_KillsAtOnceAlsoDuringAGentleStop()
    {
        var process = await StartAsync(Host(time: clock), "exec sleep 600");
        var gentle = process.StopAsync(false, Token);
        await LadderWaitsAsync();

        var forced = await process.StopAsync(force: true, Token);

        forced.ShouldBe(new ProcessExit(ExitReason.Killed, null, 9));
        (await gentle).ShouldBe(forced);
    }

    [Fact]
    public async Task Stop_OfAStoppedProcess_WakesItForTerm()
    {
        var process = await StartAsync(
            Host(time: clock),
            """trap 'exit 5' TERM; echo '{}'; kill -STOP $$; sleep 600"""
        );
        await Eventually.UntilAsync(() => Text($"/proc/{process.Pid}/stat").Contains(") T ", StringComparison.Ordinal));

        var stop = process.StopAsync(false, Token);
        await LadderWaitsAsync();
        clock.Advance(TimeSpan.FromSeconds(2));

        (await stop).ExitCode.ShouldBe(5);
    }

    // The shape of npx: the command is a wrapper, the service proper its child.
    [Fact]
    public async Task Stop_OfAWrapper_GivesTheServiceBehindItTheSameGrace()
    {
        var process = await StartAsync(
            Host(time: clock),
            """sh -c 'trap "sleep 0.3; echo {bye}; exit" TERM; echo {}; while :; do sleep 0.05; done'; true"""
        );
        await process.Spoke;

        var stop = process.StopAsync(false, Token);
        await LadderWaitsAsync();
        clock.Advance(TimeSpan.FromSeconds(2));

        (await stop).Reason.ShouldBe(ExitReason.Stopped);
        Sink.Messages.ShouldContain("{bye}");
    }

    [Theory]
    [InlineData("sleep 600 & echo '{}'; exec cat")]
    [InlineData("setsid sleep 600 & echo '{}'; exec cat")]
    [InlineData("(setsid sh -c 'setsid sleep 600 & sleep 600' &) ; sleep 0.1; echo '{}'; exec cat")]
    [InlineData("(setsid env -i sleep 600 &) ; (env -i sleep 600 &); sleep 0.1; echo '{}'; exec cat", 1)]
    [InlineData("setsid sh -c 'setsid env -i sleep 600 & wait' & sleep 0.1; echo '{}'; exec cat")]
    public async Task Stop_WithHiddenGrandchildren_LeavesNone(string script, int escapes = 0)
    {
        var process = await StartAsync(Host(), script);
        await process.Spoke;
        var family = Family(process.Pid);
        family.Count.ShouldBeGreaterThan(1);

        await process.StopAsync(false, Token);

        family.Count(IsAlive).ShouldBe(escapes);
        foreach (var pid in family.Where(IsAlive))
            System.Diagnostics.Process.GetProcessById(pid).Kill();
    }

    [Fact]
    public async Task Crash_WithAGrandchildHoldingStdout_IsNoticedWithinASecond()
    {
        var process = await StartAsync("setsid sleep 600 & echo '{}'; kill -9 $$");

        var exit = await process.Exited.WaitAsync(TimeSpan.FromSeconds(1), Token);

        exit.ShouldBe(new ProcessExit(ExitReason.Exited, null, 9));
        Marked(Mark).ShouldBeEmpty();
    }

    [Fact]
    public async Task Host_Disposed_StopsEverythingAndItsGuardian()
    {
        var host = Host();
        for (var i = 0; i < 5; i++)
            await StartAsync(host, "setsid sleep 600 & exec cat");
        host.Running.Count.ShouldBe(5);
        var guardian = host.GuardianPid;

        await host.DisposeAsync();

        host.Running.ShouldBeEmpty();
        Marked(Mark).ShouldBeEmpty();
        IsAlive(guardian).ShouldBeFalse();
    }

    [Fact]
    public async Task Stop_Cancelled_StopsOnlyTheWaiting()
    {
        var process = await StartAsync(Host(time: clock), "exec sleep 600");
        using var cancel = new CancellationTokenSource();
        var stop = process.StopAsync(false, cancel.Token);
        await LadderWaitsAsync();

        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => stop);
        clock.Advance(TimeSpan.FromSeconds(2));

        (await process.Exited).Reason.ShouldBe(ExitReason.Stopped);
    }

    private Task LadderWaitsAsync() => Eventually.UntilAsync(() => clock.ArmedTimers > 0);

    private static bool IsAlive(int pid) => Text($"/proc/{pid}/stat") is { Length: > 0 } stat && !stat.Contains(") Z ");

    // Everyone whose parent or session leads to the process, found before the stop.
    private List<int> Family(int leader) => [.. Marked(Mark).Concat(Descendants(leader)).Append(leader).Distinct()];

    private static IEnumerable<int> Descendants(int root)
    {
        var parents = Directory
            .GetDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(n => int.TryParse(n, out _))
            .Select(n => (Pid: int.Parse(n!), Stat: Text($"/proc/{n}/stat")))
            .Where(p => p.Stat.Length > 0)
            .Select(p => (p.Pid, Fields: p.Stat[(p.Stat.LastIndexOf(')') + 2)..].Split(' ')))
            .Select(p => (p.Pid, Parent: int.Parse(p.Fields[1]), Session: int.Parse(p.Fields[3])))
            .ToList();
        var found = new HashSet<int> { root };
        while (parents.Any(p => (found.Contains(p.Parent) || p.Session == root) && found.Add(p.Pid))) { }
        // Orphans without mark or session of their own making are ours by adoption.
        return found.Concat(parents.Where(p => p.Parent == Environment.ProcessId && IsSleep(p.Pid)).Select(p => p.Pid));
    }

    private static bool IsSleep(int pid) =>
        Text($"/proc/{pid}/environ").Length == 0 && Text($"/proc/{pid}/cmdline") == "sleep\0600\0";
}
