using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services import</c></summary>
internal static class ImportCommand
{
    public static Command Build(GatewayVerbs verbs)
    {
        var source = new ImportSource();
        var values = new ImportValues();
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Only tell what would be done, and what is missing",
        };
        var update = new Option<bool>("--update")
        {
            Description = "Replace the definitions of services that are registered with others",
        };
        var allowPrivate = DefinitionCommands.AllowPrivate();
        var publish = new PublishOption();
        var wait = new WaitOptions();
        var command = source.On(
            verbs.Verb(
                "import",
                "Register the services of a client's file, a bundle or a registry and wait until they run. The same again changes nothing.",
                [.. source.Symbols, dryRun, update, allowPrivate, .. values.All, publish.Option, .. wait.All],
                async (session, parsed, cancellationToken) =>
                {
                    var import = await source.OpenAsync(session, parsed, cancellationToken);
                    var given = await values.ReadAsync(session, parsed, cancellationToken);
                    var options = new ImportOptions
                    {
                        Update = parsed.GetValue(update),
                        Values = given,
                        AllowPrivate = parsed.GetValue(allowPrivate),
                    };
                    var group = await publish.FindAsync(session, parsed, cancellationToken);
                    var plan = await import(options with { DryRun = true }, cancellationToken);
                    if (parsed.GetValue(dryRun))
                        return ImportPlanView.Tell(session.Output, plan);
                    Refuse(plan);
                    if (Needed(plan) is { Count: > 0 } needed)
                        ImportValues.Ask(session, needed, given);
                    var done = await import(options, cancellationToken);
                    ImportPlanView.TellMissing(session.Output, done);
                    var names = done.Services.Select(s => s.Name).ToList();
                    await PublishOption.PublishAsync(session, group, names, cancellationToken);
                    var services = await wait.WaitAsync(session, parsed, names, cancellationToken);
                    var ended = services.Zip(done.Services, (s, d) => new ImportOutcome(d.Action, s)).ToList();
                    if (session.Output.IsJson)
                        session.Output.Json(ended, CliJson.Default.IReadOnlyListImportOutcome);
                    else
                        session.Output.Table(
                            "The file holds no services.",
                            ["IMPORT", .. ServiceView.Columns],
                            ended.Select(e => (string[])[Done(e.Action), .. ServiceView.Row(e.Service)])
                        );
                    return wait.Judge(session, parsed, services, reasonsShown: !session.Output.IsJson);
                }
            )
        );
        command.Validators.Add(result =>
        {
            if (values.IsInput(result) && source.IsInput(result))
                result.AddError("Standard input is either the file or the values.");
        });
        command.Aliases.Add("install");
        return command;
    }

    /// <exception cref="CliFailure">Something is wrong that no value mends.</exception>
    private static void Refuse(ImportResult plan)
    {
        if (plan.Services.FirstOrDefault(s => s.Problems.Count > 0) is { } wrong)
            throw new CliFailure(
                ExitCode.WrongUsage,
                $"{wrong.Name}: {wrong.Problems[0].Field} {wrong.Problems[0].Message}. Nothing was imported."
            );
        var others = plan.Services.Where(s => s.Action == ImportPlanView.Conflict).Select(s => s.Name).ToList();
        // With a value still missing nobody knows whether it is the same.
        if (others.Count > 0 && Needed(plan).Count == 0)
            throw new CliFailure(
                ExitCode.Failed,
                $"Registered with another definition: {string.Join(", ", others)}. Nothing was imported.",
                "--update replaces what is registered; or give them other names in the file."
            );
    }

    private static List<ImportNeed> Needed(ImportResult plan) =>
        [.. plan.Services.SelectMany(s => s.Missing).Where(m => m.Required).DistinctBy(m => m.Name)];

    private static string Done(string action) =>
        action switch
        {
            "add" => "added",
            "update" => "updated",
            _ => action,
        };
}
