using System.CommandLine;
using System.CommandLine.Completions;
using Fairlead.Cli;
using Fairlead.Client;

namespace Fairlead.Completion;

/// <summary>
/// Completes names that only the gateway knows. They hang on what the values are called in the help, so that a new
/// command needs nothing here. Quick and silent: no gateway, no sign-in or no answer in time gives no names.
/// </summary>
internal sealed class KnownNames(Terminal terminal)
{
    private const string DefaultServer = "http://127.0.0.1:8000";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>Gives every value of the tree that names a service, a group or a client its names.</summary>
    public void AddTo(Command command)
    {
        foreach (var argument in command.Arguments)
            if (Source(command, argument.Name) is { } source)
                argument.CompletionSources.Add(source);
        foreach (var option in command.Options)
            if (option.HelpName is { } help && Source(null, help) is { } source)
                option.CompletionSources.Add(source);
        foreach (var sub in command.Subcommands)
            AddTo(sub);
    }

    private Func<CompletionContext, IEnumerable<CompletionItem>>? Source(Command? command, string value) =>
        value switch
        {
            "SERVICE" => Services,
            // The one who adds a service makes its name up.
            "NAME" when command is { Name: not ("add" or "import") } && IsUnder(command, "services") => Services,
            "GROUP" or "CODE" => Groups,
            "NAME" when command is not null && IsUnder(command, "secrets") => Secrets,
            "CLIENT" => _ => ClientConfigs.Names.Select(name => new CompletionItem(name)),
            _ => null,
        };

    private List<CompletionItem> Services(CompletionContext context) =>
        Ask(context, (client, token) => client.Services.ListAsync(null, token).Select(s => s.Name));

    private List<CompletionItem> Secrets(CompletionContext context) =>
        Ask(context, (client, token) => client.Secrets.ListAsync(token).Select(s => s.Name));

    private List<CompletionItem> Groups(CompletionContext context) =>
        Ask(context, (client, token) => client.Groups.ListAsync(token).Select(g => g.ServerCode));

    private List<CompletionItem> Ask(
        CompletionContext context,
        Func<FairleadClient, CancellationToken, IAsyncEnumerable<string>> names
    )
    {
        var option = context.ParseResult.CommandResult.Command.Options.FirstOrDefault(o => o.Name == "--server");
        var given = option is null ? null : context.ParseResult.GetResult(option);
        var address = given?.Tokens is [var url] ? url.Value : terminal.Variable("FAIRLEAD_SERVER") ?? DefaultServer;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
            return [];
#pragma warning disable VSTHRD002 // The parser asks for completions in turn; nothing else runs that could wait for us.
        return Task.Run(() => NamesAsync(server, names)).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }

    private async Task<List<CompletionItem>> NamesAsync(
        Uri server,
        Func<FairleadClient, CancellationToken, IAsyncEnumerable<string>> names
    )
    {
        try
        {
            // Kept tokens only: a sign-in at every press of a key would fill the audit.
            if ((terminal.Variable("FAIRLEAD_TOKEN") ?? new TokenFile(terminal).Find(server)) is not { } token)
                return [];
            using var limit = new CancellationTokenSource(Limit, terminal.Time);
            using var client = new FairleadClient(server, _ => new(token));
            List<CompletionItem> items = [];
            await foreach (var name in names(client, limit.Token))
                items.Add(new CompletionItem(name));
            return items;
        }
        catch (Exception e) when (e is OperationCanceledException || CliFailure.Of(e, server) is not null)
        {
            return [];
        }
    }

    private static bool IsUnder(Symbol symbol, string name) =>
        symbol.Parents.Any(parent => parent.Name == name || IsUnder(parent, name));
}
