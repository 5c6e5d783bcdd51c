using Fairlead.Toolkit.Measures;

namespace Fairlead.Bench;

/// <summary>How long the iterations that went well took, all in milliseconds.</summary>
/// <param name="Mean">Arithmetic mean.</param>
/// <param name="Min">The shortest.</param>
/// <param name="Max">The longest.</param>
/// <param name="P50">Median.</param>
/// <param name="P95">95 of 100 took no longer (linear interpolation, C-38).</param>
/// <param name="P99">99 of 100 took no longer.</param>
/// <param name="Histogram">How many took how long, without empty ends.</param>
public sealed record Times(
    double Mean,
    double Min,
    double Max,
    double P50,
    double P95,
    double P99,
    IReadOnlyList<HistogramBar> Histogram
)
{
    /// <summary>Of sorted milliseconds; null when there are none.</summary>
    internal static Times? Of(double[] sorted) =>
        sorted.Length == 0
            ? null
            : new Times(
                sorted.Average(),
                sorted[0],
                sorted[^1],
                Percentile.Of(sorted, 0.5),
                Percentile.Of(sorted, 0.95),
                Percentile.Of(sorted, 0.99),
                HistogramBar.Of(sorted)
            );
}

/// <summary>One bar of a histogram.</summary>
/// <param name="From">Milliseconds, included.</param>
/// <param name="To">Milliseconds, not included.</param>
/// <param name="Count">Iterations between them.</param>
public sealed record HistogramBar(double From, double To, int Count)
{
    // Ten bars a decade: each is a quarter wider than the one before, so that a fast middle and a slow tail both show.
    private const int BarsPerDecade = 10;
    private const double Shortest = 0.0001;

    internal static IReadOnlyList<HistogramBar> Of(double[] sorted)
    {
        var counts = sorted.CountBy(Place).ToDictionary();
        var (first, last) = (Place(sorted[0]), Place(sorted[^1]));
        return
        [
            .. Enumerable
                .Range(first, last - first + 1)
                .Select(place => new HistogramBar(Edge(place), Edge(place + 1), counts.GetValueOrDefault(place))),
        ];
    }

    private static int Place(double value) =>
        (int)Math.Floor(Math.Log10(Math.Max(value, Shortest)) * BarsPerDecade + 1e-9);

    private static double Edge(int place) => Math.Pow(10, (double)place / BarsPerDecade);
}
