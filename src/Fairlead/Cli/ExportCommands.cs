using System.CommandLine;

namespace Fairlead.Cli;

/// <summary><c>fairlead export …</c>: what a client needs to find the gateway, ready to paste (A-15).</summary>
internal static class ExportCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("export", "Configurations for clients.") { ClientConfig(verbs) };
    }

    private static Command ClientConfig(GatewayVerbs verbs)
    {
        var client = new Argument<string>("CLIENT")
        {
            Description = $"Which client: {string.Join(", ", ClientConfigs.Names)}",
        };
        var groups = new Option<string[]>("--group")
        {
            Description = "Server code, id or name of a group; may be repeated [default]",
            HelpName = "GROUP",
        };
        var withKey = new Option<bool>("--with-key")
        {
            Description = "Put the keys in, which is audited; else a reference or a placeholder stands for them",
        };
        var url = new Option<Uri>("--url")
        {
            Description = "Where the client finds the gateway, if not where this command does: a proxy's address",
            CustomParser = static result =>
            {
                if (
                    Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var given)
                    && given.Scheme is "http" or "https"
                )
                    return given;
                result.AddError($"--url: '{result.Tokens[0].Value}' is no address like https://mcp.example.org");
                return null;
            },
        };
        var command = verbs.Verb(
            "client-config",
            "Print what a client's configuration needs, for its groups.",
            [client, groups, withKey, url],
            async (session, parsed, cancellationToken) =>
            {
                List<ClientEntry> entries = [];
                foreach (var group in parsed.GetValue(groups) is { Length: > 0 } named ? named : ["default"])
                {
                    var found = await GroupKeys.FindGroupAsync(session, group, cancellationToken);
                    var key = parsed.GetValue(withKey)
                        ? await session.Client.Groups.ReadKeyAsync(found.Id, cancellationToken)
                        : null;
                    entries.Add(new ClientEntry(found.ServerCode, key));
                }
                session.Output.Line(
                    ClientConfigs.Write(
                        parsed.GetRequiredValue(client),
                        parsed.GetValue(url) ?? session.Server,
                        entries
                    )
                );
                return ExitCode.Ok;
            }
        );
        command.Validators.Add(result =>
        {
            if (result.GetValue(client) is { } name && !ClientConfigs.Names.Contains(name))
                result.AddError(
                    $"There is no client '{name}' here. There are: {string.Join(", ", ClientConfigs.Names)}."
                );
        });
        return command;
    }
}
