using System.Text.Json;

namespace Fairlead.Server.Tools.Schemas;

/// <summary>Numbers of JSON: exact where 28 digits are enough, else as near as a double is.</summary>
internal static class JsonNumber
{
    public static bool IsWhole(JsonElement value)
    {
        if (value.TryGetInt64(out _))
            return true;
        if (value.TryGetDecimal(out var exact))
            return decimal.Truncate(exact) == exact;
        var near = value.GetDouble();
        return double.IsInfinity(near) || Math.Floor(near) == near;
    }

    public static int Compare(JsonElement a, JsonElement b) =>
        a.TryGetDecimal(out var x) && b.TryGetDecimal(out var y)
            ? x.CompareTo(y)
            : a.GetDouble().CompareTo(b.GetDouble());

    public static bool IsMultiple(JsonElement value, JsonElement step)
    {
        if (value.TryGetDecimal(out var x) && step.TryGetDecimal(out var y) && y != 0)
            return x % y == 0;
        var parts = value.GetDouble() / step.GetDouble();
        return double.IsFinite(parts) && Math.Floor(parts) == parts;
    }
}

/// <summary>Equality of JSON values as the specification has it: 1 and 1.0 are one, the order of members does not count.</summary>
internal sealed class JsonEquality : IEqualityComparer<JsonElement>
{
    public static readonly JsonEquality Instance = new();

    public bool Equals(JsonElement x, JsonElement y) => JsonElement.DeepEquals(x, y);

    public int GetHashCode(JsonElement obj)
    {
        var hash = new HashCode();
        hash.Add(obj.ValueKind);
        switch (obj.ValueKind)
        {
            case JsonValueKind.Number:
                hash.Add(obj.GetDouble());
                break;
            case JsonValueKind.String:
                hash.Add(obj.GetString());
                break;
            case JsonValueKind.Array:
                foreach (var item in obj.EnumerateArray())
                    hash.Add(GetHashCode(item));
                break;
            case JsonValueKind.Object:
                var sum = 0;
                foreach (var member in obj.EnumerateObject())
                    sum += HashCode.Combine(member.Name, GetHashCode(member.Value));
                hash.Add(sum);
                break;
        }
        return hash.ToHashCode();
    }
}
