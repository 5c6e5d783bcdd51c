using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Services.Import;

namespace Fairlead.Server.Services.Bundles;

/// <summary>The <c>user_config</c> of a bundle, and the variables of its command line.</summary>
internal sealed partial class BundleConfig
{
    /// <summary>The bundle's own folder in its manifest.</summary>
    public const string Folder = "${__dirname}";

    private static readonly string[] Types = ["string", "number", "boolean", "directory", "file"];
    private readonly Dictionary<string, ImportInput> inputs = new(StringComparer.Ordinal);

    // Values of keys that may have several: they become arguments of their own.
    private readonly Dictionary<string, IReadOnlyList<string>> several = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, string> values;

    public BundleConfig(JsonElement? config, IReadOnlyDictionary<string, string> values, Action<string, string> problem)
    {
        this.values = values;
        if (config is not { } keys)
            return;
        foreach (var member in keys.EnumerateObject())
        {
            var field = $"user_config.{member.Name}";
            if (member.Value.ValueKind != JsonValueKind.Object)
            {
                problem(field, "must be an object");
                continue;
            }
            var type = Text(member.Value, "type") ?? "";
            if (!Types.Contains(type))
                problem($"{field}.type", $"must be one of {string.Join(", ", Types)}");
            Add(member.Name, member.Value, type);
            if (
                several.TryGetValue(member.Name, out var given)
                && given.Any(v =>
                    v.Contains("${input", StringComparison.Ordinal) || v.Contains("${secret", StringComparison.Ordinal)
                )
            )
                problem(field, "must not contain a reference");
        }
    }

    public IReadOnlyList<ImportInput> Inputs => [.. inputs.Values];

    /// <summary>The arguments that one argument stands for: none for a value that nobody gave, several for a list.</summary>
    public IEnumerable<string> ExpandAll(string arg, string home)
    {
        if (
            Whole().Match(arg) is { Success: true } match
            && inputs.TryGetValue(match.Groups["key"].Value, out var input)
        )
        {
            if (several.TryGetValue(input.Id, out var all) && (all.Count > 0 || !input.Required))
                return all;
            if (!input.Required && input.Default is null && !values.ContainsKey(input.Id))
                return [];
        }
        return [Expand(arg, home)];
    }

    /// <summary>A text with the manifest's variables as ours.</summary>
    public string Expand(string text, string home) =>
        Reference()
            .Replace(
                text,
                match =>
                    match.Groups["name"].Value switch
                    {
                        "__dirname" => home,
                        "DESKTOP" => "${HOME}/Desktop",
                        "DOCUMENTS" => "${HOME}/Documents",
                        "DOWNLOADS" => "${HOME}/Downloads",
                        "pathSeparator" or "/" => "/",
                        var name when name.StartsWith("user_config.", StringComparison.Ordinal) => OfKey(
                            name["user_config.".Length..]
                        ),
                        _ => match.Value,
                    }
            );

    private string OfKey(string key) =>
        several.TryGetValue(key, out var all) && all.Count > 0 ? string.Join(',', all) : $"${{input:{key}}}";

    private void Add(string key, JsonElement spec, string type)
    {
        var isMultiple = spec.TryGetProperty("multiple", out var multiple) && multiple.ValueKind == JsonValueKind.True;
        spec.TryGetProperty("default", out var given);
        inputs[key] = new ImportInput(key)
        {
            Description = Text(spec, "description") ?? Text(spec, "title") ?? "",
            Type = type,
            Required = spec.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.True,
            Secret = spec.TryGetProperty("sensitive", out var sensitive) && sensitive.ValueKind == JsonValueKind.True,
            Default = isMultiple ? null : Plain(given),
            Min = Number(spec, "min"),
            Max = Number(spec, "max"),
        };
        if (!isMultiple)
            return;
        several[key] =
            values.TryGetValue(key, out var lines)
                ? lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : given.ValueKind == JsonValueKind.Array ? [.. given.EnumerateArray().Select(Plain).OfType<string>()]
            : Plain(given) is { } one ? [one]
            : [];
    }

    private string? Plain(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => Expand(value.GetString()!, ""),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            _ => null,
        };

    private static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static double? Number(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    [GeneratedRegex(@"\$\{(?<name>[^}]*)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Reference();

    [GeneratedRegex(@"^\$\{user_config\.(?<key>[^}]*)\}$", RegexOptions.NonBacktracking)]
    private static partial Regex Whole();
}
