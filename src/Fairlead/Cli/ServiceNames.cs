using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>The services a command is about: one, several, or <c>--all</c>.</summary>
internal sealed class ServiceNames
{
    private readonly Argument<string[]> names = new("NAME")
    {
        Description = "Names or ids of services",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> all = new("--all") { Description = "All services" };

    public IReadOnlyList<Symbol> Symbols => [names, all];

    /// <summary>Makes a command ask for names or <c>--all</c>.</summary>
    public Command On(Command command)
    {
        command.Validators.Add(result =>
        {
            var some = result.GetResult(names) is { Tokens.Count: > 0 };
            if (some == result.GetValue(all))
                result.AddError(some ? "Name services or say --all, not both." : "Name a service, or say --all.");
        });
        return command;
    }

    /// <summary>One was named: its result as JSON is an object, not an array.</summary>
    public bool IsSingle(ParseResult parsed) => parsed.GetValue(names) is { Length: 1 };

    /// <summary>The services as they are now; all are found before anything is done.</summary>
    public async Task<IReadOnlyList<ServiceInfo>> FindAsync(
        Session session,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        if (parsed.GetValue(all))
            return await session.Client.Services.ListAsync(null, cancellationToken).ToListAsync(cancellationToken);
        List<ServiceInfo> found = [];
        foreach (var name in parsed.GetValue(names) ?? [])
        {
            var service = await session.Client.Services.GetAsync(name, cancellationToken);
            if (!found.Exists(f => f.Id == service.Id))
                found.Add(service);
        }
        return found;
    }
}
