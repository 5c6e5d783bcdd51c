using System.Globalization;
using BenchmarkDotNet.Reports;

namespace Fairlead.Micro;

/// <summary>The most that one operation may take.</summary>
/// <param name="Nanoseconds">Its mean, in nanoseconds.</param>
internal sealed record Limit(double Nanoseconds)
{
    private const string Option = "--within";

    /// <summary>Takes the limit out of the arguments; null where there is none.</summary>
    public static Limit? Take(ref string[] args)
    {
        var at = Array.IndexOf(args, Option);
        if (at < 0)
            return null;
        var limit = new Limit(double.Parse(args[at + 1], CultureInfo.InvariantCulture));
        args = [.. args[..at], .. args[(at + 2)..]];
        return limit;
    }

    /// <summary>Tells how each did; the exit code.</summary>
    public int Judge(IEnumerable<Summary> summaries)
    {
        var code = 0;
        var any = false;
        foreach (var report in summaries.SelectMany(static s => s.Reports))
        {
            any = true;
            var benchmark = report.BenchmarkCase.Descriptor;
            var name = $"{benchmark.Type.Name}.{benchmark.WorkloadMethod.Name}";
            if (report.ResultStatistics is not { } measured)
            {
                Console.WriteLine($"FAILED  {name} did not run");
                return 1;
            }
            var passed = measured.Mean <= Nanoseconds;
            code = passed ? code : 3;
            var bytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(passed ? "PASS" : "MISS")}  {name}: {measured.Mean:0} ns, {bytes ?? 0} B (at most {Nanoseconds:0} ns)"
                )
            );
        }
        return any ? code : 1;
    }
}
