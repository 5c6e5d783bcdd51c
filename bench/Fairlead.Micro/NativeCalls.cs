using BenchmarkDotNet.Attributes;
using Fairlead.Server.Tools;
using Fairlead.Toolkit;

namespace Fairlead.Micro;

/// <summary>One run of a native tool: arguments read and checked, the method called, its result written.</summary>
public class NativeCalls
{
    private static readonly byte[] Arguments = """{"city":"Bergen","days":3}"""u8.ToArray();
    private static readonly byte[] Numbers = """{"numbers":[1,2,3.5]}"""u8.ToArray();
    private readonly NativeTool typed = NativeTool.Of(new Tools()).Single(t => t.Name == "Forecast");
    private readonly NativeTool sum = NativeTool.Of(new Tools()).Single(t => t.Name == "Sum");

    /// <summary>A typed result.</summary>
    /// <param name="City">Where.</param>
    /// <param name="Degrees">How warm.</param>
    public sealed record Weather(string City, double Degrees);

    /// <summary>What is run.</summary>
    public sealed class Tools
    {
        /// <summary>Tells the weather.</summary>
        [FairleadTool]
        public static Weather Forecast(string city, int days) => new(city, days);

        /// <summary>Adds numbers.</summary>
        [FairleadTool]
        public static double Sum(double[] numbers) => numbers.Sum();
    }

    /// <summary>Two arguments, a record back.</summary>
    [Benchmark]
    public async Task<int> TypedAsync() => (await typed.RunAsync(Arguments, Context())).Json.Length;

    /// <summary>An array of numbers, a number back.</summary>
    [Benchmark]
    public async Task<int> NumbersAsync() => (await sum.RunAsync(Numbers, Context())).Json.Length;

    private static CallContext Context() => new(EmptyProvider.Instance);
}
