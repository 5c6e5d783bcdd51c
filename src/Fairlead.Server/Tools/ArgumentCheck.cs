using System.Text.Json;

namespace Fairlead.Server.Tools;

/// <summary>Compares arguments with a native tool's schema, so that a mistake is told with the parameter's name.</summary>
internal static class ArgumentCheck
{
    /// <summary>What is wrong, for the model that made the call; null when the tool can take them.</summary>
    /// <param name="arguments">The arguments as they were sent.</param>
    /// <param name="schema">The tool's input schema.</param>
    public static string? Find(JsonElement arguments, JsonElement schema)
    {
        if (arguments.ValueKind != JsonValueKind.Object)
            return $"'arguments' must be an object of the tool's parameters, not {Kind(arguments)}.";
        var known = schema.TryGetProperty("properties", out var properties)
            ? properties.EnumerateObject().ToDictionary(p => p.Name, p => p.Value)
            : [];
        foreach (var given in arguments.EnumerateObject())
        {
            if (!known.TryGetValue(given.Name, out var wanted))
                return $"There is no parameter '{given.Name}'. "
                    + (known.Count == 0 ? "The tool takes none." : $"The tool takes: {string.Join(", ", known.Keys)}.");
            if (Mismatch(given.Name, given.Value, wanted) is { } wrong)
                return wrong;
        }
        if (schema.TryGetProperty("required", out var required))
        {
            foreach (var name in required.EnumerateArray().Select(r => r.GetString()!))
            {
                if (!arguments.TryGetProperty(name, out _))
                    return $"The parameter '{name}' is missing: {Name(known[name])}.{Described(known[name])}";
            }
        }
        return null;
    }

    private static string? Mismatch(string path, JsonElement value, JsonElement wanted)
    {
        var types = Types(wanted);
        if (types.Count > 0 && !types.Exists(t => Fits(value, t)))
            return $"The parameter '{path}' must be {Name(wanted)}, not {Kind(value)}.";
        if (value.ValueKind == JsonValueKind.Number && !double.IsFinite(value.GetDouble()))
            return $"The parameter '{path}' is too large for a number.";
        if (value.ValueKind != JsonValueKind.Array || !wanted.TryGetProperty("items", out var items))
            return null;
        return value
            .EnumerateArray()
            .Select((v, i) => Mismatch($"{path}[{i}]", v, items))
            .FirstOrDefault(w => w is not null);
    }

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
