using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>
/// Values for what an imported file asks for: given as options, in a file, or by a person who is asked. Secrets are
/// never on the command line, where others of the machine could read them.
/// </summary>
internal sealed class ImportValues
{
    private readonly Option<string[]> value = PairOption.Create(
        "--value",
        "A value the file asks for, if it is no secret; may be repeated",
        "ID=VALUE"
    );

    private readonly Option<string?> values = new("--values")
    {
        Description = "A JSON file with values by id, for secrets; - reads it from standard input",
        HelpName = "FILE",
    };

    public IReadOnlyList<Option> All => [value, values];

    /// <summary>Whether standard input is read for them.</summary>
    public bool IsInput(CommandResult result) => result.GetResult(values) is { Tokens: [{ Value: "-" }] };

    public async Task<Dictionary<string, string>> ReadAsync(
        Session session,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        Dictionary<string, string> given = [];
        if (parsed.GetValue(values) is { } file)
        {
            var text =
                file == "-"
                    ? await session.Terminal.In.ReadToEndAsync(cancellationToken)
                    : await File.ReadAllTextAsync(file, cancellationToken);
            try
            {
                given =
                    JsonSerializer.Deserialize(text, CliJson.Default.DictionaryStringString)
                    ?? throw new JsonException("null");
            }
            catch (JsonException)
            {
                throw new CliFailure(
                    ExitCode.WrongUsage,
                    "--values must hold a JSON object of texts, like {\"api_key\": \"…\"}."
                );
            }
        }
        foreach (var (id, said) in PairOption.Split(parsed.GetValue(value)) ?? [])
            given[id] = said;
        return given;
    }

    /// <summary>Asks a person for what is still needed.</summary>
    /// <exception cref="CliFailure">There is none to ask.</exception>
    public static void Ask(Session session, IReadOnlyList<ImportNeed> needed, Dictionary<string, string> given)
    {
        if (session.Terminal.AskHidden is not { } ask)
            throw new CliFailure(
                ExitCode.WrongUsage,
                $"Values are needed: {string.Join("; ", needed.Select(n => $"{n.Name} ({n.Message})"))}. Nothing was imported.",
                "Give them by --value ID=VALUE, secrets by --values FILE."
            );
        foreach (var need in needed)
            given[need.Name] = ask($"{Output.Visible(need.Message)} ({Output.Visible(need.Name)}, not shown): ");
    }
}
