using System.Text.Json;

namespace Fairlead.Server.Services.Import;

/// <summary>The <c>inputs</c> beside VS Code's servers.</summary>
internal static class InputList
{
    public static IReadOnlyList<ImportInput> Read(JsonElement root)
    {
        if (
            root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("inputs", out var inputs)
            || inputs.ValueKind != JsonValueKind.Array
        )
            return [];
        return
        [
            .. inputs
                .EnumerateArray()
                .Where(i => Text(i, "id") is not null)
                .Select(i => new ImportInput(Text(i, "id")!)
                {
                    Description = Text(i, "description") ?? "",
                    Secret = i.TryGetProperty("password", out var p) && p.ValueKind == JsonValueKind.True,
                    Default = Text(i, "default"),
                    Choices =
                        i.TryGetProperty("options", out var o) && o.ValueKind == JsonValueKind.Array
                            ? [.. o.EnumerateArray().Select(Option).OfType<string>()]
                            : [],
                }),
        ];
    }

    // An option is a text, or one with a label.
    private static string? Option(JsonElement option) =>
        option.ValueKind == JsonValueKind.String ? option.GetString() : Text(option, "value");

    private static string? Text(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object
        && of.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
