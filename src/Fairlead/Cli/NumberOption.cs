using System.CommandLine;
using System.Globalization;

namespace Fairlead.Cli;

/// <summary>An option that takes a whole number. What is none is refused in the same words as what is out of its range.</summary>
internal static class NumberOption
{
    /// <summary>One that has a value when it is not given.</summary>
    public static Option<int?> WithDefault(string name, string description, string help, int least, int most, int value)
    {
        var option = Create(name, description, help, least, most);
        option.DefaultValueFactory = _ => value;
        return option;
    }

    public static Option<int?> Create(
        string name,
        string description,
        string help,
        int least,
        int most,
        params string[] aliases
    ) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = help,
            // The parser's own conversion throws when a validator asks for the value of what is no number.
            CustomParser = result =>
            {
                var text = result.Tokens[^1].Value;
                if (
                    int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                    && number >= least
                    && number <= most
                )
                    return number;
                var range = most == int.MaxValue ? $"{least} or more" : $"{least} to {most}";
                result.AddError($"{name} is {range}, not '{text}'.");
                return null;
            },
        };
}
