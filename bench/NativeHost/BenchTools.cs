using Fairlead.Toolkit;
using ModelContextProtocol.Server;

namespace NativeHost;

/// <summary>What both faces run: one method, called by the gateway as a tool and by the bare endpoints as it is.</summary>
internal sealed class BenchTools
{
    /// <summary>Adds numbers.</summary>
    /// <param name="numbers">The numbers to add.</param>
    [McpServerTool(Name = "sum", ReadOnly = true, Idempotent = true, OpenWorld = false)]
    public static double Sum(double[] numbers) => numbers.Sum();

    /// <summary>Adds numbers; the sum is kept.</summary>
    /// <param name="numbers">The numbers to add.</param>
    [McpServerTool(Name = "sum_cached", ReadOnly = true, Idempotent = true, OpenWorld = false), Cached(3600)]
    public static double SumCached(double[] numbers) => Sum(numbers);

    /// <summary>Counts the characters of a text.</summary>
    /// <param name="text">The text.</param>
    [McpServerTool(Name = "measure", ReadOnly = true, Idempotent = true, OpenWorld = false)]
    public static int Measure(string text) => text.Length;
}
