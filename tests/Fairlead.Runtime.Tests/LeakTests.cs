using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

/// <summary>Counts what belongs to the whole process, so it runs alone.</summary>
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
[Collection(nameof(LeakTests))]
public sealed class LeakTests : HostTest
{
    // security.md section 5: "100 MB line": RSS growth < 3 × limit
    [Fact]
    public async Task Stdout_With100MegabytesWithoutLineEnd_DeliversWhatWasBeforeAndKills()
    {
        const long Limit = 8 * 1024 * 1024;
        GC.Collect();
        var before = ResidentBytes();
        var process = await StartAsync(
            """echo '{"first":1}'; head -c 100000000 /dev/zero | tr '\0' x; echo; echo '{"late":1}'; exec cat"""
        );

        var exit = await process.Exited;

        exit.Reason.ShouldBe(ExitReason.MessageTooLarge);
        Sink.Messages.ShouldBe(["""{"first":1}"""]);
        (ResidentBytes() - before).ShouldBeLessThan(3 * Limit);
        Marked(Mark).ShouldNotContain(process.Pid);
    }

    // security.md section 5: "after 1,000 start/stop cycles: 0 survivors, 0 defunct, flat fds"
    [Fact]
    public async Task StartAndStop_ManyTimes_LeavesNoProcessZombieOrDescriptor()
    {
        var cycles = Environment.GetEnvironmentVariable("FAIRLEAD_ALL") == "1" ? 1_000 : 200;
        var host = Host();
        await CycleAsync(host, 0);
        var before = OpenFiles();

        for (var i = 1; i <= cycles; i += 4)
            await Task.WhenAll(Enumerable.Range(i, 4).Select(n => CycleAsync(host, n)));

        host.Running.ShouldBeEmpty();
        Marked(Mark).ShouldBeEmpty();
        await Eventually.UntilAsync(() => OpenFiles() <= before);
        await Eventually.UntilAsync(() => Zombies().Count == 0);
    }

    [Fact]
    public async Task Orphans_ThatEndWhileTheirServiceRuns_AreCollected()
    {
        var process = await StartAsync("for i in 1 2 3 4 5; do (setsid sleep 1 &); done; echo '{}'; exec cat");
        await process.Spoke;
        await Eventually.UntilAsync(() => Marked(Mark).Count == 6);
        var orphans = Marked(Mark).Where(pid => pid != process.Pid).ToList();

        await Eventually.UntilAsync(() => !orphans.Any(pid => Directory.Exists($"/proc/{pid}")));

        process.Exited.IsCompleted.ShouldBeFalse();
    }

    private static long ResidentBytes()
    {
        var line = Text("/proc/self/status").Split('\n').First(l => l.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(string.Concat(line.Where(char.IsAsciiDigit))) * 1024;
    }

    private async Task CycleAsync(ProcessHost host, int number)
    {
        var process = await StartAsync(host, "(setsid sleep 600 >/dev/null 2>&1 &); sleep 600 >/dev/null & exec cat");
        process.Send("{}"u8);
        await process.Spoke;
        await process.StopAsync(force: number % 2 == 0, Token);
    }
}
