using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead keys …</c></summary>
internal static class KeysCommands
{
    private const int LongestGrace = 7 * 24 * 3600;

    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("keys", "Keys of groups.") { List(verbs), Show(verbs), Regenerate(verbs) };
    }

    private static Command List(GatewayVerbs verbs) =>
        verbs.Verb(
            "list",
            "List the groups that have a key and where it is good for; keys themselves are not shown.",
            [],
            async (session, _, cancellationToken) =>
            {
                var keys = await session
                    .Client.Groups.ListAsync(cancellationToken)
                    .Select(g => new ListedKey(g.Name, g.ServerCode, g.Enabled, GroupView.Address(session, g)))
                    .ToListAsync(cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(keys, CliJson.Default.IReadOnlyListListedKey);
                else
                    session.Output.Table(
                        "No groups here.",
                        ["CODE", "GROUP", "ENABLED", "ADDRESS"],
                        keys.Select(k => new[] { k.ServerCode, k.Group, GroupView.YesNo(k.Enabled), k.Address })
                    );
                return ExitCode.Ok;
            }
        );

    private static Command Show(GatewayVerbs verbs)
    {
        var group = GroupsCommands.GroupArgument();
        return verbs.Verb(
            "show",
            "Print the key of a group. Every look is audited.",
            [group],
            async (session, parsed, cancellationToken) =>
            {
                var (found, key) = await GroupKeys.FindAsync(
                    session,
                    parsed.GetRequiredValue(group),
                    cancellationToken
                );
                return Print(session, found, key);
            }
        );
    }

    private static Command Regenerate(GatewayVerbs verbs)
    {
        var group = GroupsCommands.GroupArgument();
        var grace = NumberOption.Create(
            "--grace",
            $"How long the old key still works, 0 to {LongestGrace} [0: it dies at once]",
            "SECONDS",
            0,
            LongestGrace
        );
        var confirm = new ConfirmOption();
        return verbs.Verb(
            "regenerate",
            "Give a group a new key and print it. The old one dies at once, with the streams opened by it.",
            [group, grace, confirm.Option],
            async (session, parsed, cancellationToken) =>
            {
                var found = await GroupKeys.FindGroupAsync(session, parsed.GetRequiredValue(group), cancellationToken);
                var after = parsed.GetValue(grace) ?? 0;
                await confirm.AskAsync(
                    session,
                    parsed,
                    $"Clients with the old key of {found.Name} are refused {(after > 0 ? $"in {after} s" : "at once")}.",
                    cancellationToken
                );
                var key = await session.Client.Groups.RegenerateKeyAsync(
                    found.Id,
                    TimeSpan.FromSeconds(after),
                    cancellationToken
                );
                return Print(session, found, key);
            }
        );
    }

    // Nothing but the key goes to a pipe.
    private static int Print(Session session, GroupInfo group, string key)
    {
        if (session.Output.IsJson)
            session.Output.Json(new(group.Name, group.ServerCode, key), CliJson.Default.ShownKey);
        else
            session.Output.Line(key);
        return ExitCode.Ok;
    }
}
