namespace Fairlead.Bench;

/// <summary>How much is measured (I-18).</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Iterations before the measurement that are not counted; 0 or more. Default 5.</summary>
    public int Warmup { get; init; } = 5;

    /// <summary>Iterations that are measured; 1 or more. Default 100.</summary>
    public int Iterations { get; init; } = 100;

    /// <summary>Iterations under way at once; 1 or more. Default 1.</summary>
    public int Concurrency { get; init; } = 1;

    /// <exception cref="ArgumentOutOfRangeException">A number is too small; it names the option.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Warmup);
        ArgumentOutOfRangeException.ThrowIfLessThan(Iterations, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Concurrency, 1);
    }
}
