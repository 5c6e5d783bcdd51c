using System.CommandLine;
using Fairlead.Serve;
using Fairlead.Server.Hosting;

namespace Fairlead.Cli;

/// <summary><c>fairlead users …</c>: on the store itself, with no gateway asked.</summary>
internal static class UsersCommands
{
    public static Command Build(Terminal terminal) =>
        new("users", "Users of a store on this machine; works whether its gateway runs or not.")
        {
            SetPassword(terminal),
        };

    private static Command SetPassword(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the user, for example admin" };
        var data = new Option<string>("--data")
        {
            Description = "Folder of the store. Default ./data.",
            HelpName = "DIR",
        };
        var config = new Option<string>("--config")
        {
            Description = "The JSON file of settings the gateway is started with.",
            HelpName = "FILE",
        };
        var command = new Command(
            "set-password",
            "Give a user a new password. It is asked for, or read from standard input."
        )
        {
            name,
            data,
            config,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var user = parsed.GetRequiredValue(name);
                try
                {
                    var settings = new ServeSettings(
                        "",
                        parsed.GetValue(data),
                        McpConfig: null,
                        parsed.GetValue(config),
                        StdioGroup: null
                    );
                    await LocalStore.SetPasswordAsync(
                        settings.Load(),
                        user,
                        await PasswordAsync(terminal, user, cancellationToken),
                        cancellationToken
                    );
                    await terminal.Error.WriteLineAsync($"The password of {user} was changed.");
                    return ExitCode.Ok;
                }
                catch (CliFailure failure)
                {
                    Output.Explain(terminal, failure);
                    return failure.Code;
                }
                catch (Exception e) when (StartFailure.Explain(e) is { } line)
                {
                    Output.Explain(terminal, new CliFailure(ExitCode.Failed, line));
                    return ExitCode.Failed;
                }
            }
        );
        return command;
    }

    private static async Task<string> PasswordAsync(Terminal terminal, string user, CancellationToken cancellationToken)
    {
        if (terminal.AskHidden is not { } ask)
            return await terminal.In.ReadLineAsync(cancellationToken) is { Length: > 0 } line
                ? line
                : throw new CliFailure(ExitCode.WrongUsage, "No password was given.", "Type it, or pipe it in.");
        var password = ask($"New password of {user}: ");
        return ask("Once more: ") == password
            ? password
            : throw new CliFailure(ExitCode.WrongUsage, "The two passwords differ; nothing was changed.");
    }
}
