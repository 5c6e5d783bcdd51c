using System.Globalization;
using System.Text.RegularExpressions;
using Fairlead.Server.Storage;

namespace Fairlead.Server.Services.Import;

/// <summary>
/// Puts values for <c>${input:ID}</c>: given with the import, else a secret of that name, else its default. What is a
/// secret goes to the store; what nobody said is still needed.
/// </summary>
internal sealed partial class InputValues(
    IReadOnlyList<ImportInput> inputs,
    IReadOnlyDictionary<string, string> values,
    Func<string, bool> isStored
)
{
    /// <summary>Ids of values that nothing asks for.</summary>
    public static IEnumerable<string> Unknown(ImportDocument document, IReadOnlyDictionary<string, string> values)
    {
        var asked = document
            .Entries.SelectMany(e => e.Definition.Texts)
            .SelectMany(t => Reference().Matches(t))
            .Select(m => m.Groups["id"].Value)
            .Concat(document.Inputs.Select(i => i.Id))
            .ToHashSet(StringComparer.Ordinal);
        return values.Keys.Where(id => !asked.Contains(id));
    }

    public ImportEntry Fill(ImportEntry entry, SecretFinder secrets)
    {
        List<ImportNeed> needs = [.. entry.Needs];
        List<ServiceProblem> problems = [.. entry.Problems];
        var definition = DefinitionTexts.Map(
            entry.Definition,
            text => Reference().Replace(text, m => Value(m.Groups["id"].Value, m.Value))
        );
        return entry with { Definition = definition, Needs = needs, Problems = problems };

        string Value(string id, string reference)
        {
            var input = inputs.FirstOrDefault(i => i.Id == id) ?? new ImportInput(id);
            if (values.TryGetValue(id, out var value))
            {
                if (Wrong(input, value) is { } wrong && problems.TrueForAll(p => p.Field != $"values.{id}"))
                    problems.Add(new($"values.{id}", wrong));
                // A value is never read as a reference: one that looks like one goes where values are taken as they are.
                return input.Secret || SecretFinder.IsSecretName(id) || value.Contains("${", StringComparison.Ordinal)
                    ? secrets.Keep(id, value)
                    : value;
            }
            // Its own secrets only: else a file could ask for those of other services and carry them away.
            if (id.StartsWith($"{entry.Name}.", StringComparison.Ordinal) && isStored(id))
                return $"${{secret:{id}}}";
            if (input.Default is { } plain)
                return plain;
            if (!input.Required)
                return "";
            if (needs.TrueForAll(n => n.Name != id || n.Kind != NeedKind.Input))
                needs.Add(new(NeedKind.Input, id, Sentence(input), true));
            return reference;
        }
    }

    private static string Sentence(ImportInput input) =>
        input.Description.Length > 0 ? input.Description : $"a value for {input.Id}";

    private static string? Wrong(ImportInput input, string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal))
            return "must not contain NUL";
        if (input.Choices.Count > 0 && !input.Choices.Contains(value))
            return $"must be one of {string.Join(", ", input.Choices)}";
        switch (input.Type)
        {
            case "boolean" when value is not ("true" or "false"):
                return "must be true or false";
            case "number":
                if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                    return "must be a number";
                return number < input.Min || number > input.Max
                    ? string.Create(CultureInfo.InvariantCulture, $"must be {input.Min} to {input.Max}")
                    : null;
            default:
                return null;
        }
    }

    [GeneratedRegex(@"\$\{input:(?<id>[^}]*)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Reference();
}
