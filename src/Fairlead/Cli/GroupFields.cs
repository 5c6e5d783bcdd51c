using System.CommandLine;
using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>The options that say what a group is like.</summary>
internal sealed class GroupFields
{
    private const int Default = -1;

    private readonly Option<string?> description = new("--description")
    {
        Description = "For people, at most 2000 characters",
        HelpName = "TEXT",
    };

    private readonly Option<string?> code = new("--code")
    {
        Description = "Server code in its address /mcp/CODE [made from the name]",
        HelpName = "CODE",
    };

    private readonly Option<string[]> roles = new("--role")
    {
        Description = "Only for users with one of these roles; may be repeated, '' lifts it",
        HelpName = "ROLE",
    };

    private readonly Option<string[]> tiers = new("--tier")
    {
        Description = "Only for users of one of these tiers; may be repeated, '' lifts it",
        HelpName = "TIER",
    };

    private readonly Option<int?> perMinute = Limit("--calls-per-minute", "Tool calls a minute");
    private readonly Option<int?> concurrent = Limit("--concurrent-calls", "Calls at once");

    private readonly Option<string?> native = Choice("--native", "Whether the gateway's own tools are published");

    private readonly Option<string?> logBodies = Choice(
        "--log-bodies",
        "Whether the call log keeps masked bodies of successful calls too"
    );

    private readonly Option<string?> findTools = Choice(
        "--find-tools",
        "Whether clients are listed find_tools and call_tool instead of all tools, for groups of many"
    );

    public IReadOnlyList<Option> All =>
        [description, code, roles, tiers, perMinute, concurrent, native, logBodies, findTools];

    public GroupDraft Draft(ParseResult parsed, string name, string[]? services) =>
        new()
        {
            Name = name,
            Description = parsed.GetValue(description) ?? "",
            ServerCode = parsed.GetValue(code),
            AllowedRoles = List(parsed, roles),
            UserTierAccess = List(parsed, tiers),
            CallsPerMinute = parsed.GetValue(perMinute) is Default ? null : parsed.GetValue(perMinute),
            ConcurrentCalls = parsed.GetValue(concurrent) is Default ? null : parsed.GetValue(concurrent),
            PublishNative = Chosen(parsed, native) ?? false,
            LogBodies = Chosen(parsed, logBodies) ?? false,
            FindTools = Chosen(parsed, findTools) ?? false,
            Services = services is { Length: > 0 } ? services : null,
        };

    public GroupChange Change(ParseResult parsed, string? name) =>
        new()
        {
            Name = name,
            Description = parsed.GetValue(description),
            ServerCode = parsed.GetValue(code),
            AllowedRoles = List(parsed, roles),
            UserTierAccess = List(parsed, tiers),
            CallsPerMinute = parsed.GetValue(perMinute),
            ConcurrentCalls = parsed.GetValue(concurrent),
            PublishNative = Chosen(parsed, native),
            LogBodies = Chosen(parsed, logBodies),
            FindTools = Chosen(parsed, findTools),
        };

    private static string[]? List(ParseResult parsed, Option<string[]> option) =>
        parsed.GetResult(option) is { Tokens.Count: > 0 }
            ? [.. parsed.GetValue(option)!.Where(text => text.Length > 0)]
            : null;

    // Text: of a bool the parser takes any other word for a stray argument.
    private static Option<string?> Choice(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "true|false" };
        option.AcceptOnlyFromAmong("true", "false");
        return option;
    }

    private static bool? Chosen(ParseResult parsed, Option<string?> choice) =>
        parsed.GetValue(choice) is { } text ? text == "true" : null;

    private static Option<int?> Limit(string name, string what) =>
        new(name)
        {
            Description = $"{what}; 0 lifts the limit, default takes the gateway's",
            HelpName = "N|default",
            CustomParser = result =>
            {
                var text = result.Tokens[^1].Value;
                if (text == "default")
                    return Default;
                if (int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= 0)
                    return number;
                result.AddError($"{name} is 0 or more, or default, not '{text}'.");
                return null;
            },
        };
}
