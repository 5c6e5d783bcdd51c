using System.CommandLine;

namespace Fairlead.Cli;

/// <summary>An option that takes names with values, one each time it is given; a later one of a name replaces the earlier.</summary>
internal static class PairOption
{
    public static Option<string[]> Create(string name, string description, string help = "NAME=VALUE")
    {
        var option = new Option<string[]>(name) { Description = description, HelpName = help };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) <= 0))
                result.AddError($"{name}: '{token.Value}' is not {help}.");
        });
        return option;
    }

    /// <summary>The values by name; null when none was given.</summary>
    public static Dictionary<string, string>? Split(string[]? pairs)
    {
        if (pairs is not { Length: > 0 })
            return null;
        var values = new Dictionary<string, string>();
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            values[pair[..at]] = pair[(at + 1)..];
        }
        return values;
    }
}
