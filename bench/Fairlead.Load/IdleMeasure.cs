using System.Globalization;

namespace Fairlead.Load;

/// <summary>What a gateway costs that nobody calls: its loops, its queue of executions, its log.</summary>
internal static class IdleMeasure
{
    /// <summary>In parts of a core.</summary>
    private const double Limit = 0.02;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var pid = arguments.Endpoint("--gateway").Pid;
        var seconds = arguments.Real("--seconds", 5);
        await Task.Delay(Rest, TimeProvider.System);
        var cpu = ProcessTree.TreeCpu(pid);
        await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        var part = (ProcessTree.TreeCpu(pid) - cpu) / 1e6 / seconds;
        var verdict = new Verdict(
            string.Create(CultureInfo.InvariantCulture, $"an idle gateway, {seconds:0.#} s: part of a core"),
            part,
            Limit,
            "of a core"
        );
        Console.WriteLine(verdict.Line);
        return verdict.Passed ? 0 : 3;
    }
}
