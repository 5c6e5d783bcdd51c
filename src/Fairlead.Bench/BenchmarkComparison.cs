namespace Fairlead.Bench;

/// <summary>One measure of two runs.</summary>
/// <param name="Measure"><c>mean</c>, <c>p50</c>, <c>p95</c>, <c>p99</c> in milliseconds, or <c>throughput</c> a second.</param>
/// <param name="Before">In the saved run.</param>
/// <param name="Now">In this one.</param>
/// <param name="Ratio">Now divided by before; 1 is no change.</param>
public sealed record ComparedMeasure(string Measure, double Before, double Now, double Ratio);

/// <summary>A run beside a saved one (I-18).</summary>
/// <param name="Before">The saved run.</param>
/// <param name="Now">This run.</param>
/// <param name="Measures">Measure by measure; empty when all iterations of one of them failed.</param>
public sealed record BenchmarkComparison(
    BenchmarkResult Before,
    BenchmarkResult Now,
    IReadOnlyList<ComparedMeasure> Measures
)
{
    /// <summary>Compares two runs.</summary>
    public static BenchmarkComparison Of(BenchmarkResult before, BenchmarkResult now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        return new BenchmarkComparison(
            before,
            now,
            before.Times is { } b && now.Times is { } n
                ?
                [
                    Measure("mean", b.Mean, n.Mean),
                    Measure("p50", b.P50, n.P50),
                    Measure("p95", b.P95, n.P95),
                    Measure("p99", b.P99, n.P99),
                    Measure("throughput", before.Throughput, now.Throughput),
                ]
                : []
        );
    }

    /// <summary>The p95 now, as a multiple of the saved one; null when one of them has none.</summary>
    public double? P95Ratio => Measures.FirstOrDefault(m => m.Measure == "p95")?.Ratio;

    private static ComparedMeasure Measure(string name, double before, double now) =>
        new(name, before, now, before > 0 ? now / before : 1);
}
