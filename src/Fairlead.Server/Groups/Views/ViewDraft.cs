using System.Text;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry.Redact;

namespace Fairlead.Server.Groups.Views;

/// <summary>What of a view can be judged without the tool: lengths, names, secrets in the clear.</summary>
internal static class ViewDraft
{
    /// <summary>Longest title.</summary>
    public const int MaxTitleLength = 200;

    /// <summary>Most parameters hidden, and likewise fixed.</summary>
    public const int MaxParameters = 100;

    /// <summary>Longest name of a parameter.</summary>
    public const int MaxParameterLength = 256;

    /// <summary>Most characters of a stored view.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>The first thing wrong; null when fine.</summary>
    public static StoreError? Check(ToolViewConfig view)
    {
        if (view.Name is { } name && !ExposedNames.IsValid(name))
            return Invalid(
                $"A tool's name is 1 to {ExposedNames.MaxLength} of A-Z a-z 0-9 _ - and does not begin with {ExposedNames.ReservedPrefix}.",
                "view.name"
            );
        if (view.Name is { } word && ExposedNames.IsOfFinder(word))
            return Invalid($"{word} is how groups that list no tools find them.", "view.name");
        if (view.Title is { } title && (title.Trim().Length is 0 or > MaxTitleLength || title.Any(char.IsControl)))
            return Invalid($"A title has 1 to {MaxTitleLength} visible characters.", "view.title");
        if (Names(view.Hidden, "view.hidden") is { } hidden)
            return hidden;
        if (Names([.. view.Fixed.Keys], "view.fixed") is { } fixedNames)
            return fixedNames;
        if (view.Hidden.FirstOrDefault(view.Fixed.ContainsKey) is { } both)
            return Invalid($"'{both}' is fixed and thereby hidden: name it in one of the two.", "view.hidden");
        foreach (var (parameter, value) in view.Fixed)
        {
            if (
                value.ValueKind is System.Text.Json.JsonValueKind.String
                && !FixedValue.HasReference(value)
                && SecretWords.IsSecretKey(Encoding.UTF8.GetBytes(parameter))
            )
                return Invalid(
                    $"'{parameter}' is called like a secret: store its value as a secret and write ${{secret:NAME}}.",
                    $"view.fixed.{parameter}"
                );
        }
        return StoreJson.Write(view).Length <= MaxLength
            ? null
            : Invalid($"A view has at most {MaxLength} characters.", "view");
    }

    private static StoreError? Names(IReadOnlyCollection<string> names, string field) =>
        names.Count <= MaxParameters
        && names.All(static name => name is { Length: > 0 and <= MaxParameterLength })
        && names.Distinct().Count() == names.Count
            ? null
            : Invalid(
                $"{field} names at most {MaxParameters} parameters, each once, by 1 to {MaxParameterLength} characters.",
                field
            );

    private static StoreError Invalid(string message, string field) => new("INVALID_PARAMETER", message, field);
}
