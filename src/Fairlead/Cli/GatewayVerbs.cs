using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>What all commands that talk to a gateway share: their options, and the way a failure ends.</summary>
internal sealed class GatewayVerbs(Terminal terminal)
{
    private const string DefaultServer = "http://127.0.0.1:8000";

    private readonly Option<string?> server = new("--server")
    {
        Description = $"Address of the gateway [FAIRLEAD_SERVER, else {DefaultServer}]",
        HelpName = "URL",
    };

    private readonly Option<bool> json = new("--json") { Description = "Print the result as JSON, for programs" };

    public DateTimeOffset Now => terminal.Time.GetUtcNow();

    /// <summary>A command; <paramref name="run"/> returns its exit code.</summary>
    public Command Verb(
        string name,
        string description,
        IEnumerable<Symbol> symbols,
        Func<Session, ParseResult, CancellationToken, Task<int>> run
    )
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            if (symbol is Option option)
                command.Add(option);
            else
                command.Add((Argument)symbol);
        }
        command.Add(server);
        command.Add(json);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, run, cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(
        ParseResult parsed,
        Func<Session, ParseResult, CancellationToken, Task<int>> run,
        CancellationToken cancellationToken
    )
    {
        var address = parsed.GetValue(server) ?? terminal.Variable("FAIRLEAD_SERVER") ?? DefaultServer;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            Output.Explain(
                terminal,
                new(ExitCode.WrongUsage, $"'{address}' is no address of a gateway.", $"Write it like {DefaultServer}."),
                parsed.GetValue(json)
            );
            return ExitCode.WrongUsage;
        }
        // Behind a proxy it may be below a path, and all that is asked for is below that.
        uri = new Uri(uri.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/");
        using var session = new Session(terminal, uri, parsed.GetValue(json));
        try
        {
            return await run(session, parsed, cancellationToken);
        }
        catch (Exception failure) when (CliFailure.Of(failure, uri) is { } known)
        {
            Output.Explain(terminal, known, parsed.GetValue(json));
            return known.Code;
        }
    }
}
