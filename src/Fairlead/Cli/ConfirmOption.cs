using System.CommandLine;

namespace Fairlead.Cli;

/// <summary>
/// <c>--yes</c> of commands that cannot be undone: a person is asked, a script has to say it. Nothing is done in a script by
/// mistake.
/// </summary>
internal sealed class ConfirmOption
{
    public Option<bool> Option { get; } = new("--yes", "-y") { Description = "Do not ask; needed in scripts" };

    /// <exception cref="CliFailure">The person said no, or there is none to ask.</exception>
    public async Task AskAsync(Session session, ParseResult parsed, string what, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Option))
            return;
        var terminal = session.Terminal;
        if (!terminal.InIsPerson)
            throw new CliFailure(
                ExitCode.WrongUsage,
                $"{what} Nobody can be asked here; nothing was changed.",
                "Say --yes if you mean it."
            );
        await terminal.Error.WriteAsync($"{Output.Visible(what)} Go on? [y/N] ");
        await terminal.Error.FlushAsync(cancellationToken);
        var answer = await terminal.In.ReadLineAsync(cancellationToken);
        if (answer?.Trim().ToUpperInvariant() is not ("Y" or "YES"))
            throw new CliFailure(ExitCode.Failed, "Nothing was changed.");
    }
}
