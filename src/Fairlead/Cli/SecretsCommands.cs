using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead secrets …</c>: values are typed unseen, piped in or read from a file; none is ever printed.</summary>
internal static class SecretsCommands
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("secrets", "Secrets of services, which definitions name as ${secret:NAME}.")
        {
            List(verbs),
            Set(verbs),
            Remove(verbs),
        };
    }

    private static Argument<string> SecretArgument() => new("NAME") { Description = "Name of the secret" };

    private static Command List(GatewayVerbs verbs) =>
        verbs.Verb(
            "list",
            "List the names of secrets and who uses them.",
            [],
            async (session, _, cancellationToken) =>
            {
                var secrets = await session.Client.Secrets.ListAsync(cancellationToken).ToListAsync(cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(secrets, CliJson.Default.IReadOnlyListSecretInfo);
                else
                    session.Output.Table(
                        "No secrets here: 'fairlead secrets set' keeps one.",
                        ["NAME", "SET", "USED BY"],
                        secrets.Select(s =>
                            new[] { s.Name, ServiceView.Time(s.UpdatedAt), string.Join(", ", s.UsedBy) }
                        )
                    );
                return ExitCode.Ok;
            }
        );

    private static Command Set(GatewayVerbs verbs)
    {
        var name = SecretArgument();
        var file = new Option<string?>("--file")
        {
            Description = "Take the value from a file instead of asking or reading standard input",
            HelpName = "FILE",
        };
        return verbs.Verb(
            "set",
            "Set a secret: asks for the value, or reads standard input. Services that use it are started again.",
            [name, file],
            async (session, parsed, cancellationToken) =>
            {
                var secret = parsed.GetRequiredValue(name);
                var value = await ReadAsync(session.Terminal, secret, parsed.GetValue(file), cancellationToken);
                var set = await session.Client.Secrets.SetAsync(secret, value, cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(set, CliJson.Default.SecretInfo);
                else
                    session.Output.Line(
                        set.UsedBy.Count > 0
                            ? $"{set.Name} is set; used by {string.Join(", ", set.UsedBy)}"
                            : $"{set.Name} is set; definitions name it as ${{secret:{set.Name}}}"
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Remove(GatewayVerbs verbs)
    {
        var name = SecretArgument();
        var confirm = new ConfirmOption();
        return verbs.Verb(
            "remove",
            "Remove a secret that no service uses.",
            [name, confirm.Option],
            async (session, parsed, cancellationToken) =>
            {
                var secret = parsed.GetRequiredValue(name);
                await confirm.AskAsync(session, parsed, $"This removes the secret {secret}.", cancellationToken);
                var removed = await session.Client.Secrets.RemoveAsync(secret, cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(removed, CliJson.Default.SecretInfo);
                else
                    session.Output.Line($"{removed.Name} is removed");
                return ExitCode.Ok;
            }
        );
    }

    private static async Task<string> ReadAsync(
        Terminal terminal,
        string name,
        string? file,
        CancellationToken cancellationToken
    )
    {
        if (file is not null && !File.Exists(file))
            throw new CliFailure(ExitCode.WrongUsage, $"There is no file {file}.");
        var text =
            file is not null ? await File.ReadAllTextAsync(file, cancellationToken)
            : terminal.AskHidden is { } ask ? ask($"Value of {Output.Visible(name)}: ")
            : await terminal.In.ReadToEndAsync(cancellationToken);
        // Editors and echo end a file with a line break that is no part of the value; those inside are (a PEM key).
        var value =
            text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2]
            : text.EndsWith('\n') ? text[..^1]
            : text;
        return value.Length > 0
            ? value
            : throw new CliFailure(ExitCode.WrongUsage, "No value was given.", "Type it, pipe it in, or say --file.");
    }
}
