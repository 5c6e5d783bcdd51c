using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead tools show</c>, <c>update</c>, <c>enable</c> and <c>disable</c>: how a group offers its tools.</summary>
internal static class ToolSettingsCommand
{
    private static readonly Func<Option<string>> Group = static () =>
        new("--group")
        {
            Description = "Server code, id or name of the group",
            HelpName = "GROUP",
            DefaultValueFactory = static _ => "default",
        };

    public static Command Show(GatewayVerbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the tool in the group" };
        var group = Group();
        return verbs.Verb(
            "show",
            "Show how a group offers a tool, and what of that does not fit it.",
            [name, group],
            async (session, parsed, cancellationToken) =>
            {
                var found = await FindAsync(
                    session,
                    parsed.GetRequiredValue(group),
                    [parsed.GetRequiredValue(name)],
                    cancellationToken
                );
                PublishedToolView.Print(session, await session.Client.Tools.GetAsync(found[0].Id, cancellationToken));
                return ExitCode.Ok;
            }
        );
    }

    public static Command Update(GatewayVerbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the tool in the group" };
        var group = Group();
        var timeout = DefinitionCommands.CallTimeout("--timeout");
        var description = new Option<string?>("--description")
        {
            Description = "What models are told it does; '' gives the tool's own back",
            HelpName = "TEXT",
        };
        var view = new ToolViewOptions();
        var command = verbs.Verb(
            "update",
            "Change how a group offers a tool; what is not named stays, and the next call sees it.",
            [name, group, timeout, description, .. view.All],
            async (session, parsed, cancellationToken) =>
            {
                var found = await FindAsync(
                    session,
                    parsed.GetRequiredValue(group),
                    [parsed.GetRequiredValue(name)],
                    cancellationToken
                );
                // Only one tool alone has its definition, which says what type a value is of.
                var whole = await session.Client.Tools.GetAsync(found[0].Id, cancellationToken);
                return await SetAsync(
                    session,
                    [whole],
                    tool =>
                        Settings(tool) with
                        {
                            TimeoutSeconds = parsed.GetValue(timeout) ?? tool.TimeoutSeconds,
                            Description = parsed.GetValue(description) is { } text
                                ? (text.Length > 0 ? text : null)
                                : tool.Description,
                            View = view.Apply(parsed, tool),
                        },
                    "is changed",
                    cancellationToken
                );
            }
        );
        command.Validators.Add(result =>
        {
            if (result.GetResult(timeout) is null && result.GetResult(description) is null && !view.AreGiven(result))
                result.AddError("Say what to change: --timeout, --description, --rename, --hide, --fix, …");
        });
        command.Validators.Add(view.Validate);
        return command;
    }

    public static Command SetEnabled(GatewayVerbs verbs, bool enabled)
    {
        var names = new Argument<string[]>("NAME")
        {
            Description = "Names of tools in the group",
            Arity = ArgumentArity.OneOrMore,
        };
        var group = Group();
        return verbs.Verb(
            enabled ? "enable" : "disable",
            enabled ? "Offer tools of a group again." : "Offer tools of a group no longer; their names stay theirs.",
            [names, group],
            async (session, parsed, cancellationToken) =>
            {
                var found = await FindAsync(
                    session,
                    parsed.GetRequiredValue(group),
                    parsed.GetRequiredValue(names),
                    cancellationToken
                );
                return await SetAsync(
                    session,
                    found,
                    tool => Settings(tool) with { Enabled = enabled },
                    enabled ? "is offered" : "is no longer offered",
                    cancellationToken
                );
            }
        );
    }

    private static ToolSettings Settings(PublishedTool tool) =>
        new()
        {
            GroupId = tool.GroupId,
            Enabled = tool.Enabled,
            TimeoutSeconds = tool.TimeoutSeconds,
            Description = tool.Description,
            ConfigData = tool.ConfigData,
        };

    /// <summary>All of them, before any is changed.</summary>
    private static async Task<IReadOnlyList<PublishedTool>> FindAsync(
        Session session,
        string group,
        string[] names,
        CancellationToken cancellationToken
    )
    {
        var found = await GroupKeys.FindGroupAsync(session, group, cancellationToken);
        var tools = await session
            .Client.Tools.ListAsync(found.Id, cancellationToken)
            .ToDictionaryAsync(t => t.ToolName, null, cancellationToken);
        return
        [
            .. names.Select(name =>
                tools.GetValueOrDefault(name)
                ?? throw new CliFailure(
                    ExitCode.NotFound,
                    $"{found.Name} publishes no tool '{name}'.",
                    $"See 'fairlead tools list --group {found.ServerCode}'."
                )
            ),
        ];
    }

    private static async Task<int> SetAsync(
        Session session,
        IReadOnlyList<PublishedTool> tools,
        Func<PublishedTool, ToolSettings> settings,
        string what,
        CancellationToken cancellationToken
    )
    {
        List<PublishedTool> changed = [];
        foreach (var tool in tools)
            changed.Add(await session.Client.Tools.UpdateAsync(tool.Id, settings(tool), cancellationToken));
        if (session.Output.IsJson)
            session.Output.Json(changed, CliJson.Default.IReadOnlyListPublishedTool);
        else
            changed.ForEach(tool => session.Output.Line($"{tool.ToolName} {what}"));
        foreach (var problem in changed.SelectMany(tool => tool.ViewProblems))
            session.Output.Note($"{problem.Field}: {problem.Text}");
        return ExitCode.Ok;
    }
}
