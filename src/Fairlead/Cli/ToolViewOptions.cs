using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>The options that say how a group shows a tool otherwise than its owner lists it.</summary>
internal sealed class ToolViewOptions
{
    private const string Own = "own";

    private readonly Option<string?> rename = new("--rename")
    {
        Description = "Another name in the group; '' gives the first one back. Old names stay the tool's",
        HelpName = "NAME",
    };

    private readonly Option<string?> title = new("--title")
    {
        Description = "A title for people; '' gives the tool's own back",
        HelpName = "TEXT",
    };

    private readonly Option<string[]> hide = new("--hide")
    {
        Description = "Hide a parameter: callers neither see it nor may send it; may be repeated",
        HelpName = "PARAM",
    };

    private readonly Option<string[]> fix = PairOption.Create(
        "--fix",
        "Fix a parameter's value, typed as the tool's schema says, and hide it; '${secret:NAME}' takes a secret; may be repeated",
        "PARAM=VALUE"
    );

    private readonly Option<string[]> show = new("--show")
    {
        Description = "Let callers give a hidden or fixed parameter again; may be repeated",
        HelpName = "PARAM",
    };

    private readonly Option<string?> readOnly = Hint("--read-only", "It changes nothing");
    private readonly Option<string?> destructive = Hint("--destructive", "What it changes may be lost");

    private readonly Option<string?> idempotent = Hint(
        "--idempotent",
        "Called twice it changes no more than once, so that it may be tried again"
    );

    private readonly Option<string?> openWorld = Hint("--open-world", "It deals with what is outside of it");

    private readonly Option<bool> none = new("--no-view")
    {
        Description = "Show it as its owner lists it again: name, title, parameters and hints",
    };

    public IReadOnlyList<Option> All =>
        [rename, title, hide, fix, show, readOnly, destructive, idempotent, openWorld, none];

    /// <summary>Whether any of them is there.</summary>
    public bool AreGiven(CommandResult result) => All.Any(o => result.GetResult(o) is { Implicit: false });

    /// <summary>Refuses what cannot be meant together.</summary>
    public void Validate(CommandResult result)
    {
        if (
            result.GetResult(none) is { Implicit: false }
            && All.Count(o => result.GetResult(o) is { Implicit: false }) > 1
        )
            result.AddError("--no-view takes the whole view away; leave the others out.");
    }

    /// <summary>The view that is asked for; null where none of the options is given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="tool">The tool with its own definition.</param>
    /// <exception cref="CliFailure">A value does not fit, or there is nothing to show again.</exception>
    public ToolView? Apply(ParseResult parsed, PublishedTool tool)
    {
        if (!AreGiven(parsed.CommandResult))
            return null;
        if (parsed.GetValue(none))
            return new ToolView();
        var before = tool.View ?? new ToolView();
        var hidden = (before.Hidden ?? []).ToList();
        var values = (before.Fixed ?? new Dictionary<string, JsonElement>()).ToDictionary();
        foreach (var name in parsed.GetValue(show) ?? [])
        {
            if (!hidden.Remove(name) & !values.Remove(name))
                throw new CliFailure(
                    ExitCode.WrongUsage,
                    $"The parameter {name} of {tool.ToolName} is neither hidden nor fixed.",
                    $"See 'fairlead tools show {tool.ToolName}'."
                );
        }
        foreach (var name in parsed.GetValue(hide) ?? [])
        {
            values.Remove(name);
            if (!hidden.Contains(name))
                hidden.Add(name);
        }
        if (parsed.GetValue(fix) is { Length: > 0 } pairs)
        {
            foreach (var value in ToolArguments.Build(pairs, Schema(tool)).EnumerateObject())
            {
                hidden.Remove(value.Name);
                values[value.Name] = value.Value;
            }
        }
        return before with
        {
            Name = Text(parsed, rename, before.Name),
            Title = Text(parsed, title, before.Title),
            Hidden = hidden,
            Fixed = values,
            Annotations = new ToolHints
            {
                ReadOnlyHint = Chosen(parsed, readOnly, before.Annotations?.ReadOnlyHint),
                DestructiveHint = Chosen(parsed, destructive, before.Annotations?.DestructiveHint),
                IdempotentHint = Chosen(parsed, idempotent, before.Annotations?.IdempotentHint),
                OpenWorldHint = Chosen(parsed, openWorld, before.Annotations?.OpenWorldHint),
            },
        };
    }

    private static JsonElement Schema(PublishedTool tool) =>
        tool.OwnDefinition is { } definition && definition.TryGetProperty("inputSchema", out var schema)
            ? schema
            : JsonElement.Parse("{}");

    private static string? Text(ParseResult parsed, Option<string?> option, string? before) =>
        parsed.GetValue(option) is { } text ? (text.Length > 0 ? text : null) : before;

    private static bool? Chosen(ParseResult parsed, Option<string?> option, bool? before) =>
        parsed.GetValue(option) switch
        {
            null => before,
            Own => null,
            var word => word == "true",
        };

    private static Option<string?> Hint(string name, string what)
    {
        var option = new Option<string?>(name)
        {
            Description = $"{what}; own leaves it to the tool's owner",
            HelpName = "true|false|own",
        };
        option.AcceptOnlyFromAmong("true", "false", Own);
        return option;
    }
}
