using System.Text.Json;

namespace Fairlead.Server.Tools;

/// <summary>
/// Compares arguments with a native tool's schema, so that a mistake is told with the parameter's name. The schema is
/// read once; what is right costs no text.
/// </summary>
internal sealed class ArgumentCheck
{
    private readonly Dictionary<string, Wanted> known;
    private readonly string[] required;

    /// <param name="schema">The tool's input schema.</param>
    public ArgumentCheck(JsonElement schema)
    {
        known = schema.TryGetProperty("properties", out var properties)
            ? properties.EnumerateObject().ToDictionary(p => p.Name, p => new Wanted(p.Value))
            : [];
        required = schema.TryGetProperty("required", out var names)
            ? [.. names.EnumerateArray().Select(r => r.GetString()!)]
            : [];
    }

    /// <summary>What a parameter or the items of one may be.</summary>
    private sealed class Wanted(JsonElement schema)
    {
        public JsonElement Schema { get; } = schema;
        public List<string> Types { get; } = ArgumentCheck.Types(schema);
        public Wanted? Items { get; } =
            schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("items", out var items)
                ? new Wanted(items)
                : null;
    }

    /// <summary>What is wrong, for the model that made the call; null when the tool can take them.</summary>
    /// <param name="arguments">The arguments as they were sent.</param>
    public string? Find(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.Object)
            return $"'arguments' must be an object of the tool's parameters, not {Kind(arguments)}.";
        foreach (var given in arguments.EnumerateObject())
        {
            if (!known.TryGetValue(given.Name, out var wanted))
                return $"There is no parameter '{given.Name}'. "
                    + (known.Count == 0 ? "The tool takes none." : $"The tool takes: {string.Join(", ", known.Keys)}.");
            if (!IsRight(given.Value, wanted))
                return Mismatch(given.Name, given.Value, wanted);
        }
        foreach (var name in required)
        {
            if (!arguments.TryGetProperty(name, out _))
                return $"The parameter '{name}' is missing: {Name(known[name].Schema)}.{Described(known[name].Schema)}";
        }
        return null;
    }

    private static bool IsRight(JsonElement value, Wanted wanted)
    {
        if (!FitsAny(value, wanted.Types) || IsTooLarge(value))
            return false;
        if (wanted.Items is not { } items || value.ValueKind != JsonValueKind.Array)
            return true;
        foreach (var item in value.EnumerateArray())
        {
            if (!IsRight(item, items))
                return false;
        }
        return true;
    }

    // Only for what is wrong: finds the place and says it.
    private static string Mismatch(string path, JsonElement value, Wanted wanted)
    {
        if (!FitsAny(value, wanted.Types))
            return $"The parameter '{path}' must be {Name(wanted.Schema)}, not {Kind(value)}.";
        if (IsTooLarge(value))
            return $"The parameter '{path}' is too large for a number.";
        var (item, index) = value.EnumerateArray().Select((v, i) => (v, i)).First(v => !IsRight(v.v, wanted.Items!));
        return Mismatch($"{path}[{index}]", item, wanted.Items!);
    }

    private static bool FitsAny(JsonElement value, List<string> types)
    {
        foreach (var type in types)
        {
            if (Fits(value, type))
                return true;
        }
        return types.Count == 0;
    }

    private static bool IsTooLarge(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && !double.IsFinite(value.GetDouble());

    private static bool Fits(JsonElement value, string type) =>
        type switch
        {
            "string" => value.ValueKind == JsonValueKind.String,
            "number" => value.ValueKind == JsonValueKind.Number,
            // Whole parameters of native tools are 32 bits wide.
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "array" => value.ValueKind == JsonValueKind.Array,
            "object" => value.ValueKind == JsonValueKind.Object,
            "null" => value.ValueKind == JsonValueKind.Null,
            _ => true,
        };

    private static List<string> Types(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out var type)
            ? type.ValueKind == JsonValueKind.Array
                ? [.. type.EnumerateArray().Select(t => t.GetString()!)]
                : [type.GetString()!]
            : [];

    private static string Name(JsonElement schema)
    {
        var types = Types(schema);
        if (types is ["array"] && schema.TryGetProperty("items", out var items) && Types(items) is [var item])
            return $"an array of {item}s";
        return types.Count == 0 ? "a value" : string.Join(" or ", types.Select(Article));
    }

    private static string Article(string type) =>
        type switch
        {
            "integer" => "a whole number of at most 32 bits",
            "array" or "object" => $"an {type}",
            "null" => type,
            _ => $"a {type}",
        };

    private static string Described(JsonElement schema) =>
        schema.TryGetProperty("description", out var text) ? $" {text.GetString()}" : "";

    private static string Kind(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False => "a boolean",
            JsonValueKind.Null => "null",
            JsonValueKind.Number => $"the number {value.GetRawText()}",
            JsonValueKind.Array or JsonValueKind.Object => $"an {value.ValueKind.ToString().ToLowerInvariant()}",
            _ => "a string",
        };
}
