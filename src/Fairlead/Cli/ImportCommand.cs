using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services import</c></summary>
internal static class ImportCommand
{
    public static Command Build(GatewayVerbs verbs)
    {
        var file = new Argument<string>("FILE") { Description = "An mcpServers file; - reads it from standard input" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be done" };
        var publish = new PublishOption();
        var wait = new WaitOptions();
        return verbs.Verb(
            "import",
            "Register the services of a client configuration file and wait until they run.",
            [file, dryRun, publish.Option, .. wait.All],
            async (session, parsed, cancellationToken) =>
            {
                var content = await ReadAsync(session, parsed.GetRequiredValue(file), cancellationToken);
                var group = await publish.FindAsync(session, parsed, cancellationToken);
                if (parsed.GetValue(dryRun))
                    return Tell(session, await session.Client.Services.ImportAsync(content, true, cancellationToken));
                var done = await session.Client.Services.ImportAsync(content, false, cancellationToken);
                var names = done.Services.Select(s => s.Name).ToList();
                await PublishOption.PublishAsync(session, group, names, cancellationToken);
                var services = await wait.WaitAsync(session, parsed, names, cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(services, CliJson.Default.IReadOnlyListServiceInfo);
                else
                    session.Output.Table(
                        "The file holds no services.",
                        ServiceView.Columns,
                        services.Select(ServiceView.Row)
                    );
                return wait.Judge(session, parsed, services, reasonsShown: true);
            }
        );
    }

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
                        : s.Enabled ? "registered and started"
                        : "registered, not started",
                    }
                )
            );
        if (plan.Services.All(s => s.Problems.Count == 0))
            return ExitCode.Ok;
        session.Output.Note("fairlead: nothing of this file would be imported.");
        return ExitCode.WrongUsage;
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
