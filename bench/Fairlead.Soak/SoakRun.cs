using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Soak;

/// <summary>The phases of a soak and its verdicts.</summary>
internal sealed class SoakRun(Uri url, string key, string password, TimeSpan length, int cycles)
{
    private const double MostHandles = 5;
    private const double MostGrowth = 1.15;
    private const double MostSlowdown = 2;

    // What the guardian may take after the gateway was killed (design.md, LifeTests).
    private static readonly TimeSpan OrphansGone = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);
    private readonly string mark = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N");
    private bool passed = true;

    public async Task<int> RunAsync(string[] command)
    {
        var census = new Census(mark);
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, SoakService.Configuration(mark));
        using var yardstick = new Yardstick();
        using var gateway = new Gateway([.. command.Select(c => c == "{config}" ? config : c)], url, password);
        await gateway.StartAsync();
        var callers = new Callers(gateway, key);
        // Chaos takes 0.15 + 0.10 + 0.50 of the time; the four that are cycled share the cycles, with a tenth in hand.
        var chaos = new Chaos(gateway, census, length * 0.75 * 4 / (cycles * 1.1));

        Say("warming up, chaos");
        await PhaseAsync(callers, 0.15, chaos);
        Say($"killing the gateway while {census.Marked().Count} processes run");
        await gateway.KillAsync();
        var orphans = await GoneAsync(census, OrphansGone);
        Judge("processes 5 s after the gateway was killed", orphans, 0);
        await gateway.StartAsync();
        // Chaos once more before the first measurement: what it loads and opens for the first time is no leak.
        Say("warming up again, chaos");
        await PhaseAsync(callers, 0.10, chaos);
        await chaos.CalmAsync();
        Say("calm");
        var (calm, bareCalm) = await MeasuredAsync(yardstick, callers, 0.10);
        var before = await MeasureAsync(gateway);
        Say("chaos");
        var (busy, bareBusy) = await MeasuredAsync(yardstick, callers, 0.50, chaos);
        await chaos.CalmAsync();
        Say("calm");
        var (calmAgain, bareAgain) = await MeasuredAsync(yardstick, callers, 0.15);
        calm = [.. calm, .. calmAgain];
        var after = await MeasureAsync(gateway);
        var defunct = census.Defunct(gateway.Pid);
        var code = await gateway.StopAsync();
        File.Delete(config);

        Console.WriteLine(
            $"stop/start cycles: {chaos.Cycles}, kills of services: {chaos.Kills}, steady calls: {calm.Count + busy.Count}"
        );
        Judge("cycles that are missing", Math.Max(0, cycles - chaos.Cycles), 0);
        Judge("failed calls of steady services", callers.Failures.Count, 0);
        foreach (var failure in callers.Failures.Take(5))
            Console.WriteLine($"      {failure}");
        Judge("exit code of the gateway", code, 0);
        Judge("surviving processes", await GoneAsync(census, OrphansGone), 0);
        Judge("defunct processes at the end", defunct, 0);
        Console.WriteLine($"      (most at one look during chaos: {chaos.MostDefunct})");
        var (had, has) = (before.Handles.Values.Sum(), after.Handles.Values.Sum());
        Judge(Line($"file handles, {had} before and {has} after: difference"), Math.Abs(has - had), MostHandles);
        foreach (var kind in before.Handles.Keys.Union(after.Handles.Keys))
            Console.WriteLine(
                Line(
                    $"      {kind}: {before.Handles.GetValueOrDefault(kind)} before, {after.Handles.GetValueOrDefault(kind)} after"
                )
            );
        Judge(
            Line($"RSS, {before.RssMiB:0} MiB before and {after.RssMiB:0} after: ratio"),
            after.RssMiB / before.RssMiB,
            MostGrowth
        );
        var (quiet, loud) = (Percentile([.. bareCalm, .. bareAgain]), Percentile(bareBusy));
        Console.WriteLine(
            Line(
                $"      p99 of a shell over a bare pipe, no gateway: {quiet:0.00} and {loud:0.00} ms: {loud / quiet:0.00}"
            )
        );
        (quiet, loud) = (Percentile(calm), Percentile(busy));
        Judge(
            Line($"p99 of steady services, {quiet:0.00} ms in calm and {loud:0.00} in chaos: ratio"),
            loud / quiet,
            MostSlowdown
        );
        return passed ? 0 : 3;
    }

    private async Task<(IReadOnlyList<double> Calls, IReadOnlyList<double> Bare)> MeasuredAsync(
        Yardstick yardstick,
        Callers callers,
        double part,
        Chaos? chaos = null
    )
    {
        using var end = new CancellationTokenSource(length * part);
        var bare = yardstick.RunAsync(end.Token);
        var calls = await PhaseAsync(callers, part, chaos);
        return (calls, await bare);
    }

    private async Task<IReadOnlyList<double>> PhaseAsync(Callers callers, double part, Chaos? chaos = null)
    {
        using var end = new CancellationTokenSource(length * part);
        var calls = callers.RunAsync(end.Token);
        await Task.WhenAll(calls, chaos?.RunAsync(end.Token) ?? Task.CompletedTask);
        return await calls;
    }

    private static async Task<(IReadOnlyDictionary<string, int> Handles, double RssMiB)> MeasureAsync(Gateway gateway)
    {
        await Task.Delay(Rest, TimeProvider.System);
        return (Census.Handles(gateway.Pid), Census.RssMiB(gateway.Pid));
    }

    private static async Task<int> GoneAsync(Census census, TimeSpan within)
    {
        var since = Stopwatch.StartNew();
        while (census.Marked().Count > 0 && since.Elapsed < within)
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        return census.Marked().Count;
    }

    private static double Percentile(IEnumerable<double> times)
    {
        var sorted = times.Order().ToList();
        return sorted[(int)(sorted.Count * 0.99)];
    }

    private void Judge(string what, double value, double limit)
    {
        passed &= value <= limit;
        Console.WriteLine(Line($"{(value <= limit ? "PASS" : "MISS")}  {what}: {value:0.##} (at most {limit:0.##})"));
    }

    private static void Say(string what) =>
        Console.WriteLine(Line($"{TimeProvider.System.GetUtcNow():HH:mm:ss} {what}"));

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
