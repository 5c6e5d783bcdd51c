using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead groups …</c></summary>
internal static class GroupsCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("groups", "Groups: logical MCP servers with their own key.")
        {
            List(verbs),
            Show(verbs),
            Add(verbs),
            Update(verbs),
            SetEnabled(verbs, true),
            SetEnabled(verbs, false),
            Services(verbs, "add-service", "Publish what services offer in a group.", publish: true),
            Services(verbs, "remove-service", "Take services out of a group; their names stay theirs.", publish: false),
            Remove(verbs),
        };
    }

    public static Argument<string> GroupArgument() =>
        new("GROUP") { Description = "Server code, id or name of the group" };

    private static Command List(GatewayVerbs verbs)
    {
        var page = new PageOptions();
        return verbs.Verb(
            "list",
            "List the groups.",
            page.All,
            async (session, parsed, cancellationToken) =>
            {
                var groups = await page.TakeAsync(
                    parsed,
                    session.Client.Groups.ListAsync(cancellationToken),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(groups, CliJson.Default.IReadOnlyListGroupInfo);
                else
                    session.Output.Table("No groups here.", GroupView.Columns, groups.Select(GroupView.Row));
                return ExitCode.Ok;
            }
        );
    }

    private static Command Show(GatewayVerbs verbs)
    {
        var group = GroupArgument();
        return verbs.Verb(
            "show",
            "Show one group: its address, limits, services and who may call it.",
            [group],
            async (session, parsed, cancellationToken) =>
            {
                var found = await GroupKeys.FindGroupAsync(session, parsed.GetRequiredValue(group), cancellationToken);
                GroupView.Print(session, found);
                return ExitCode.Ok;
            }
        );
    }

    private static Command Add(GatewayVerbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Unique name, 1 to 100 characters" };
        var fields = new GroupFields();
        var services = new Option<string[]>("--service")
        {
            Description = "Publish this service (name or id) from the start; may be repeated",
            HelpName = "SERVICE",
        };
        var command = verbs.Verb(
            "add",
            "Make a group. Its new key is printed on standard output, everything else on standard error.",
            [name, services, .. fields.All],
            async (session, parsed, cancellationToken) =>
            {
                var made = await session.Client.Groups.CreateAsync(
                    fields.Draft(parsed, parsed.GetRequiredValue(name), parsed.GetValue(services)),
                    cancellationToken
                );
                if (session.Output.IsJson)
                {
                    session.Output.Json(made, CliJson.Default.GroupInfo);
                    return ExitCode.Ok;
                }
                session.Output.Note($"{made.Name} is made; clients reach it at {GroupView.Address(session, made)}");
                session.Output.Line(made.ApiKey!);
                return ExitCode.Ok;
            }
        );
        command.Aliases.Add("create");
        return command;
    }

    private static Command Update(GatewayVerbs verbs)
    {
        var group = GroupArgument();
        var name = new Option<string?>("--name") { Description = "A new name", HelpName = "NAME" };
        var fields = new GroupFields();
        var command = verbs.Verb(
            "update",
            "Change a group; what is not named stays as it is.",
            [group, name, .. fields.All],
            async (session, parsed, cancellationToken) =>
            {
                var found = await GroupKeys.FindGroupAsync(session, parsed.GetRequiredValue(group), cancellationToken);
                var changed = await session.Client.Groups.UpdateAsync(
                    found.Id,
                    fields.Change(parsed, parsed.GetValue(name)),
                    cancellationToken
                );
                GroupView.Print(session, changed);
                return ExitCode.Ok;
            }
        );
        command.Validators.Add(result =>
        {
            if (
                new Option[] { name }
                    .Concat(fields.All)
                    .All(o => result.GetResult(o) is not { Tokens.Count: > 0 })
            )
                result.AddError("Say what to change: --name, --description, --code, …");
        });
        return command;
    }

    private static Command SetEnabled(GatewayVerbs verbs, bool enabled)
    {
        var groups = new Argument<string[]>("GROUP")
        {
            Description = "Server codes, ids or names of groups",
            Arity = ArgumentArity.OneOrMore,
        };
        return verbs.Verb(
            enabled ? "enable" : "disable",
            enabled ? "Let calls in." : "Refuse calls; the key stays.",
            [groups],
            async (session, parsed, cancellationToken) =>
            {
                List<GroupInfo> found = [];
                // All are found before any is changed.
                foreach (var group in parsed.GetRequiredValue(groups))
                    found.Add(await GroupKeys.FindGroupAsync(session, group, cancellationToken));
                List<GroupInfo> changed = [];
                foreach (var group in found)
                    changed.Add(await session.Client.Groups.SetEnabledAsync(group.Id, enabled, cancellationToken));
                GroupView.Print(session, changed, $"is {(enabled ? "enabled" : "disabled")}");
                return ExitCode.Ok;
            }
        );
    }

    private static Command Services(GatewayVerbs verbs, string verb, string description, bool publish)
    {
        var group = GroupArgument();
        var services = new Argument<string[]>("SERVICE")
        {
            Description = "Names or ids of services",
            Arity = ArgumentArity.OneOrMore,
        };
        return verbs.Verb(
            verb,
            description,
            [group, services],
            async (session, parsed, cancellationToken) =>
            {
                var found = await GroupKeys.FindGroupAsync(session, parsed.GetRequiredValue(group), cancellationToken);
                var names = parsed.GetRequiredValue(services);
                foreach (var service in names)
                    await session.Client.Services.GetAsync(service, cancellationToken);
                foreach (var service in names)
                    found = publish
                        ? await session.Client.Groups.PublishAsync(found.Id, service, cancellationToken)
                        : await session.Client.Groups.UnpublishAsync(found.Id, service, cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(found, CliJson.Default.GroupInfo);
                else
                    session.Output.Line(
                        found.Services.Count == 0
                            ? $"{found.Name} publishes no services"
                            : $"{found.Name} publishes {string.Join(", ", found.Services.Select(s => s.Name))}"
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Remove(GatewayVerbs verbs)
    {
        var group = GroupArgument();
        var confirm = new ConfirmOption();
        return verbs.Verb(
            "remove",
            "Remove a group with its key and the names it gave out.",
            [group, confirm.Option],
            async (session, parsed, cancellationToken) =>
            {
                var found = await GroupKeys.FindGroupAsync(session, parsed.GetRequiredValue(group), cancellationToken);
                await confirm.AskAsync(
                    session,
                    parsed,
                    $"This removes the group {found.Name} with its key; clients that use it are refused from then on.",
                    cancellationToken
                );
                GroupView.Print(
                    session,
                    [await session.Client.Groups.DeleteAsync(found.Id, cancellationToken)],
                    "is removed"
                );
                return ExitCode.Ok;
            }
        );
    }
}
