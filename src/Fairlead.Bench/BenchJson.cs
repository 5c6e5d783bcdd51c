using System.Text.Json.Serialization;

namespace Fairlead.Bench;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(BenchmarkResult))]
internal sealed partial class BenchJson : JsonSerializerContext;
