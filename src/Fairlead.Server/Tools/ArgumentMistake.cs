using System.Collections.Frozen;
using System.Text.Json;
using Fairlead.Server.Tools.Schemas;

namespace Fairlead.Server.Tools;

/// <summary>
/// Says what is wrong with a tool's arguments so that the model that made the call can put it right: the parameter's
/// name, what it must be and what it is.
/// </summary>
internal static class ArgumentMistake
{
    private const int MaxShown = 20;

    /// <summary>The sentence for a fault.</summary>
    /// <param name="fault">What does not fit.</param>
    /// <param name="input">The tool's input schema.</param>
    /// <param name="sensitive">Names whose values are never repeated.</param>
    public static string Text(SchemaFault fault, JsonElement input, FrozenSet<string> sensitive)
    {
        if (fault.Path.Length == 0 && fault.Keyword == "type")
            return $"'arguments' must be an object of the tool's parameters, not {Kind(fault.Value, hide: false)}.";
        var hide = fault.Path.Split('.', '[').Any(sensitive.Contains);
        var what = fault.Path.Length == 0 ? "The arguments" : $"The parameter '{fault.Path}'";
        return fault.Keyword switch
        {
            "required" or "dependentRequired" => Missing(fault),
            "additionalProperties" or "unevaluatedProperties" or "propertyNames" => Unknown(fault, input),
            "type" => $"{what} must be {Name(fault.Schema)}, not {Kind(fault.Value, hide)}.",
            "finite" => $"{what} is too large for a number.",
            "enum" => $"{what} must be one of {Listed(fault.Schema.GetProperty("enum"))}{Not(fault, hide)}.",
            "const" => $"{what} must be {fault.Schema.GetProperty("const").GetRawText()}{Not(fault, hide)}.",
            "minimum" => $"{what} must be at least {Limit(fault)}{Not(fault, hide)}.",
            "maximum" => $"{what} must be at most {Limit(fault)}{Not(fault, hide)}.",
            "exclusiveMinimum" => $"{what} must be more than {Limit(fault)}{Not(fault, hide)}.",
            "exclusiveMaximum" => $"{what} must be less than {Limit(fault)}{Not(fault, hide)}.",
            "multipleOf" => $"{what} must be a multiple of {Limit(fault)}{Not(fault, hide)}.",
            "minLength" => $"{what} must have at least {Limit(fault)} characters.",
            "maxLength" => $"{what} must have at most {Limit(fault)} characters.",
            "minItems" => $"{what} must have at least {Limit(fault)} items.",
            "maxItems" => $"{what} must have at most {Limit(fault)} items.",
            "minProperties" => $"{what} must have at least {Limit(fault)} members.",
            "maxProperties" => $"{what} must have at most {Limit(fault)} members.",
            "uniqueItems" => $"{what} holds a value twice.",
            "pattern" => $"{what} must match {Limit(fault)}.",
            "depth" or "effort" => "The arguments are too deep or too large to be checked.",
            var keyword => $"{what} does not fit the tool's schema ({keyword}).",
        };
    }

    /// <summary>The sentence for a parameter the tool does not have.</summary>
    public static string Unknown(string name, IReadOnlyCollection<string> known) =>
        $"There is no parameter '{name}'. "
        + (known.Count == 0 ? "The tool takes none." : $"The tool takes: {string.Join(", ", known)}.");

    private static string Unknown(SchemaFault fault, JsonElement input)
    {
        var known =
            input.TryGetProperty("properties", out var properties) && fault.Path.Length == 0
                ? properties.EnumerateObject().Select(p => p.Name).ToList()
                : [];
        return fault.Path.Length == 0
            ? Unknown(fault.Name!, known)
            : $"The parameter '{fault.Path}' has no member '{fault.Name}'.";
    }

    private static string Missing(SchemaFault fault)
    {
        var name = fault.Path.Length == 0 ? fault.Name : $"{fault.Path}.{fault.Name}";
        var schema =
            fault.Schema.TryGetProperty("properties", out var properties)
            && properties.TryGetProperty(fault.Name!, out var found)
                ? found
                : default;
        var described =
            schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("description", out var text)
                ? $" {text.GetString()}"
                : "";
        return $"The parameter '{name}' is missing: {Name(schema)}.{described}";
    }

    private static string Limit(SchemaFault fault) => fault.Schema.GetProperty(fault.Keyword).GetRawText();

    private static string Not(SchemaFault fault, bool hide) => $", not {Kind(fault.Value, hide)}";

    private static string Listed(JsonElement values)
    {
        var shown = values.EnumerateArray().Take(MaxShown).Select(v => v.GetRawText());
        return string.Join(", ", shown) + (values.GetArrayLength() > MaxShown ? ", …" : "");
    }

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
            "integer" => "a whole number",
            "array" or "object" => $"an {type}",
            "null" => type,
            _ => $"a {type}",
        };

    private static string Kind(JsonElement value, bool hide) =>
        value.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False => "a boolean",
            JsonValueKind.Null => "null",
            JsonValueKind.Number => hide ? "this number" : $"the number {value.GetRawText()}",
            JsonValueKind.Array or JsonValueKind.Object => $"an {value.ValueKind.ToString().ToLowerInvariant()}",
            _ => "a string",
        };
}
