using System.CommandLine;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services add</c> and <c>update</c>.</summary>
internal static class DefinitionCommands
{
    private const string Reference = "${NAME} is taken from the gateway's environment";

    public static Command Add(GatewayVerbs verbs)
    {
        var name = new Argument<string>("NAME") { Description = "Unique name: 1 to 64 of A-Z a-z 0-9 _ -" };
        var program = new Argument<string[]>("COMMAND")
        {
            Description = "Program and arguments of a stdio service, after --",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var url = new Option<string?>("--url") { Description = "Address of an HTTP service", HelpName = "URL" };
        var env = PairOption.Create("--env", $"Environment variable of the program; {Reference}; may be repeated");
        var headers = PairOption.Create("--header", $"Header sent with every request; {Reference}; may be repeated");
        var cwd = new Option<string?>("--cwd") { Description = "Working directory of the program", HelpName = "DIR" };
        var callTimeout = CallTimeout("--call-timeout");
        var trust = Trust();
        var allowPrivate = AllowPrivate();
        var run = new RunOptions();
        var publish = new PublishOption();
        var wait = new WaitOptions();
        var command = verbs.Verb(
            "add",
            "Register a service and wait until it runs: by its address, or by its program after --.",
            [
                name,
                program,
                url,
                env,
                headers,
                cwd,
                callTimeout,
                trust,
                allowPrivate,
                .. run.All,
                publish.Option,
                .. wait.All,
            ],
            async (session, parsed, cancellationToken) =>
            {
                var words = parsed.GetValue(program) ?? [];
                var group = await publish.FindAsync(session, parsed, cancellationToken);
                var asked = await session.Client.Services.AddAsync(
                    run.Apply(
                        parsed,
                        new ServiceDraft
                        {
                            Name = parsed.GetRequiredValue(name),
                            Command = words.Length > 0 ? words[0] : null,
                            Args = words.Length > 1 ? words[1..] : null,
                            Url = parsed.GetValue(url),
                            Env = PairOption.Split(parsed.GetValue(env)),
                            Headers = PairOption.Split(parsed.GetValue(headers)),
                            Cwd = parsed.GetValue(cwd) is { } folder ? Path.GetFullPath(folder) : null,
                            TimeoutSeconds = parsed.GetValue(callTimeout),
                            Trust = parsed.GetValue(trust),
                            AllowPrivate = parsed.GetValue(allowPrivate),
                        }
                    ),
                    cancellationToken
                );
                await PublishOption.PublishAsync(session, group, [asked.Id], cancellationToken);
                return await wait.FinishAsync(session, parsed, asked, before: null, cancellationToken);
            }
        );
        command.Validators.Add(result =>
        {
            var byUrl = result.GetResult(url) is { Tokens.Count: > 0 };
            var byProgram = result.GetResult(program) is { Tokens.Count: > 0 };
            if (byUrl == byProgram)
                result.AddError(
                    byUrl
                        ? "Give --url or a program, not both."
                        : "Give --url URL, or a program: services add NAME -- COMMAND ARGS…"
                );
            else if (
                byUrl
                && (result.GetResult(env) is { Tokens.Count: > 0 } || result.GetResult(cwd) is { Tokens.Count: > 0 })
            )
                result.AddError("--env and --cwd are for programs; a service at a --url takes --header.");
            else if (byProgram && result.GetResult(headers) is { Tokens.Count: > 0 })
                result.AddError("--header is for services at a --url; a program takes --env.");
        });
        return command;
    }

    public static Command Update(GatewayVerbs verbs)
    {
        var name = ServicesCommands.NameArgument();
        var program = new Argument<string[]>("COMMAND")
        {
            Description = "Another program and its arguments, after --",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var url = new Option<string?>("--url") { Description = "Another address", HelpName = "URL" };
        var env = PairOption.Create("--env", $"Set a variable, the others stay; {Reference}; may be repeated");
        var headers = PairOption.Create("--header", $"Set a header, the others stay; {Reference}; may be repeated");
        var unsetEnv = Names("--unset-env", "Take a variable away; may be repeated");
        var unsetHeaders = Names("--unset-header", "Take a header away; may be repeated");
        var cwd = new Option<string?>("--cwd") { Description = "Another working directory", HelpName = "DIR" };
        var callTimeout = CallTimeout("--call-timeout");
        var trust = Trust();
        var allowPrivate = AllowPrivate();
        var run = new RunOptions();
        var wait = new WaitOptions();
        Option[] changes =
        [
            url,
            env,
            unsetEnv,
            headers,
            unsetHeaders,
            cwd,
            callTimeout,
            trust,
            allowPrivate,
            .. run.All,
        ];
        var command = verbs.Verb(
            "update",
            "Change how a service is started or reached; what is not named stays. It is restarted when it must be.",
            [name, program, .. changes, .. wait.All],
            async (session, parsed, cancellationToken) =>
            {
                var words = parsed.GetValue(program) ?? [];
                var before = await session.Client.Services.GetAsync(parsed.GetRequiredValue(name), cancellationToken);
                var asked = await session.Client.Services.UpdateAsync(
                    before.Id,
                    run.Apply(
                        parsed,
                        new ServiceDefinition
                        {
                            Command = words.Length > 0 ? words[0] : null,
                            Args = words.Length > 0 ? words[1..] : null,
                            Url = parsed.GetValue(url),
                            // Hidden values that are sent back keep what is stored.
                            Env = Merge(before.Env, parsed.GetValue(env), parsed.GetValue(unsetEnv)),
                            Headers = Merge(before.Headers, parsed.GetValue(headers), parsed.GetValue(unsetHeaders)),
                            Cwd = parsed.GetValue(cwd) is { } folder ? Path.GetFullPath(folder) : null,
                            TimeoutSeconds = parsed.GetValue(callTimeout),
                            Trust = parsed.GetValue(trust),
                            AllowPrivate = parsed.GetValue(allowPrivate),
                        }
                    ),
                    cancellationToken
                );
                await LeaveAsync(session, before, cancellationToken);
                return await wait.FinishAsync(session, parsed, asked, before: null, cancellationToken);
            }
        );
        command.Validators.Add(result =>
        {
            var byProgram = result.GetResult(program) is { Tokens.Count: > 0 };
            if (byProgram && result.GetResult(url) is { Tokens.Count: > 0 })
                result.AddError("Give --url or a program, not both.");
            else if (!byProgram && changes.All(o => result.GetResult(o) is null or { Implicit: true }))
                result.AddError("Say what to change, by an option or a program after --; --help lists them.");
        });
        return command;
    }

    public static Command Export(GatewayVerbs verbs)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "Name or id of the service [all]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var format = new Option<string?>("--format")
        {
            Description =
                "fairlead, claude-desktop, claude-code, cursor, vscode, windsurf, cline, gemini, codex, dify or mcpstore [fairlead]",
            HelpName = "FORMAT",
        };
        return verbs.Verb(
            "export",
            "Print definitions of services as a client's file, without secrets. Imported again it changes nothing.",
            [name, format],
            async (session, parsed, cancellationToken) =>
            {
                var exported = await session.Client.Services.ExportAsync(
                    parsed.GetValue(format),
                    parsed.GetValue(name),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(exported, CliJson.Default.ServiceExport);
                else
                    session.Output.Line(exported.Content.TrimEnd('\n'));
                return ExitCode.Ok;
            }
        );
    }

    /// <summary>A moment for a restart to begin, so that the old life is not told as the outcome; none may be needed.</summary>
    private static async Task LeaveAsync(Session session, ServiceInfo before, CancellationToken cancellationToken)
    {
        using var moment = new CancellationTokenSource(TimeSpan.FromSeconds(2), session.Terminal.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(moment.Token, cancellationToken);
        try
        {
            var now = before;
            while ((now.Status, now.Since) == (before.Status, before.Since))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), session.Terminal.Time, either.Token);
                now = await session.Client.Services.GetAsync(before.Id, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It goes on as it was.
        }
    }

    private static Dictionary<string, string>? Merge(
        IReadOnlyDictionary<string, string> before,
        string[]? set,
        string[]? unset
    )
    {
        if (set is not { Length: > 0 } && unset is not { Length: > 0 })
            return null;
        var values = new Dictionary<string, string>(before);
        foreach (var name in unset ?? [])
        {
            if (!values.Remove(name))
                throw new CliFailure(
                    ExitCode.NotFound,
                    $"The service has no '{name}' to take away.",
                    values.Count > 0 ? $"There are: {string.Join(", ", values.Keys)}." : null
                );
        }
        foreach (var (name, value) in PairOption.Split(set) ?? [])
            values[name] = value;
        return values;
    }

    /// <summary>The deadline of a call, of a service or of one tool.</summary>
    public static Option<int?> CallTimeout(string name) =>
        NumberOption.Create(name, "Deadline of a call, 1 to 600 seconds", "SECONDS", 1, 600);

    private static Option<string?> Trust()
    {
        var option = new Option<string?>("--trust")
        {
            Description = "Changed definitions wait for a review (auto), new ones, too (review), or are served (open)",
            HelpName = "POLICY",
        };
        option.AcceptOnlyFromAmong("auto", "review", "open");
        return option;
    }

    public static Option<bool?> AllowPrivate() =>
        new("--allow-private")
        {
            Description = "The address may be in a private or loopback network",
            Arity = ArgumentArity.ZeroOrOne,
        };

    private static Option<string[]> Names(string name, string description) =>
        new(name) { Description = description, HelpName = "NAME" };
}
