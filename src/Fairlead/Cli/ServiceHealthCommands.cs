using System.CommandLine;
using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead services check</c>, <c>wait</c> and <c>logs</c>.</summary>
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
                    var silent = checks.Where((c, i) => !c.Healthy && services[i].Enabled).Select(c => c.Name).ToList();
                    if (silent.Count == 0)
                        return ExitCode.Ok;
                    session.Output.Problem(ExitCode.ServiceFailed, $"No sign of life of {string.Join(", ", silent)}.");
                    return ExitCode.ServiceFailed;
                }
            )
        );
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

    private static string[] Row(ServiceCheck check) =>
        [
            check.Name,
            check.Status,
            GroupView.YesNo(check.Healthy),
            check.ResponseMs?.ToString("0.0", CultureInfo.InvariantCulture) ?? "",
            check.Reason,
        ];
}
