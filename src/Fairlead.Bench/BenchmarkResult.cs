using System.Text.Json;

namespace Fairlead.Bench;

/// <summary>What a run measured (I-18). Written to and read from JSON, to be compared with later ones.</summary>
public sealed record BenchmarkResult
{
    /// <summary>Number of the stored form.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Number of the form it is stored in; <see cref="CurrentSchema"/>.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>What was measured.</summary>
    public required string Name { get; init; }

    /// <summary>When the measurement began, after the warm-up.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Iterations that were measured, failed ones too.</summary>
    public required int Iterations { get; init; }

    /// <summary>Iterations under way at once.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Iterations that failed.</summary>
    public required int Failures { get; init; }

    /// <summary>Why the first of them failed; null when none did.</summary>
    public string? FirstFailure { get; init; }

    /// <summary>From the first iteration's beginning to the last one's end, in milliseconds.</summary>
    public required double DurationMs { get; init; }

    /// <summary>Iterations a second that went well.</summary>
    public required double Throughput { get; init; }

    /// <summary>How long they took; null when all failed.</summary>
    public required Times? Times { get; init; }

    /// <summary>The result as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, BenchJson.Default.BenchmarkResult);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is no result, or one of a newer form.</exception>
    public static BenchmarkResult Parse(string json)
    {
        BenchmarkResult? read;
        try
        {
            read = JsonSerializer.Deserialize(json, BenchJson.Default.BenchmarkResult);
        }
        catch (JsonException failure)
        {
            throw new FormatException($"This is no saved benchmark: {failure.Message}", failure);
        }
        if (read is null)
            throw new FormatException("This is no saved benchmark: it is null.");
        return read.Schema == CurrentSchema
            ? read
            : throw new FormatException($"This benchmark was saved in form {read.Schema}, known is {CurrentSchema}.");
    }

    internal static BenchmarkResult Of(string name, DateTimeOffset at, BenchmarkOptions options, Tally tally)
    {
        var sorted = tally.Sorted();
        return new BenchmarkResult
        {
            Name = name,
            At = at,
            Iterations = options.Iterations,
            Concurrency = options.Concurrency,
            Failures = tally.Failures,
            FirstFailure = tally.FirstFailure,
            DurationMs = tally.Took.TotalMilliseconds,
            Throughput = PerSecond(sorted.Length, tally.Took),
            Times = Times.Of(sorted),
        };
    }

    // Nothing is faster than the clock can tell.
    internal static double PerSecond(int count, TimeSpan took) => took > TimeSpan.Zero ? count / took.TotalSeconds : 0;
}
