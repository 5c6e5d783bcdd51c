using System.CommandLine;

namespace Fairlead.Cli;

/// <summary><c>fairlead keys …</c></summary>
internal static class KeysCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("keys", "Keys of groups.") { Show(verbs) };
    }

    private static Command Show(GatewayVerbs verbs)
    {
        var group = new Argument<string>("GROUP") { Description = "Server code, id or name of the group" };
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
                if (session.Output.IsJson)
                    session.Output.Json(new(found.Name, found.ServerCode, key), CliJson.Default.ShownKey);
                else
                    session.Output.Line(key);
                return ExitCode.Ok;
            }
        );
    }
}
