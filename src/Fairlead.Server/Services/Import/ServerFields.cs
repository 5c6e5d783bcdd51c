using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>
/// Reads the parts of a <c>server.json</c>: members under their names of today and of before, and its inputs, which
/// become <c>${input:ID}</c> where somebody has to say their value.
/// </summary>
internal sealed partial class ServerFields(IReadOnlyDictionary<string, string> values)
{
    // What was renamed beyond its spelling.
    private static readonly Dictionary<string, string> Formerly = new(StringComparer.Ordinal)
    {
        ["registryType"] = "registry_name",
        ["type"] = "transport_type",
        ["identifier"] = "name",
    };

    private readonly List<ServiceProblem> problems = [];
    private readonly Dictionary<string, ImportInput> inputs = new(StringComparer.Ordinal);

    public IReadOnlyList<ServiceProblem> Problems => problems;
    public IReadOnlyList<ImportInput> Inputs => [.. inputs.Values];

    public void Problem(string field, string message) => problems.Add(new(field, message));

    public static JsonElement? Get(JsonElement of, string name)
    {
        if (of.ValueKind != JsonValueKind.Object)
            return null;
        if (of.TryGetProperty(name, out var value) || of.TryGetProperty(Snake(name), out value))
            return value;
        return Formerly.TryGetValue(name, out var old) && of.TryGetProperty(old, out value) ? value : null;
    }

    public string? Text(JsonElement of, string name)
    {
        switch (Get(of, name))
        {
            case { ValueKind: JsonValueKind.String } text:
                return text.GetString();
            case null or { ValueKind: JsonValueKind.Null }:
                return null;
            default:
                Problem(name, "must be text");
                return null;
        }
    }

    public static bool Flag(JsonElement of, string name) => Get(of, name) is { ValueKind: JsonValueKind.True };

    public IEnumerable<(JsonElement Item, string Path)> Items(JsonElement of, string name, string? path = null)
    {
        var where = path is null ? name : $"{path}.{name}";
        switch (Get(of, name))
        {
            case null or { ValueKind: JsonValueKind.Null }:
                return [];
            case { ValueKind: JsonValueKind.Array } list
                when list.EnumerateArray().All(i => i.ValueKind == JsonValueKind.Object):
                return [.. list.EnumerateArray().Select((item, i) => (item, $"{where}[{i}]"))];
            default:
                Problem(where, "must be a list of objects");
                return [];
        }
    }

    /// <summary>Headers or environment variables: those that have a value, or need one.</summary>
    public ImmutableSortedDictionary<string, string> Named(JsonElement of, string list, string path)
    {
        var map = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (item, where) in Items(of, list, path))
        {
            if (Text(item, "name") is not { Length: > 0 } name)
                Problem($"{where}.name", "is needed");
            else if (Value(item, name, where) is { } value)
                map[name] = value;
        }
        return map.ToImmutable();
    }

    /// <summary>The arguments of a list, as they are given to the program.</summary>
    public IEnumerable<string> Arguments(JsonElement of, string list, string path)
    {
        foreach (var (item, where) in Items(of, list, path))
        {
            var isNamed = Text(item, "type") == "named";
            // An old entry calls the value of a flag "value", too, and its flag "name".
            var name = Raw(item, "name");
            if (isNamed && string.IsNullOrEmpty(name))
            {
                Problem($"{where}.name", "is needed");
                continue;
            }
            var id = isNamed ? name!.TrimStart('-') : Text(item, "valueHint") ?? name ?? where;
            var hasValue = Get(item, "value") is not null || Get(item, "default") is not null;
            if (isNamed && !hasValue && !values.ContainsKey(id) && !Flag(item, "isRequired"))
            {
                // A flag by itself, unless it says that it takes something.
                if (Get(item, "valueHint") is null && Get(item, "format") is null && Get(item, "isSecret") is null)
                    yield return name!;
                continue;
            }
            if (Value(item, id, where) is not { } value)
                continue;
            if (isNamed)
                yield return name!;
            yield return value;
        }
    }

    /// <summary>A text with <c>{name}</c> in it, filled in from the item's <c>variables</c>.</summary>
    public string Template(string text, JsonElement item, string path)
    {
        var variables = Get(item, "variables");
        return Curly()
            .Replace(
                text,
                match =>
                {
                    var name = match.Groups["name"].Value;
                    return
                        match.Value[0] == '{'
                        && variables is { ValueKind: JsonValueKind.Object } known
                        && known.TryGetProperty(name, out var spec)
                        ? Value(spec, name, $"{path}.variables.{name}") ?? ""
                        : match.Value;
                }
            );
    }

    // Fixed, else given, else its default, else asked for when it is needed.
    private string? Value(JsonElement item, string id, string path)
    {
        if (Text(item, "value") is { } value)
            return Template(value, item, path);
        var isRequired = Flag(item, "isRequired");
        if (!values.ContainsKey(id) && !isRequired && Text(item, "default") is { } plain && !Flag(item, "isSecret"))
            return plain;
        if (!values.ContainsKey(id) && !isRequired && Get(item, "default") is null)
            return null;
        inputs[id] = new ImportInput(id)
        {
            Description = Text(item, "description") ?? "",
            Secret = Flag(item, "isSecret"),
            Required = isRequired,
            Default = Text(item, "default"),
            Type = Text(item, "format") ?? "string",
            Choices = Get(item, "choices") is { ValueKind: JsonValueKind.Array } choices
                ? [.. choices.EnumerateArray().Select(c => c.ToString())]
                : [],
        };
        return $"${{input:{id}}}";
    }

    // "name" of an argument is no identifier of a package.
    private static string? Raw(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Snake(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    [GeneratedRegex(@"\$?\{(?<name>[A-Za-z0-9_-]+)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Curly();
}
