using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services import</c></summary>
internal static class ImportCommand
{
    private const string Conflict = "conflict";

    public static Command Build(GatewayVerbs verbs)
    {
        var file = new Argument<string>("FILE") { Description = "An mcpServers file; - reads it from standard input" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be done" };
        var update = new Option<bool>("--update")
        {
            Description = "Replace the definitions of services that are registered with others",
        };
        var publish = new PublishOption();
        var wait = new WaitOptions();
        return verbs.Verb(
            "import",
            "Register the services of a client configuration file and wait until they run. The same file again changes nothing.",
            [file, dryRun, update, publish.Option, .. wait.All],
            async (session, parsed, cancellationToken) =>
            {
                var content = await ReadAsync(session, parsed.GetRequiredValue(file), cancellationToken);
                var group = await publish.FindAsync(session, parsed, cancellationToken);
                var replace = parsed.GetValue(update);
                var plan = await session.Client.Services.ImportAsync(content, true, replace, cancellationToken);
                if (parsed.GetValue(dryRun))
                    return Tell(session, plan);
                Refuse(plan);
                var done = await session.Client.Services.ImportAsync(content, false, replace, cancellationToken);
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
        );
    }

    /// <exception cref="CliFailure">A service is registered with another definition.</exception>
    private static void Refuse(ImportResult plan)
    {
        var others = plan.Services.Where(s => s.Action == Conflict).Select(s => s.Name).ToList();
        if (others.Count > 0)
            throw new CliFailure(
                ExitCode.Failed,
                $"Registered with another definition: {string.Join(", ", others)}. Nothing was imported.",
                "--update replaces what is registered; or give them other names in the file."
            );
    }

    private static string Done(string action) =>
        action switch
        {
            "add" => "added",
            "update" => "updated",
            _ => action,
        };

    /// <summary>What an import would do; a problem is wrong input, as it would be in earnest.</summary>
    private static int Tell(Session session, ImportResult plan)
    {
        if (session.Output.IsJson)
            session.Output.Json(plan, CliJson.Default.ImportResult);
        else
            session.Output.Table(
                "The file holds no services.",
                ["NAME", "TRANSPORT", "WOULD BE"],
                plan.Services.Select(s =>
                    new[]
                    {
                        s.Name,
                        s.Transport,
                        s.Problems.Count > 0
                            ? $"refused: {string.Join("; ", s.Problems.Select(p => $"{p.Field} {p.Message}"))}"
                            : s.Action switch
                            {
                                "unchanged" => "left as it is: registered already",
                                "update" => "replaced",
                                Conflict => "refused: registered with another definition; --update replaces it",
                                _ => s.Enabled ? "registered and started" : "registered, not started",
                            },
                    }
                )
            );
        var wrong = plan.Services.Any(s => s.Problems.Count > 0);
        if (!wrong && plan.Services.All(s => s.Action != Conflict))
            return ExitCode.Ok;
        var code = wrong ? ExitCode.WrongUsage : ExitCode.Failed;
        session.Output.Problem(code, "Nothing of this file would be imported.");
        return code;
    }

    private static async Task<string> ReadAsync(Session session, string file, CancellationToken cancellationToken)
    {
        if (file == "-")
            return await session.Terminal.In.ReadToEndAsync(cancellationToken);
        return File.Exists(file)
            ? await File.ReadAllTextAsync(file, cancellationToken)
            : throw new CliFailure(ExitCode.WrongUsage, $"There is no file {file}.");
    }
}
