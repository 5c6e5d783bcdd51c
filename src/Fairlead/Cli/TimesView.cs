using System.Globalization;
using Fairlead.Bench;

namespace Fairlead.Cli;

/// <summary>Times and their histogram for a terminal.</summary>
internal static class TimesView
{
    private const int Width = 40;

    public static void Print(Output output, Times times)
    {
        output.Facts([
            ("Mean", Milliseconds(times.Mean)),
            ("Min", Milliseconds(times.Min)),
            ("p50", Milliseconds(times.P50)),
            ("p95", Milliseconds(times.P95)),
            ("p99", Milliseconds(times.P99)),
            ("Max", Milliseconds(times.Max)),
        ]);
        var most = times.Histogram.Max(b => b.Count);
        output.Line("");
        foreach (var bar in times.Histogram)
        {
            // What is there at all is seen.
            var length = bar.Count == 0 ? 0 : Math.Max(1, (int)Math.Round((double)Width * bar.Count / most));
            output.Line(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{bar.From, 9:0.000} – {bar.To, 9:0.000} ms  {new string('█', length).PadRight(Width)} {bar.Count}"
                )
            );
        }
    }

    public static string Milliseconds(double value) => value.ToString("0.000", CultureInfo.InvariantCulture) + " ms";
}
