using System.CommandLine;
using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services check</c>, <c>health</c>, <c>events</c>, <c>wait</c> and <c>logs</c>.</summary>
internal static class ServiceHealthCommands
{
    private const int UsualLines = 50;

    public static Command Check(GatewayVerbs verbs)
    {
        var names = new ServiceNames();
        return names.On(
            verbs.Verb(
                "check",
                "Ask services for a sign of life. Those that are meant to run and do not answer make it fail.",
                names.Symbols,
                async (session, parsed, cancellationToken) =>
                {
                    var services = await names.FindAsync(session, parsed, cancellationToken);
                    var checks = await Task.WhenAll(
                        services.Select(s => session.Client.Services.CheckAsync(s.Id, cancellationToken))
                    );
                    if (session.Output.IsJson)
                        session.Output.Json(checks, CliJson.Default.IReadOnlyListServiceCheck);
                    else
                        session.Output.Table(
                            "No services here.",
                            ["NAME", "STATUS", "HEALTHY", "MS", "REASON"],
                            checks.Select(Row)
                        );
                    var silent = checks
                        .Where((c, i) => !c.Healthy && services[i] is { Enabled: true, IsAsleep: false })
                        .Select(c => c.Name)
                        .ToList();
                    if (silent.Count == 0)
                        return ExitCode.Ok;
                    session.Output.Problem(ExitCode.ServiceFailed, $"No sign of life of {string.Join(", ", silent)}.");
                    return ExitCode.ServiceFailed;
                }
            )
        );
    }

    public static Command Health(GatewayVerbs verbs)
    {
        var name = ServicesCommands.NameArgument();
        var window = NumberOption.Create("--window", "Time looked at, in seconds [300]", "SECONDS", 1, 86_400);
        return verbs.Verb(
            "health",
            "Show how a service does and did: its state, how many calls fail, how fast it answers, its last checks.",
            [name, window],
            async (session, parsed, cancellationToken) =>
            {
                var health = await session.Client.Services.GetHealthAsync(
                    parsed.GetRequiredValue(name),
                    parsed.GetValue(window) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(health, CliJson.Default.ServiceHealth);
                else
                    Print(session.Output, health);
                return ExitCode.Ok;
            }
        );
    }

    public static Command Events(GatewayVerbs verbs)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "Name or id of the service [all]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var last = NumberOption.Create("--last", "How many, 0 to 1000 [50]", "COUNT", 0, 1000, "-n");
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what happens, until Ctrl-C" };
        var command = verbs.Verb(
            "events",
            "Print what happened to services: changes of state and alerts; with --json one object a line.",
            [name, last, follow],
            async (session, parsed, cancellationToken) =>
            {
                var service = parsed.GetValue(name);
                var count = parsed.GetValue(last) ?? UsualLines;
                if (parsed.GetValue(follow))
                {
                    await foreach (
                        var happened in session.Client.Services.FollowEventsAsync(
                            count,
                            new LogsCommands.Interruptions(session),
                            cancellationToken
                        )
                    )
                        Print(session.Output, happened);
                    return ExitCode.Ok;
                }
                var events = await session.Client.Services.ListEventsAsync(service, count, cancellationToken);
                foreach (var happened in events.TakeLast(count))
                    Print(session.Output, happened);
                if (events.Count == 0)
                    session.Output.Note("Nothing happened yet.");
                return ExitCode.Ok;
            }
        );
        command.Validators.Add(result =>
        {
            if (result.GetValue(follow) && result.GetResult(name) is { Tokens.Count: > 0 })
                result.AddError("--follow tells of all services; leave the name out, or see 'services logs NAME -f'.");
        });
        return command;
    }

    public static Command Wait(GatewayVerbs verbs)
    {
        var names = new ServiceNames();
        var status = new Option<string>("--status")
        {
            Description = "State to wait for",
            HelpName = "STATUS",
            DefaultValueFactory = static _ => ServiceStatus.Running,
        };
        status.AcceptOnlyFromAmong(ServiceView.States);
        var timeout = WaitOptions.TimeoutOption();
        return names.On(
            verbs.Verb(
                "wait",
                "Wait until services are in a state, running unless told otherwise.",
                [.. names.Symbols, status, timeout],
                async (session, parsed, cancellationToken) =>
                {
                    var services = await names.FindAsync(session, parsed, cancellationToken);
                    var limit = WaitOptions.Limit(parsed, timeout);
                    var wanted = parsed.GetRequiredValue(status);
                    var ended = await Task.WhenAll(
                        services.Select(s =>
                            session.Client.Services.WaitForAsync(s.Id, wanted, limit, cancellationToken)
                        )
                    );
                    ServiceView.Print(session.Output, ended, names.IsSingle(parsed));
                    foreach (var late in ended.Where(s => s.Status != wanted))
                        session.Output.Problem(
                            ExitCode.Failed,
                            $"{ServiceView.Sentence(late)}; it was not {wanted} within {limit.TotalSeconds:0} s."
                        );
                    return ended.All(s => s.Status == wanted) ? ExitCode.Ok : ExitCode.Failed;
                }
            )
        );
    }

    public static Command Logs(GatewayVerbs verbs)
    {
        var name = ServicesCommands.NameArgument();
        var lines = LogsCommands.LinesOption(UsualLines);
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what comes, until Ctrl-C" };
        return verbs.Verb(
            "logs",
            "Print the last lines of a service's standard error and its states; with --json one object a line.",
            [name, lines, follow],
            async (session, parsed, cancellationToken) =>
            {
                var service = parsed.GetRequiredValue(name);
                var last = parsed.GetValue(lines) ?? UsualLines;
                if (parsed.GetValue(follow))
                {
                    await foreach (
                        var line in session.Client.Services.FollowLogsAsync(
                            service,
                            last,
                            new LogsCommands.Interruptions(session),
                            cancellationToken
                        )
                    )
                        Print(session.Output, line);
                    return ExitCode.Ok;
                }
                var found = await session.Client.Services.ListLogsAsync(service, last, cancellationToken);
                foreach (var line in found)
                    Print(session.Output, line);
                if (found.Count == 0)
                    session.Output.Note($"{service} has said nothing yet.");
                return ExitCode.Ok;
            }
        );
    }

    private static void Print(Output output, ServiceLogLine line)
    {
        if (output.IsJson)
            output.JsonLine(line, CliJson.Default.ServiceLogLine);
        else
            output.Line(
                $"{line.At.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}  {line.Source, -7}  {line.Text}"
            );
    }

    private static void Print(Output output, ServiceEvent happened)
    {
        if (output.IsJson)
            output.JsonLine(happened, CliJson.Default.ServiceEvent);
        else
            output.Line(
                $"{happened.At.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}  {happened.Level, -7}  {happened.Service}: {happened.From} -> {happened.To} ({happened.Health}) {happened.Reason}".TrimEnd()
            );
    }

    private static void Print(Output output, ServiceHealth health)
    {
        output.Facts([
            ("name", health.Name),
            ("status", $"{health.Status} ({health.Health})"),
            ("reason", health.Reason == health.Status ? null : health.Reason),
            ("since", ServiceView.Time(health.Since)),
            (
                "next try",
                health.NextTry is { } next ? $"{ServiceView.Time(next)} (after {health.Attempts} failed)" : null
            ),
            (
                "calls",
                health.SampleSize == 0
                    ? null
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"{health.ErrorRate:0.0%} of the last {health.SampleSize} failed; p95 {health.P95Ms:0.0} ms, p99 {health.P99Ms:0.0} ms"
                    )
            ),
            ("checks", health.Metrics?.Summary ?? "none yet"),
            ("last error", health.Samples.LastOrDefault(s => s.Error is not null)?.Error),
        ]);
    }

    private static string[] Row(ServiceCheck check) =>
        [
            check.Name,
            check.Status,
            GroupView.YesNo(check.Healthy),
            check.ResponseMs?.ToString("0.0", CultureInfo.InvariantCulture) ?? "",
            check.Reason,
        ];
}
