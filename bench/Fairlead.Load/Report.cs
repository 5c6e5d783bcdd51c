using System.Globalization;
using System.Text.Json;

namespace Fairlead.Load;

/// <summary>Tables for people, one JSON file for machines.</summary>
internal static class Report
{
    public static void Cells(
        IReadOnlyList<Target> targets,
        int size,
        int connections,
        IReadOnlyDictionary<CellKey, List<Measured>> results,
        string yardstick
    )
    {
        Console.WriteLine();
        Console.WriteLine(
            Invariant(
                $"{size} B, {connections} connections    calls/s   p50 ms   p95 ms   p99 ms   CPU us/call   tree   / {yardstick}   RSS MiB"
            )
        );
        foreach (var target in targets)
        {
            var key = new CellKey(target.Name, size, connections);
            var m = Middle(results[key]);
            var ratio = Verdict.Ratio(target, key, results) is { } r ? Invariant($"{r, 8:0.00}") : "        ";
            Console.WriteLine(
                Invariant(
                    $"  {target.Name, -24} {m.CallsPerSecond, 9:0} {m.P50, 8:0.00} {m.P95, 8:0.00} {m.P99, 8:0.00} {m.CpuPerCall, 13:0.0} {m.TreeCpuPerCall, 6:0.0} {ratio} {m.RssMiB, 9:0}"
                )
            );
        }
    }

    public static void Verdicts(IReadOnlyList<Verdict> verdicts)
    {
        Console.WriteLine();
        foreach (var verdict in verdicts)
            Console.WriteLine(verdict.Line);
    }

    public static void Json(
        string file,
        IReadOnlyDictionary<CellKey, List<Measured>> results,
        IReadOnlyList<Verdict> verdicts
    )
    {
        using var stream = File.Create(file);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteStartArray("cells");
        foreach (var (key, rounds) in results)
        {
            json.WriteStartObject();
            json.WriteString("target", key.Target);
            json.WriteNumber("payload", key.Size);
            json.WriteNumber("connections", key.Connections);
            json.WriteStartArray("rounds");
            foreach (var round in rounds)
                Write(json, round);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("targets");
        foreach (var verdict in verdicts)
        {
            json.WriteStartObject();
            json.WriteString("what", verdict.What);
            json.WriteNumber("value", Math.Round(verdict.Value, 3));
            json.WriteNumber("limit", verdict.Limit);
            json.WriteString("unit", verdict.Unit);
            json.WriteBoolean("passed", verdict.Passed);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Measured m)
    {
        json.WriteStartObject();
        json.WriteNumber("calls", m.Calls);
        json.WriteNumber("callsPerSecond", Math.Round(m.CallsPerSecond, 1));
        json.WriteNumber("p50Ms", Math.Round(m.P50, 3));
        json.WriteNumber("p95Ms", Math.Round(m.P95, 3));
        json.WriteNumber("p99Ms", Math.Round(m.P99, 3));
        json.WriteNumber("cpuMicroseconds", Math.Round(m.CpuPerCall, 2));
        json.WriteNumber("treeCpuMicroseconds", Math.Round(m.TreeCpuPerCall, 2));
        json.WriteNumber("rssMiB", Math.Round(m.RssMiB, 1));
        json.WriteEndObject();
    }

    private static Measured Middle(List<Measured> rounds) =>
        new(
            rounds.Sum(r => r.Calls),
            Verdict.Median(rounds.Select(r => r.CallsPerSecond)),
            Verdict.Median(rounds.Select(r => r.P50)),
            Verdict.Median(rounds.Select(r => r.P95)),
            Verdict.Median(rounds.Select(r => r.P99)),
            Verdict.Median(rounds.Select(r => r.CpuPerCall)),
            Verdict.Median(rounds.Select(r => r.TreeCpuPerCall)),
            Verdict.Median(rounds.Select(r => r.RssMiB))
        );

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
