using System.Reflection;
using System.Text;
using System.Text.Json;

namespace Fairlead.Server.Tools.Binding;

/// <summary>
/// Arguments of a tool all of whose parameters are plain texts, numbers, flags or lists of numbers: read, checked and bound
/// in one pass. It takes only what surely fits; anything else goes the long way, which also says what is wrong.
/// </summary>
internal sealed class QuickArguments
{
    private const int MostParameters = 32;
    private static readonly HashSet<string> RootMembers = ["type", "properties", "required", "title", "description"];
    private static readonly HashSet<string> ValueMembers = ["type", "description", "default", "title"];
    private readonly Plain[] parameters;
    private readonly uint required;

    private QuickArguments(Plain[] parameters, uint required)
    {
        this.parameters = parameters;
        this.required = required;
    }

    /// <summary>How a plain value is read.</summary>
    private delegate bool Read(ref Utf8JsonReader json, out object? value);

    /// <summary>Null where a parameter is not plain, or the schema asks for more than types.</summary>
    /// <param name="schema">The tool's input schema.</param>
    /// <param name="named">The parameters that clients send.</param>
    public static QuickArguments? Of(JsonElement schema, IReadOnlyList<ParameterInfo> named)
    {
        if (
            named.Count > MostParameters
            || schema.EnumerateObject().Any(static m => !RootMembers.Contains(m.Name))
            || !schema.TryGetProperty("properties", out var properties)
        )
            return null;
        var plain = new Plain[named.Count];
        for (var i = 0; i < plain.Length; i++)
        {
            var parameter = named[i];
            if (
                !properties.TryGetProperty(parameter.Name!, out var rule)
                || ReaderOf(parameter.ParameterType, rule) is not { } read
            )
                return null;
            plain[i] = new Plain(Encoding.UTF8.GetBytes(parameter.Name!), parameter.Position, read);
        }
        var needed = 0u;
        if (schema.TryGetProperty("required", out var names))
        {
            foreach (var name in names.EnumerateArray())
            {
                var at = Array.FindIndex(plain, p => name.ValueEquals(p.Name));
                if (at < 0)
                    return null;
                needed |= 1u << at;
            }
        }
        return new QuickArguments(plain, needed);
    }

    /// <summary>Puts the values where they belong; false, with some of them perhaps put, sends the call the long way.</summary>
    /// <param name="arguments">JSON as the client wrote it; empty for none.</param>
    /// <param name="values">A place for each parameter of the method.</param>
    public bool TryBind(ReadOnlySpan<byte> arguments, object?[] values)
    {
        if (arguments.IsEmpty)
            return required == 0;
        var json = new Utf8JsonReader(arguments);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            return false;
        var seen = 0u;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var at = Find(ref json);
            if (at < 0 || (seen & (1u << at)) != 0 || !json.Read() || !parameters[at].Read(ref json, out var value))
                return false;
            seen |= 1u << at;
            values[parameters[at].Index] = value;
        }
        return (seen & required) == required && json.TokenType == JsonTokenType.EndObject;
    }

    private int Find(ref Utf8JsonReader json)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            if (json.ValueTextEquals(parameters[i].Name))
                return i;
        }
        return -1;
    }

    private static Read? ReaderOf(Type type, JsonElement rule)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(double[]))
            return
                Says(rule, "array", "items")
                && rule.TryGetProperty("items", out var items)
                && Says(items, "number", "pattern")
                ? ReadNumbers
                : null;
        if (plain == typeof(string))
            return Says(rule, "string") ? ReadText : null;
        if (plain == typeof(bool))
            return Says(rule, "boolean") ? ReadFlag : null;
        if (plain == typeof(int))
            return Says(rule, "integer", "pattern") ? ReadInt : null;
        if (plain == typeof(long))
            return Says(rule, "integer", "pattern") ? ReadLong : null;
        return plain == typeof(double) && Says(rule, "number", "pattern") ? ReadNumber : null;
    }

    // A pattern is about texts: numbers meet it as they are.
    private static bool Says(JsonElement rule, string type, string? also = null) =>
        rule.ValueKind == JsonValueKind.Object
        && rule.EnumerateObject().All(m => ValueMembers.Contains(m.Name) || m.Name == also)
        && rule.TryGetProperty("type", out var types)
        && (
            types.ValueKind == JsonValueKind.String
                ? types.ValueEquals(type)
                : types.EnumerateArray().Any(t => t.ValueEquals(type))
        );

    private static bool ReadText(ref Utf8JsonReader json, out object? value)
    {
        // An escape by number may be half of a character.
        var fits =
            json.TokenType == JsonTokenType.String && (!json.ValueIsEscaped || json.ValueSpan.IndexOf("\\u"u8) < 0);
        value = fits ? json.GetString() : null;
        return fits;
    }

    private static bool ReadFlag(ref Utf8JsonReader json, out object? value)
    {
        value = json.TokenType == JsonTokenType.True;
        return json.TokenType is JsonTokenType.True or JsonTokenType.False;
    }

    private static bool ReadInt(ref Utf8JsonReader json, out object? value)
    {
        var number = 0;
        var fits = json.TokenType == JsonTokenType.Number && json.TryGetInt32(out number);
        value = number;
        return fits;
    }

    private static bool ReadLong(ref Utf8JsonReader json, out object? value)
    {
        var number = 0L;
        var fits = json.TokenType == JsonTokenType.Number && json.TryGetInt64(out number);
        value = number;
        return fits;
    }

    private static bool ReadNumber(ref Utf8JsonReader json, out object? value)
    {
        var fits = json.TokenType == JsonTokenType.Number & TryNumber(ref json, out var number);
        value = number;
        return fits;
    }

    private static bool ReadNumbers(ref Utf8JsonReader json, out object? value)
    {
        value = null;
        if (json.TokenType != JsonTokenType.StartArray)
            return false;
        var numbers = new PooledNumbers();
        try
        {
            while (json.Read() && json.TokenType == JsonTokenType.Number)
            {
                if (!TryNumber(ref json, out var number))
                    return false;
                numbers.Add(number);
            }
            value = numbers.ToArray();
            return json.TokenType == JsonTokenType.EndArray;
        }
        finally
        {
            numbers.Return();
        }
    }

    // Fifteen digits are exact in a double; most numbers are shorter whole ones, and need no more than this.
    private static bool TryNumber(ref Utf8JsonReader json, out double number)
    {
        var digits = json.ValueSpan;
        if (digits.Length is > 0 and <= 15 && !json.HasValueSequence)
        {
            var sum = 0L;
            foreach (var digit in digits)
            {
                var one = digit - (uint)'0';
                if (one > 9)
                    return Long(ref json, out number);
                sum = (sum * 10) + one;
            }
            number = sum;
            return true;
        }
        return Long(ref json, out number);

        static bool Long(ref Utf8JsonReader json, out double number)
        {
            number = 0;
            return json.TokenType == JsonTokenType.Number && json.TryGetDouble(out number) && double.IsFinite(number);
        }
    }

    /// <param name="Name">As it is on the wire.</param>
    /// <param name="Index">Its place among the method's parameters.</param>
    /// <param name="Read">Reads its value.</param>
    private sealed record Plain(byte[] Name, int Index, Read Read);
}
