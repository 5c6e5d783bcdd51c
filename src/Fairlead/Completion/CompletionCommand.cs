using System.CommandLine;
using Fairlead.Cli;

namespace Fairlead.Completion;

/// <summary><c>fairlead completion …</c>: prints what makes a shell complete our command lines.</summary>
internal static class CompletionCommand
{
    public static Command Build(Terminal terminal)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong([.. ShellScripts.All.Keys]);
        var command = new Command(
            "completion",
            "Print the completion of a shell, for example: source <(fairlead completion bash)"
        )
        {
            shell,
        };
        command.SetAction(async parsed =>
        {
            await terminal.Out.WriteAsync(ShellScripts.All[parsed.GetRequiredValue(shell)]);
            return ExitCode.Ok;
        });
        return command;
    }
}
