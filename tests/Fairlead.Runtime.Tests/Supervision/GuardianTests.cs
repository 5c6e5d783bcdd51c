using System.Diagnostics;
using System.Globalization;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests.Supervision;

// design.md "Guardian": services die within 5 s of the gateway, however it dies, without a restart
public sealed class GuardianTests : HostTest
{
    private const string Stubborn = "trap '' TERM HUP INT; echo '{}'; while :; do sleep 600; done";
    private const string Wrapper = "sh -c 'setsid sleep 600 & sleep 600' & echo '{}'; sleep 600";
    private const string NewSession =
        "(setsid sh -c 'trap \"\" TERM; sleep 600' </dev/null >/dev/null 2>&1 &); echo '{}'; exec cat";

    [Fact]
    public async Task KillOfTheGateway_WithGrandchildrenInNewSessions_LeavesNothingAfterFiveSeconds()
    {
        using var victim = await VictimAsync(Stubborn, Wrapper, NewSession);
        Marked(Mark).Count.ShouldBeGreaterThanOrEqualTo(8);

        victim.Kill();
        var watch = Stopwatch.StartNew();

        await Eventually.UntilAsync(() => Marked(Mark).Count == 0, TimeSpan.FromSeconds(5));
        TestContext.Current.TestOutputHelper!.WriteLine($"nothing left after {watch.ElapsedMilliseconds} ms");
    }

    // The control: without the guardian the same services survive.
    [Fact]
    public async Task KillOfTheGateway_WithItsGuardianGone_LeavesServicesBehind()
    {
        using var victim = await VictimAsync(NewSession);
        using var guardian = Process.GetProcessById(GuardianPid);
        using (var stop = Process.Start("kill", ["-STOP", $"{victim.Id}"])) // so that it cannot replace the guardian
            await stop.WaitForExitAsync(Token);
        guardian.Kill();

        victim.Kill();
        await victim.WaitForExitAsync(Token);
        using var wait = Process.Start("sleep", "3");
        await wait.WaitForExitAsync(Token);

        var survivors = Marked(Mark);
        survivors.ShouldNotBeEmpty();
        foreach (var pid in survivors)
            Process.GetProcessById(pid).Kill();
    }

    [Fact]
    public async Task Guardian_Killed_IsReplacedAndKnowsEverything()
    {
        using var victim = await VictimAsync(Stubborn, NewSession);
        var first = GuardianPid;
        Process.GetProcessById(first).Kill();
        await Eventually.UntilAsync(() => Guardians(Mark).Any(pid => pid != first));

        victim.Kill();

        await Eventually.UntilAsync(() => Marked(Mark).Count == 0, TimeSpan.FromSeconds(5));
        await Eventually.UntilAsync(() => Guardians(Mark).Count == 0);
    }

    [Fact]
    public async Task Guardian_OfInterruptAndTerm_TakesNoNotice()
    {
        var host = Host();
        await StartAsync(host, "exec cat");
        var pid = host.GuardianPid;
        await Eventually.UntilAsync(() => IgnoresTerm(pid));
        foreach (var signal in new[] { "INT", "TERM", "HUP" })
        {
            using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
            await kill.WaitForExitAsync(Token);
        }
        await StartAsync(host, "exec cat");

        host.GuardianPid.ShouldBe(pid);
        await Eventually.UntilAsync(() => Text($"/proc/{pid}/stat").Contains(") S ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Guardian_OfAnEndedService_ForgetsItsGroup()
    {
        var host = Host();
        var kept = await StartAsync(host, "exec cat");
        var gone = await StartAsync(host, "exec cat");
        await gone.StopAsync(false, Token);
        await host.DisposeAsync();
        kept.Exited.IsCompletedSuccessfully.ShouldBeTrue();
    }

    private int GuardianPid { get; set; }

    private async Task<Process> VictimAsync(params string[] scripts)
    {
        var victim = Process.Start(
            new ProcessStartInfo(
                "dotnet",
                ["exec", Path.Combine(AppContext.BaseDirectory, "Fairlead.Runtime.Victim.dll"), Mark, .. scripts]
            )
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        var ready = await victim.StandardOutput.ReadLineAsync(Token);
        ready.ShouldNotBeNull().ShouldStartWith("ready ");
        GuardianPid = int.Parse(ready["ready ".Length..]);
        return victim;
    }

    private static bool IgnoresTerm(int pid) =>
        Text($"/proc/{pid}/status").Split('\n').FirstOrDefault(l => l.StartsWith("SigIgn:", StringComparison.Ordinal))
            is { } line
        && (ulong.Parse(line[8..], NumberStyles.HexNumber) & (1ul << 14)) != 0;

    private static List<int> Guardians(string mark) =>
        [
            .. Directory
                .GetDirectories("/proc")
                .Select(Path.GetFileName)
                .Where(n => int.TryParse(n, out _))
                .Select(n => int.Parse(n!))
                .Where(pid =>
                    Text($"/proc/{pid}/cmdline").Contains($"fairlead-guardian\0{mark}\0", StringComparison.Ordinal)
                ),
        ];
}
