using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary><c>fairlead executions …</c>: tools that run in the background (R-18…R-40).</summary>
internal static class ExecutionsCommands
{
    private const string DefaultGroup = "default";

    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        return new Command("executions", "Tools that run in the background, and failures that wait for a person.")
        {
            Submit(verbs),
            List(verbs),
            Show(verbs),
            Cancel(verbs),
            Failures(verbs),
            Manual(verbs),
            Replay(verbs),
            Dismiss(verbs),
        };
    }

    private static Argument<string> IdArgument(string what = "Id of the execution") => new("ID") { Description = what };

    private static Command Submit(GatewayVerbs verbs)
    {
        var tool = new Argument<string>("NAME") { Description = "Name of the tool in the group" };
        var pairs = new Option<string[]>("--arg")
        {
            Description = "One argument, as JSON where it is JSON; may be repeated",
            HelpName = "NAME=VALUE",
        };
        var whole = new Option<string?>("--args")
        {
            Description = "All arguments as one JSON object; - reads it from standard input",
            HelpName = "JSON",
        };
        var group = new Option<string>("--group")
        {
            Description = $"Server code or id of the group [{DefaultGroup}]",
            HelpName = "CODE",
            DefaultValueFactory = static _ => DefaultGroup,
        };
        var priority = NumberOption.Create("--priority", "Higher goes first [0]", "N", -100, 100);
        var timeout = NumberOption.Create("--timeout", "Most seconds of one attempt [30]", "SECONDS", 1, 600);
        var retries = NumberOption.Create("--retries", "Retries, if the tool may be asked twice [3]", "N", 0, 10);
        var correlation = new Option<string?>("--correlation")
        {
            Description = "What belongs together: an abort cancels all of it",
            HelpName = "ID",
        };
        var command = verbs.Verb(
            "submit",
            "Run a tool in the background.",
            [tool, pairs, whole, group, priority, timeout, retries, correlation],
            async (session, parsed, cancellationToken) =>
            {
                JsonElement? input = null;
                if (parsed.GetValue(whole) is { } json)
                    input = ToolArguments.Parse(
                        json == "-" ? await session.Terminal.In.ReadToEndAsync(cancellationToken) : json
                    );
                else if (parsed.GetValue(pairs) is { Length: > 0 } typed)
                    input = ToolArguments.Build(typed, JsonElement.Parse("{}"));
                var execution = await session.Client.Executions.SubmitAsync(
                    new ExecutionDraft
                    {
                        Group = parsed.GetRequiredValue(group),
                        ToolName = parsed.GetRequiredValue(tool),
                        Input = input,
                        Priority = parsed.GetValue(priority) ?? 0,
                        Timeout = parsed.GetValue(timeout),
                        MaxRetries = parsed.GetValue(retries),
                        CorrelationId = parsed.GetValue(correlation),
                    },
                    cancellationToken
                );
                return Submitted(session, execution);
            }
        );
        command.Validators.Add(result =>
        {
            if (result.GetResult(pairs) is { Tokens.Count: > 0 } && result.GetResult(whole) is { Tokens.Count: > 0 })
                result.AddError("Give the arguments by --arg or by --args, not by both.");
        });
        return command;
    }

    private static Command List(GatewayVerbs verbs)
    {
        var status = new Option<string?>("--status") { Description = "Only with this status", HelpName = "STATUS" };
        status.AcceptOnlyFromAmong(
            ExecutionStatus.Queued,
            ExecutionStatus.Running,
            ExecutionStatus.Completed,
            ExecutionStatus.Failed,
            ExecutionStatus.Cancelled,
            ExecutionStatus.Skipped,
            ExecutionStatus.Unknown
        );
        var tool = ToolOption();
        var correlation = new Option<string?>("--correlation")
        {
            Description = "Only what belongs to this",
            HelpName = "ID",
        };
        var page = new PageOptions();
        return verbs.Verb(
            "list",
            "List executions that wait or run, then those that ended not long ago.",
            [status, tool, correlation, .. page.All],
            async (session, parsed, cancellationToken) =>
            {
                var found = await page.TakeAsync(
                    parsed,
                    session.Client.Executions.ListAsync(
                        parsed.GetValue(status),
                        parsed.GetValue(tool),
                        parsed.GetValue(correlation),
                        cancellationToken
                    ),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(found, CliJson.Default.IReadOnlyListExecutionInfo);
                else
                    session.Output.Table(
                        "No executions.",
                        ["ID", "TOOL", "GROUP", "STATUS", "ATTEMPTS", "SUBMITTED", "ERROR"],
                        found.Select(e =>
                            new[]
                            {
                                e.TaskId,
                                e.ToolName,
                                e.Group,
                                e.Status,
                                e.Attempts.ToString(CultureInfo.InvariantCulture),
                                ServiceView.Time(e.SubmittedAt),
                                e.Error ?? "",
                            }
                        )
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Show(GatewayVerbs verbs)
    {
        var id = IdArgument();
        return verbs.Verb(
            "show",
            "Show an execution with its result.",
            [id],
            async (session, parsed, cancellationToken) =>
            {
                var execution = await session.Client.Executions.GetAsync(
                    parsed.GetRequiredValue(id),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(execution, CliJson.Default.ExecutionInfo);
                else
                    Print(session.Output, execution);
                return ExitCode.Ok;
            }
        );
    }

    private static Command Cancel(GatewayVerbs verbs)
    {
        var id = IdArgument();
        return verbs.Verb(
            "cancel",
            "Cancel an execution: the tool is told.",
            [id],
            async (session, parsed, cancellationToken) =>
            {
                var named = parsed.GetRequiredValue(id);
                var cancelled = await session.Client.Executions.CancelAsync(named, cancellationToken);
                session.Output.Note(cancelled ? $"{named} is told to end." : $"{named} had ended already.");
                return cancelled ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private static Command Failures(GatewayVerbs verbs)
    {
        var tool = ToolOption();
        var severity = new Option<string?>("--severity") { Description = "Only of this severity", HelpName = "LEVEL" };
        severity.AcceptOnlyFromAmong("low", "medium", "high", "critical");
        var page = new PageOptions();
        return verbs.Verb(
            "failures",
            "List failures of executions and what was done about them.",
            [tool, severity, .. page.All],
            async (session, parsed, cancellationToken) =>
            {
                var found = await page.TakeAsync(
                    parsed,
                    session.Client.Executions.FailuresAsync(
                        parsed.GetValue(tool),
                        parsed.GetValue(severity),
                        cancellationToken
                    ),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(found, CliJson.Default.IReadOnlyListFailureInfo);
                else
                    session.Output.Table(
                        "No failures.",
                        ["WHEN", "TOOL", "SEVERITY", "CLASS", "DONE", "EXECUTION", "MESSAGE"],
                        found.Select(f =>
                            new[]
                            {
                                ServiceView.Time(f.Timestamp),
                                f.ToolName,
                                f.Severity,
                                f.FailureClass,
                                f.RecoveredBy ?? "",
                                f.TaskId,
                                f.Message,
                            }
                        )
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Manual(GatewayVerbs verbs)
    {
        var state = new Option<string>("--state")
        {
            Description = "What was decided",
            HelpName = "STATE",
            DefaultValueFactory = static _ => "open",
        };
        state.AcceptOnlyFromAmong("open", "replayed", "dismissed", "all");
        var page = new PageOptions();
        return verbs.Verb(
            "manual",
            "List failed executions that wait for a decision.",
            [state, .. page.All],
            async (session, parsed, cancellationToken) =>
            {
                var found = await page.TakeAsync(
                    parsed,
                    session.Client.Executions.ManualAsync(parsed.GetRequiredValue(state), cancellationToken),
                    cancellationToken
                );
                if (session.Output.IsJson)
                    session.Output.Json(found, CliJson.Default.IReadOnlyListManualExecution);
                else
                    session.Output.Table(
                        "Nothing waits.",
                        ["ID", "TOOL", "GROUP", "STATE", "MAY HAVE RUN", "FAILED", "ERROR"],
                        found.Select(m =>
                            new[]
                            {
                                m.Id,
                                m.ToolName,
                                m.Group,
                                m.State,
                                m.MayHaveRun ? "YES" : "no",
                                ServiceView.Time(m.CreatedAt),
                                m.Error,
                            }
                        )
                    );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Replay(GatewayVerbs verbs)
    {
        var id = IdArgument("Id in the list of 'executions manual'");
        return verbs.Verb(
            "replay",
            "Run a failed execution again, once. Where it may have run, look first whether it did.",
            [id],
            async (session, parsed, cancellationToken) =>
                Submitted(
                    session,
                    await session.Client.Executions.ReplayAsync(parsed.GetRequiredValue(id), cancellationToken)
                )
        );
    }

    private static Command Dismiss(GatewayVerbs verbs)
    {
        var id = IdArgument("Id in the list of 'executions manual'");
        var confirm = new ConfirmOption();
        return verbs.Verb(
            "dismiss",
            "Take a failed execution out of the list for good.",
            [id, confirm.Option],
            async (session, parsed, cancellationToken) =>
            {
                var named = parsed.GetRequiredValue(id);
                await confirm.AskAsync(session, parsed, $"{named} can then not be run again.", cancellationToken);
                await session.Client.Executions.DismissAsync(named, cancellationToken);
                session.Output.Note($"{named} is dismissed.");
                return ExitCode.Ok;
            }
        );
    }

    private static Option<string?> ToolOption() =>
        new("--tool") { Description = "Only of this tool", HelpName = "NAME" };

    private static int Submitted(Session session, ExecutionInfo execution)
    {
        if (session.Output.IsJson)
            session.Output.Json(execution, CliJson.Default.ExecutionInfo);
        else
            session.Output.Line(execution.TaskId);
        return ExitCode.Ok;
    }

    private static void Print(Output output, ExecutionInfo execution)
    {
        output.Facts([
            ("id", execution.TaskId),
            ("tool", $"{execution.ToolName} of {execution.Group}"),
            ("status", execution.Status),
            ("attempts", execution.Attempts.ToString(CultureInfo.InvariantCulture)),
            ("correlation", execution.CorrelationId),
            ("submitted", ServiceView.Time(execution.SubmittedAt)),
            ("started", execution.StartedAt is { } started ? ServiceView.Time(started) : null),
            ("ended", execution.EndedAt is { } ended ? ServiceView.Time(ended) : null),
            (
                "took",
                execution.ExecutionTime is { } took ? string.Create(CultureInfo.InvariantCulture, $"{took} s") : null
            ),
            ("error", execution.Error),
            ("answered by", execution.FallbackTool),
            ("waits as", execution.ManualId),
        ]);
        if (execution.Result is not { ValueKind: JsonValueKind.Object } result)
            return;
        output.Line("");
        if (result.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array)
            foreach (var block in content.EnumerateArray())
                output.Line(ToolsCommands.Describe(block));
    }
}
