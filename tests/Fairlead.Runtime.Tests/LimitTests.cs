using System.Globalization;
using Fairlead.Runtime.Supervision;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

/// <summary>What a service may take of the machine.</summary>
public sealed class LimitTests : HostTest
{
    private const long MiB = 1024 * 1024;

    // The memory is the grandchild's, in a session of its own: as with npx, the command itself is small.
    [Fact]
    public async Task Memory_OfAllItStarted_AboveTheLimit_EndsThemAll()
    {
        var host = Host(o => o with { MemoryInterval = TimeSpan.FromMilliseconds(100) });
        const string grow =
            "setsid sh -c 'x=$(head -c 60000000 /dev/zero | tr \\\\0 a); sleep 600' & echo '{}'; exec cat";
        var process = await host.StartAsync(Sh(grow) with { MaxMemoryBytes = 40 * MiB }, Sink, Token);
        var exit = await process.Exited.WaitAsync(TimeSpan.FromSeconds(20), Token);
        exit.Reason.ShouldBe(ExitReason.OutOfMemory);
        Marked(Mark).Where(pid => pid != host.GuardianPid).ShouldBeEmpty();
    }

    [Fact]
    public async Task Memory_BelowTheLimit_IsLeftAlone()
    {
        var clock = new FakeTimeProvider();
        var host = Host(time: clock);
        var process = await host.StartAsync(Sh("echo '{}'; exec cat") with { MaxMemoryBytes = 40 * MiB }, Sink, Token);
        await process.Spoke;
        for (var i = 0; i < 3; i++)
        {
            await Eventually.UntilAsync(() => clock.ArmedTimers > 0);
            clock.Advance(TimeSpan.FromSeconds(2));
        }
        process.Exited.IsCompleted.ShouldBeFalse();
        MemoryWatch.Of(process.Pid, ProcessTable.Snapshot(out _)).ShouldBeInRange(1, 40 * MiB);
        var stopping = process.StopAsync(force: true, Token);
        await stopping;
    }

    [Fact]
    public void Table_OfTheMachine_TellsItsKernelThreads()
    {
        var all = ProcessTable.Snapshot(out _);
        all.Single(p => p.Pid == Environment.ProcessId).IsKernel.ShouldBeFalse();
        // kthreadd, the parent of all of them; in a container none is seen.
        foreach (var thread in all.Where(p => p.Parent == 2))
            thread.IsKernel.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task Nice_OfTheSpec_IsThatOfWhatItStarts(int nice)
    {
        var process = await Host()
            .StartAsync(Sh("sleep 0.2; nice | sed 's/.*/{&}/'; exec cat") with { Nice = nice }, Sink, Token);
        await process.Spoke;
        Sink.Messages.ShouldContain($"{{{nice.ToString(CultureInfo.InvariantCulture)}}}");
        // Where the kernel shares the machine out among sessions, it is the session that must stand back.
        if (File.Exists($"/proc/{process.Pid}/autogroup"))
            (await File.ReadAllTextAsync($"/proc/{process.Pid}/autogroup", Token)).ShouldEndWith(
                $" nice {nice.ToString(CultureInfo.InvariantCulture)}\n"
            );
    }
}
