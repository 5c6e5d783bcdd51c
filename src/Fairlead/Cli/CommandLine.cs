using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Fairlead.Completion;

namespace Fairlead.Cli;

/// <summary>Parses and runs a command line with our exit codes: 2 for what cannot be understood, 130 when interrupted.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> args, Terminal terminal)
    {
        foreach (var help in root.Options.OfType<HelpOption>())
            help.Action = new HelpWithExitCodes((HelpAction)help.Action!);
        // Only for a shell that asks: help would ask the gateway, too, and list the names.
        if (args is [var first, ..] && first.StartsWith("[suggest", StringComparison.Ordinal))
            new KnownNames(terminal).AddTo(root);
        // A token like @modelcontextprotocol/server-memory is a package, not a file of more arguments.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
            return Refuse(parsed, terminal);
        if (parsed.Action is not HelpWithExitCodes && StrayOption(parsed) is { } stray)
            return Refuse(parsed, terminal, $"There is no option '{stray}' here.");
        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = terminal.Out,
                    Error = terminal.Error,
                    EnableDefaultExceptionHandler = false,
                    // The gateway drains in its own time; its host listens to the signals itself.
                    ProcessTerminationTimeout = Path(parsed) == "serve" ? null : TimeSpan.FromSeconds(2),
                }
            );
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception bug)
        {
            await terminal.Error.WriteLineAsync(
                $"fairlead: this should not happen, please report it: {Output.Visible(bug.ToString())}"
            );
            return ExitCode.Failed;
        }
    }

    /// <summary>A mistyped option that an argument of many values swallowed; null where there is none.</summary>
    private static string? StrayOption(ParseResult parsed)
    {
        // What follows "--" is meant, as a service's own options are.
        var before = parsed.Tokens.TakeWhile(static t => t.Type != TokenType.DoubleDash).ToList();
        return parsed
            .CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(static argument => argument.Tokens)
            .FirstOrDefault(token =>
                token.Value.StartsWith("--", StringComparison.Ordinal)
                && before.Exists(given => ReferenceEquals(given, token))
            )
            ?.Value;
    }

    private static int Refuse(ParseResult parsed, Terminal terminal, string? error = null)
    {
        var command = parsed.CommandResult.Command;
        // Of "services lsit" the parser also says that a command is missing; the mistyped word says it all.
        var words = parsed.UnmatchedTokens.Count > 0 && command.Subcommands.Count > 0;
        IReadOnlyList<string> errors =
            error is not null ? [error]
            : words ? [$"There is no '{parsed.UnmatchedTokens[0]}' here."]
            : [.. parsed.Errors.Select(e => Named(e)).Distinct()];
        List<string> advice = [];
        if (command.Subcommands.Count > 0)
            advice.Add($"There are: {string.Join(", ", command.Subcommands.Select(c => c.Name))}.");
        advice.Add($"See '{$"fairlead {Path(parsed)}".TrimEnd()} --help'.");
        if (parsed.Tokens.Any(static t => t.Value == "--json"))
        {
            var whole = new CliFailure(ExitCode.WrongUsage, string.Join(" ", errors), string.Join(" ", advice));
            Output.Explain(terminal, whole, json: true);
            return ExitCode.WrongUsage;
        }
        foreach (var line in errors)
            terminal.Error.WriteLine($"fairlead: {Output.Visible(line)}");
        foreach (var line in advice)
            terminal.Error.WriteLine(line);
        return ExitCode.WrongUsage;
    }

    /// <summary>What is missing is called by its name in the help.</summary>
    private static string Named(ParseError error) =>
        error.SymbolResult is ArgumentResult { Tokens.Count: 0, Argument: { Arity.MinimumNumberOfValues: > 0 } missing }
            ? $"{missing.Name} is missing: {missing.Description}."
            // The parser lists choices one a line.
            : error
                .Message.ReplaceLineEndings("")
                .Replace(":\t", ": ", StringComparison.Ordinal)
                .Replace("\t", ", ", StringComparison.Ordinal);

    /// <summary>Names of the commands on the way to the one that was asked for.</summary>
    private static string Path(ParseResult parsed)
    {
        Stack<string> names = [];
        for (var at = parsed.CommandResult; at?.Parent is not null; at = at.Parent as CommandResult)
            names.Push(at.Command.Name);
        return string.Join(' ', names);
    }

    private sealed class HelpWithExitCodes(HelpAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            var to = parseResult.InvocationConfiguration.Output;
            to.WriteLine("Exit codes:");
            foreach (var (number, meaning) in ExitCode.All)
                to.WriteLine($"  {number, -3}  {meaning}");
            return code;
        }
    }
}
