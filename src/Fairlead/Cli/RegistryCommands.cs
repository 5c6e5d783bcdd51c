using System.CommandLine;
using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services search</c></summary>
internal static class RegistryCommands
{
    private const int UsualRows = 20;

    public static Command Search(GatewayVerbs verbs)
    {
        var words = new Argument<string[]>("WORD")
        {
            Description = "Words that name or description hold; the first is in the name",
            Arity = ArgumentArity.OneOrMore,
        };
        var limit = NumberOption.Create("--limit", $"Most servers to show [{UsualRows}]", "N", 1, 1000);
        return verbs.Verb(
            "search",
            "Search the registry the gateway is configured with; 'services import --from-registry' takes what is found.",
            [words, limit],
            async (session, parsed, cancellationToken) =>
            {
                var wanted = parsed.GetRequiredValue(words);
                var most = parsed.GetValue(limit) ?? UsualRows;
                // A registry finds one text in names; further words are ours.
                var found = await session
                    .Client.Registry.SearchAsync(wanted[0], cancellationToken)
                    .Where(s => s.Status != "deleted" && wanted.Skip(1).All(w => Has(s, w)))
                    .Take(most + 1)
                    .ToListAsync(cancellationToken);
                var shown = found.Take(most).ToList();
                if (session.Output.IsJson)
                    session.Output.Json(shown, CliJson.Default.IReadOnlyListRegistryServer);
                else
                    session.Output.Table(
                        $"The registry has no server named like {string.Join(' ', wanted)}.",
                        ["NAME", "VERSION", "KINDS", "DESCRIPTION"],
                        shown.Select(Row)
                    );
                if (found.Count > most)
                    session.Output.Note(
                        $"There are more than {most.ToString(CultureInfo.InvariantCulture)}: add a word, or --limit."
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static bool Has(RegistryServer server, string word) =>
        $"{server.Name} {server.Title} {server.Description}".Contains(word, StringComparison.OrdinalIgnoreCase);

    private static string[] Row(RegistryServer server) =>
        [
            server.Name,
            server.Version ?? "",
            string.Join(", ", server.Packages.Concat(server.Remotes.Take(1).Select(_ => "remote")).Distinct()),
            server.Status == "deprecated" ? $"(deprecated) {server.Description}" : server.Description,
        ];
}
