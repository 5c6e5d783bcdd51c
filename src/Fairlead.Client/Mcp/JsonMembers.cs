using System.Text.Json;

namespace Fairlead.Client;

/// <summary>What others wrote is read without trust: a member that is not there, or not of its kind, is null.</summary>
internal static class JsonMembers
{
    public static string? Text(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
