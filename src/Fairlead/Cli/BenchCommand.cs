using System.CommandLine;
using Fairlead.Bench;
using static System.FormattableString;

namespace Fairlead.Cli;

/// <summary><c>fairlead bench TOOL</c>: how long a tool takes, beside a saved run (I-18).</summary>
internal static class BenchCommand
{
    private const int Most = 10_000_000;

    public static Command Build(Terminal terminal)
    {
        var verbs = new GatewayVerbs(terminal);
        var input = new ToolInput("Name of the tool to measure");
        var defaults = new BenchmarkOptions();
        var warmup = NumberOption.WithDefault(
            "--warmup",
            "Calls before the measurement",
            "NUMBER",
            0,
            Most,
            defaults.Warmup
        );
        var iterations = NumberOption.WithDefault(
            "--iterations",
            "Calls that are measured",
            "NUMBER",
            1,
            Most,
            defaults.Iterations
        );
        var concurrency = NumberOption.WithDefault(
            "--concurrency",
            "Calls under way at once",
            "NUMBER",
            1,
            Most,
            defaults.Concurrency
        );
        var save = new Option<string?>("--save") { Description = "Write the run to this file", HelpName = "FILE" };
        var compare = new Option<string?>("--compare")
        {
            Description = "Show the run beside the one saved in this file",
            HelpName = "FILE",
        };
        var worse = NumberOption.Create(
            "--max-slower",
            "With --compare: fail when the p95 is slower by more than this, in percent",
            "PERCENT",
            0,
            100_000
        );
        var command = verbs.Verb(
            "bench",
            "Measure a tool of a group: mean, percentiles, throughput and a histogram.",
            [.. input.All, warmup, iterations, concurrency, save, compare, worse],
            async (session, parsed, cancellationToken) =>
            {
                var before = parsed.GetValue(compare) is { } file ? await ReadAsync(file, cancellationToken) : null;
                var (mcp, tool, given) = await input.ReadAsync(session, parsed, cancellationToken);
                await MeasuredTool.TryAsync(mcp, tool, given, cancellationToken);
                var options = new BenchmarkOptions
                {
                    Warmup = parsed.GetValue(warmup)!.Value,
                    Iterations = parsed.GetValue(iterations)!.Value,
                    Concurrency = parsed.GetValue(concurrency)!.Value,
                };
                var result = await session.Output.WhileAsync(
                    $"Measuring {tool}",
                    tell =>
                        Benchmark
                            .Of(tool, token => MeasuredTool.CallAsync(mcp, tool, given, token))
                            .RunAsync(
                                options,
                                new TenthSteps(options.Iterations, tell),
                                terminal.Time,
                                cancellationToken
                            )
                );
                if (parsed.GetValue(save) is { } target)
                    await File.WriteAllTextAsync(target, result.ToJson(), cancellationToken);
                var compared = before is null ? null : BenchmarkComparison.Of(before, result);
                Print(session.Output, result, compared);
                return Judge(session.Output, result, compared, parsed.GetValue(worse));
            }
        );
        command.Validators.Add(input.Validate);
        command.Validators.Add(result =>
        {
            if (result.GetResult(worse) is { Implicit: false } && result.GetResult(compare) is null)
                result.AddError("--max-slower needs --compare FILE.");
        });
        return command;
    }

    private static async Task<BenchmarkResult> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return BenchmarkResult.Parse(await File.ReadAllTextAsync(file, cancellationToken));
        }
        catch (FormatException failure)
        {
            throw new CliFailure(
                ExitCode.WrongUsage,
                $"{file}: {failure.Message}",
                "Write one with 'fairlead bench TOOL --save FILE'."
            );
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliFailure(
                ExitCode.WrongUsage,
                $"There is no file {file}.",
                "Write one with 'fairlead bench TOOL --save FILE'."
            );
        }
    }

    private static void Print(Output output, BenchmarkResult result, BenchmarkComparison? compared)
    {
        if (output.IsJson)
        {
            output.Json(new MeasuredRun(result, compared?.Measures), CliJson.Default.MeasuredRun);
            return;
        }
        output.Facts([
            ("Tool", result.Name),
            ("Calls", Invariant($"{result.Iterations}, {result.Concurrency} at once")),
            ("Failed", result.Failures == 0 ? null : Invariant($"{result.Failures}: {result.FirstFailure}")),
            ("Throughput", Invariant($"{result.Throughput:0.#}/s")),
        ]);
        if (result.Times is { } times)
            TimesView.Print(output, times);
        if (compared is { Measures.Count: > 0 })
        {
            output.Line("");
            output.Table(
                "",
                ["MEASURE", Invariant($"{compared.Before.At:yyyy-MM-dd HH:mm}"), "NOW", "RATIO"],
                compared.Measures.Select(m =>
                    new[]
                    {
                        m.Measure,
                        Invariant($"{m.Before:0.###}"),
                        Invariant($"{m.Now:0.###}"),
                        Invariant($"{m.Ratio:0.00}"),
                    }
                )
            );
        }
    }

    private static int Judge(Output output, BenchmarkResult result, BenchmarkComparison? compared, int? worse)
    {
        if (result.Failures > 0)
        {
            output.Problem(ExitCode.ServiceFailed, $"{result.Failures} of {result.Iterations} calls failed.");
            return ExitCode.ServiceFailed;
        }
        if (worse is { } limit && compared?.P95Ratio is { } ratio && ratio > 1 + limit / 100.0)
        {
            output.Problem(
                ExitCode.Failed,
                Invariant($"The p95 is slower by {(ratio - 1) * 100:0.#} %, at most {limit} % are allowed.")
            );
            return ExitCode.Failed;
        }
        return ExitCode.Ok;
    }
}
