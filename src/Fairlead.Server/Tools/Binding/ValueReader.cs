using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Fairlead.Server.Tools.Binding;

/// <summary>Turns one JSON value into a parameter's value; the usual types without the serializer.</summary>
/// <param name="type">The parameter's type.</param>
/// <param name="options">The serializer for the rest.</param>
internal sealed class ValueReader(Type type, JsonSerializerOptions options)
{
    private readonly Type plain = Nullable.GetUnderlyingType(type) ?? type;
    private readonly JsonTypeInfo info = options.GetTypeInfo(type);

    /// <summary>The value, or what is wrong with it: a sentence's end after the parameter's name.</summary>
    public object? Read(JsonElement json, out string? problem)
    {
        problem = null;
        if (json.ValueKind == JsonValueKind.Null && (!type.IsValueType || plain != type) && type != typeof(JsonElement))
            return null;
        if (plain == typeof(string) && json.ValueKind == JsonValueKind.String)
            return json.GetString();
        if (plain == typeof(bool) && json.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return json.GetBoolean();
        if (json.ValueKind == JsonValueKind.Number)
        {
            if (plain == typeof(int))
                return json.TryGetInt32(out var n) ? n
                    : Whole(json, int.MinValue, int.MaxValue, 32, out problem) is { } w ? (int)w
                    : null;
            if (plain == typeof(long))
                return json.TryGetInt64(out var n) ? n
                    : Whole(json, long.MinValue, long.MaxValue, 64, out problem) is { } w ? (long)w
                    : null;
            if (plain == typeof(double))
                return json.GetDouble();
        }
        return plain == typeof(JsonElement) ? json : Deserialize(json, out problem);
    }

    // 2.0 is a whole number too.
    private static decimal? Whole(JsonElement json, decimal min, decimal max, int bits, out string? problem)
    {
        var fits =
            json.TryGetDecimal(out var value) && decimal.Truncate(value) == value && value >= min && value <= max;
        problem = fits ? null : $" must be a whole number of at most {bits} bits.";
        return fits ? value : null;
    }

    private object? Deserialize(JsonElement json, out string? problem)
    {
        try
        {
            problem = null;
            return json.Deserialize(info);
        }
        catch (JsonException e)
        {
            var place = e.Path is { Length: > 1 } path ? path[1..] : "";
            problem = $"{place} cannot be read as {Name(plain)}.";
            return null;
        }
    }

    private static string Name(Type type) =>
        type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}" : type.Name;
}
