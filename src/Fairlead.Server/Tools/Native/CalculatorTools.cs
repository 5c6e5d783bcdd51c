using System.ComponentModel;
using Fairlead.Toolkit;
using ModelContextProtocol.Server;

namespace Fairlead.Server.Tools.Native;

/// <summary>Arithmetic, the sample of P-93.</summary>
internal sealed class CalculatorTools
{
    [McpServerTool(Name = "add", Title = "Add numbers", ReadOnly = true, Idempotent = true, OpenWorld = false)]
    [Description("Adds numbers and returns their sum.")]
    public static double Add([Description("The numbers to add; none gives 0.")] double[] numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        var sum = numbers.Sum();
        return double.IsFinite(sum)
            ? sum
            : throw new ToolFailedException("The sum is too large for a number (about 1.8e308).");
    }
}
