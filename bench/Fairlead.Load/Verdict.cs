using System.Globalization;

namespace Fairlead.Load;

/// <summary>A target of the product against what was measured; smaller is better for all of them.</summary>
internal sealed record Verdict(string What, double Value, double Limit, string Unit)
{
    public const int JudgedConnections = 16;
    private const double P99Limit = 5;

    public bool Passed => Value <= Limit;

    public string Line =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{(Passed ? "PASS" : "MISS")}  {What}: {Value:0.00} {Unit} (at most {Limit:0.##})"
        );

    /// <summary>Ratios and p99 of the gateway's targets at 16 connections, for each payload.</summary>
    public static IReadOnlyList<Verdict> Of(
        IReadOnlyList<Target> targets,
        IReadOnlyDictionary<CellKey, List<Measured>> results
    )
    {
        var verdicts = new List<Verdict>();
        foreach (var target in targets.Where(t => t is { IsGateway: true, Limit: not null }))
        {
            foreach (
                var (key, rounds) in results.Where(r =>
                    r.Key.Target == target.Name && r.Key.Connections == JudgedConnections
                )
            )
            {
                var what = string.Create(CultureInfo.InvariantCulture, $"{target.Name}, {key.Size} B");
                if (Ratio(target, key, results) is { } ratio)
                    verdicts.Add(new Verdict($"{what}: CPU per call", ratio, target.Limit!.Value, "x YARP"));
                verdicts.Add(new Verdict($"{what}: p99", Median(rounds.Select(r => r.P99)), P99Limit, "ms"));
            }
        }
        return verdicts;
    }

    /// <summary>CPU of the target's process tree per call against its yardstick's of the same round; the median over the rounds.</summary>
    public static double? Ratio(Target target, CellKey key, IReadOnlyDictionary<CellKey, List<Measured>> results) =>
        target.Yardstick is { } name && results.TryGetValue(key with { Target = name }, out var yardstick)
            ? Median(results[key].Zip(yardstick, (own, other) => own.TreeCpuPerCall / other.TreeCpuPerCall))
            : null;

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1
            ? sorted[sorted.Count / 2]
            : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }
}
