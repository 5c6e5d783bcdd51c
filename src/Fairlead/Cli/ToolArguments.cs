using System.Buffers;
using System.Text.Json;

namespace Fairlead.Cli;

/// <summary>The arguments of a tool as typed on a command line.</summary>
internal static class ToolArguments
{
    /// <summary>One JSON object.</summary>
    /// <exception cref="CliFailure">It is something else.</exception>
    public static JsonElement Parse(string json)
    {
        try
        {
            var value = JsonElement.Parse(json);
            return value.ValueKind == JsonValueKind.Object
                ? value
                : throw new CliFailure(
                    ExitCode.WrongUsage,
                    "--args must be a JSON object, like {\"name\": \"value\"}."
                );
        }
        catch (JsonException failure)
        {
            throw new CliFailure(ExitCode.WrongUsage, $"--args is not JSON: {failure.Message}");
        }
    }

    private const string Defs = "#/$defs/";
    private const int MostHops = 8;
    private static readonly string[] Compositions = ["anyOf", "oneOf", "allOf"];

    /// <summary>
    /// An object of <c>name=value</c> pairs. A value is taken as the type the schema gives it; without one as JSON
    /// where it is JSON, else as text.
    /// </summary>
    /// <exception cref="CliFailure">A pair has no name, comes twice or does not fit its type.</exception>
    public static JsonElement Build(IReadOnlyList<string> pairs, JsonElement schema)
    {
        var seen = new HashSet<string>();
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var pair in pairs)
            {
                var at = pair.IndexOf('=', StringComparison.Ordinal);
                if (at <= 0)
                    throw new CliFailure(ExitCode.WrongUsage, $"'{pair}' is not NAME=VALUE.");
                var name = pair[..at];
                if (!seen.Add(name))
                    throw new CliFailure(ExitCode.WrongUsage, $"The argument {name} is given twice.");
                writer.WritePropertyName(name);
                Write(writer, name, pair[(at + 1)..], TypesOf(schema, name));
            }
            writer.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }

    /// <summary>A word on arguments the schema does not name: mostly typing errors, but the tool decides; null when all are known.</summary>
    public static string? Unknown(JsonElement arguments, JsonElement schema)
    {
        if (!schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
            return null;
        var unknown = arguments
            .EnumerateObject()
            .Select(a => a.Name)
            .Where(name => !properties.TryGetProperty(name, out _))
            .ToList();
        return unknown.Count == 0
            ? null
            : $"The tool does not name {string.Join(", ", unknown)} among its arguments: {string.Join(", ", properties.EnumerateObject().Select(p => p.Name))}.";
    }

    private static void Write(Utf8JsonWriter writer, string name, string value, List<string> types)
    {
        var json = TryParse(value);
        if (json is { } parsed && (types.Count == 0 || types.Exists(type => Fits(parsed, type))))
            parsed.WriteTo(writer);
        else if (types.Count == 0 || types.Contains("string"))
            writer.WriteStringValue(value);
        else
            throw new CliFailure(
                ExitCode.WrongUsage,
                $"The argument {name} must be {string.Join(" or ", types)}, written as JSON, not '{value}'."
            );
    }

    private static bool Fits(JsonElement value, string type) =>
        type switch
        {
            // Text that happens to look like JSON, "42" with its quotes too, is the text as typed.
            "string" => false,
            "integer" => value.ValueKind == JsonValueKind.Number
                && value.TryGetDecimal(out var number)
                && decimal.IsInteger(number),
            "number" => value.ValueKind == JsonValueKind.Number,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "null" => value.ValueKind == JsonValueKind.Null,
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            _ => true,
        };

    private static List<string> TypesOf(JsonElement schema, string name)
    {
        if (
            !schema.TryGetProperty("properties", out var properties)
            || properties.ValueKind != JsonValueKind.Object
            || !properties.TryGetProperty(name, out var property)
        )
            return [];
        var types = new List<string>();
        Collect(schema, property, types, MostHops);
        return types;
    }

    // Large APIs name their types elsewhere, and say "or null" by two schemas.
    private static void Collect(JsonElement whole, JsonElement schema, List<string> types, int hops)
    {
        if (schema.ValueKind != JsonValueKind.Object || hops == 0)
            return;
        if (
            schema.TryGetProperty("$ref", out var reference)
            && reference.ToString() is { } path
            && path.StartsWith(Defs, StringComparison.Ordinal)
            && whole.TryGetProperty("$defs", out var defs)
            && defs.TryGetProperty(path[Defs.Length..], out var target)
        )
            Collect(whole, target, types, hops - 1);
        foreach (var keyword in Compositions)
        {
            if (!schema.TryGetProperty(keyword, out var parts) || parts.ValueKind != JsonValueKind.Array)
                continue;
            foreach (var part in parts.EnumerateArray())
                Collect(whole, part, types, hops - 1);
        }
        if (!schema.TryGetProperty("type", out var type))
            return;
        if (type.ValueKind == JsonValueKind.String)
            types.Add(type.GetString()!);
        else if (type.ValueKind == JsonValueKind.Array)
            types.AddRange(type.EnumerateArray().Select(t => t.ToString()));
    }

    private static JsonElement? TryParse(string value)
    {
        try
        {
            return JsonElement.Parse(value);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
