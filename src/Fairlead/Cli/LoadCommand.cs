using System.CommandLine;
using Fairlead.Bench;
using static System.FormattableString;

namespace Fairlead.Cli;

/// <summary><c>fairlead load TOOL</c>: waves of calls for a time, and whether a tool stands them (P-97).</summary>
internal static class LoadCommand
{
    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        var input = new ToolInput("Name of the tool to call");
        var defaults = new LoadOptions();
        var users = NumberOption.WithDefault(
            "--users",
            "Calls made at once, a wave",
            "NUMBER",
            1,
            10_000,
            defaults.Users
        );
        var duration = NumberOption.WithDefault(
            "--duration",
            "How long, in seconds",
            "SECONDS",
            1,
            86_400,
            (int)defaults.Duration.TotalSeconds
        );
        var pause = NumberOption.WithDefault(
            "--pause",
            "Between two waves, in milliseconds",
            "MILLISECONDS",
            0,
            60_000,
            (int)defaults.Pause.TotalMilliseconds
        );
        var failures = NumberOption.WithDefault(
            "--max-failures",
            "Calls that may fail, in percent",
            "PERCENT",
            0,
            100,
            0
        );
        var slowest = NumberOption.Create("--max-p95", "Longest p95, in milliseconds", "MILLISECONDS", 1, 3_600_000);
        var command = verbs.Verb(
            "load",
            "Call a tool of a group in waves for a time; the exit code tells whether it stood them.",
            [.. input.All, users, duration, pause, failures, slowest],
            async (session, parsed, cancellationToken) =>
            {
                var (mcp, tool, given) = await input.ReadAsync(session, parsed, cancellationToken);
                await MeasuredTool.TryAsync(mcp, tool, given, cancellationToken);
                var options = new LoadOptions
                {
                    Users = parsed.GetValue(users)!.Value,
                    Duration = TimeSpan.FromSeconds(parsed.GetValue(duration)!.Value),
                    Pause = TimeSpan.FromMilliseconds(parsed.GetValue(pause)!.Value),
                };
                var result = await session.Output.WhileAsync(
                    $"Calling {tool} for {options.Duration.TotalSeconds:0} s",
                    tell =>
                        LoadTest.RunAsync(
                            tool,
                            token => MeasuredTool.CallAsync(mcp, tool, given, token),
                            options,
                            new Calls(terminal.ErrorIsPerson, tell),
                            terminal.Time,
                            cancellationToken
                        )
                );
                // An interrupt ends the run, not the report; it still ends the command as interrupts do.
                Print(session.Output, result);
                cancellationToken.ThrowIfCancellationRequested();
                return Judge(session.Output, result, parsed.GetValue(failures)!.Value, parsed.GetValue(slowest));
            }
        );
        command.Validators.Add(input.Validate);
        return command;
    }

    private static void Print(Output output, LoadResult result)
    {
        if (output.IsJson)
        {
            output.Json(result, CliJson.Default.LoadResult);
            return;
        }
        output.Facts([
            ("Tool", result.Name),
            (
                "Calls",
                Invariant($"{result.Total} in {result.Waves} waves of {result.Users}, {result.DurationMs / 1000:0.#} s")
            ),
            ("Succeeded", Invariant($"{result.Succeeded} ({result.SuccessPercent:0.##} %)")),
            ("Failed", Invariant($"{result.Failed} ({result.FailurePercent:0.##} %)")),
            ("First failure", result.FirstFailure),
            ("Throughput", Invariant($"{result.Throughput:0.#}/s")),
        ]);
        if (result.Times is { } times)
            TimesView.Print(output, times);
    }

    private static int Judge(Output output, LoadResult result, int failures, int? slowest)
    {
        var missed = new List<string>();
        if (result.FailurePercent > failures)
            missed.Add(Invariant($"{result.FailurePercent:0.##} % of the calls failed, at most {failures} % may"));
        if (slowest is { } limit && !(result.Times?.P95 <= limit))
            missed.Add(
                result.Times is { } times
                    ? Invariant($"the p95 is {times.P95:0.#} ms, at most {limit} ms may be")
                    : "no call went well, so there is no p95"
            );
        if (missed.Count == 0)
            return ExitCode.Ok;
        var text = string.Join("; ", missed) + ".";
        output.Problem(ExitCode.Failed, char.ToUpperInvariant(text[0]) + text[1..]);
        return ExitCode.Failed;
    }

    // A log needs no line a wave.
    private sealed class Calls(bool watched, Action<string> tell) : IProgress<int>
    {
        public void Report(int value)
        {
            if (watched)
                tell(Invariant($"{value} calls"));
        }
    }
}
