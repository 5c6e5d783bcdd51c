namespace Fairlead.Cli;

/// <summary>Passwords are typed unseen, or piped in; never an argument, which others of the machine could read.</summary>
internal static class Passwords
{
    /// <summary>A new password: a person types it twice.</summary>
    public static async Task<string> AskNewAsync(Terminal terminal, string user, CancellationToken cancellationToken)
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
