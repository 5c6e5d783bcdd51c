using System.CommandLine;
using Fairlead.Client;
using static System.FormattableString;

namespace Fairlead.Cli;

/// <summary>Printed by <c>services openapi --json</c>; the service is null with <c>--dry-run</c>.</summary>
internal sealed record OpenApiOutcome(OpenApiResult Import, ServiceInfo? Service);

/// <summary><c>fairlead services openapi</c>: an HTTP API as a service of tools (R-15…R-17).</summary>
internal static class OpenApiCommand
{
    public static Command Build(GatewayVerbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the service" };
        var file = new Argument<string>("FILE")
        {
            Description = "An OpenAPI 3.0 or 3.1 document, JSON or YAML; - reads standard input",
        };
        var url = new Option<string?>("--url")
        {
            Description = "Where the API is [the document's first server]",
            HelpName = "URL",
        };
        var select = new Option<string[]>("--select")
        {
            Description = "Take only these operations, by name or tag; * and ? stand for anything; may be repeated",
            HelpName = "PATTERN",
        };
        var rename = PairOption.Create("--rename", "Another name for a tool; may be repeated", "OLD=NEW");
        var headers = PairOption.Create(
            "--header",
            "A header of every request, instead of those the document asks for; may be repeated"
        );
        var allowPrivate = DefinitionCommands.AllowPrivate();
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be done" };
        var update = new Option<bool>("--update") { Description = "Replace the service of that name" };
        var publish = new PublishOption();
        var wait = new WaitOptions();
        return verbs.Verb(
            "openapi",
            "Register the operations of an OpenAPI document as tools of one service.",
            [name, file, url, select, rename, headers, allowPrivate, dryRun, update, publish.Option, .. wait.All],
            async (session, parsed, cancellationToken) =>
            {
                var draft = new OpenApiDraft
                {
                    Name = parsed.GetValue(name)!,
                    Document = await ReadAsync(session, parsed.GetValue(file)!, cancellationToken),
                    Url = parsed.GetValue(url),
                    Select = parsed.GetValue(select) is { Length: > 0 } patterns ? patterns : null,
                    Rename = PairOption.Split(parsed.GetValue(rename)),
                    Headers = PairOption.Split(parsed.GetValue(headers)),
                    AllowPrivate = parsed.GetValue(allowPrivate),
                    DryRun = parsed.GetValue(dryRun),
                    Update = parsed.GetValue(update),
                };
                var group = await publish.FindAsync(session, parsed, cancellationToken);
                var done = await session.Client.Services.ImportOpenApiAsync(draft, cancellationToken);
                if (!session.Output.IsJson)
                    Print(session.Output, done);
                foreach (var left in done.LeftOut)
                    session.Output.Note($"Left out: {left}");
                foreach (var secret in done.MissingSecrets)
                    session.Output.Note($"Not set yet: secret {secret}; set it with 'fairlead secrets set {secret}'.");
                if (draft.DryRun)
                {
                    if (session.Output.IsJson)
                        session.Output.Json(new OpenApiOutcome(done, null), CliJson.Default.OpenApiOutcome);
                    return ExitCode.Ok;
                }
                await PublishOption.PublishAsync(session, group, [done.Name], cancellationToken);
                var services = await wait.WaitAsync(session, parsed, [done.Name], cancellationToken);
                if (session.Output.IsJson)
                    session.Output.Json(new OpenApiOutcome(done, services[0]), CliJson.Default.OpenApiOutcome);
                return wait.Judge(session, parsed, services, reasonsShown: session.Output.IsJson);
            }
        );
    }

    private static void Print(Output output, OpenApiResult done)
    {
        output.Table(
            "The document has no operation that can be called.",
            ["TOOL", "METHOD", "ENDPOINT", "TAGS"],
            done.Tools.Select(t => new[] { t.Name, t.Method, t.Endpoint, string.Join(", ", t.Tags) })
        );
        var what = (done.DryRun, done.Action) switch
        {
            (true, "add") => "would be registered",
            (true, _) => "would replace the service",
            (_, "add") => "registered",
            _ => "replaced",
        };
        output.Line("");
        output.Line(Invariant($"{done.Name} ({done.Title}) at {done.Url}: {done.Tools.Count} tools {what}."));
    }

    private static async Task<string> ReadAsync(Session session, string path, CancellationToken cancellationToken)
    {
        if (path == "-")
            return await session.Terminal.In.ReadToEndAsync(cancellationToken);
        if (!File.Exists(path))
            throw new CliFailure(
                ExitCode.WrongUsage,
                $"There is no file {path}.",
                "Documents are not fetched: download it first, or give - and pipe it in."
            );
        return await File.ReadAllTextAsync(path, cancellationToken);
    }
}
