using System.CommandLine;
using System.Globalization;
using Fairlead.Client;

namespace Fairlead.Cli;

/// <summary>How a service is run: dependencies, laziness, restarts and limits.</summary>
internal sealed class RunOptions
{
    private readonly Option<string[]> dependsOn = new("--depends-on")
    {
        Description = "Service that must be ready before it starts; may be repeated; an empty name takes all away",
        HelpName = "NAME",
    };

    private readonly Option<bool?> lazy = Switch("--lazy", "Start it with its first call, end it when it is not used");

    private readonly Option<int?> idle = NumberOption.Create(
        "--idle",
        "Time without a call after which a lazy service ends, 1 to 86400 seconds",
        "SECONDS",
        1,
        86_400
    );

    private readonly Option<bool?> restart = Switch("--restart-on-error", "Restart it after a fault");

    private readonly Option<int?> maxRestarts = NumberOption.Create(
        "--max-restarts",
        "Restarts in a row before it is given up, 0 for no end",
        "COUNT",
        0,
        1000
    );

    private readonly Option<double?> restartDelay = new("--restart-delay")
    {
        Description = "Time before a restart, 0 to 3600 seconds",
        HelpName = "SECONDS",
        CustomParser = result =>
        {
            var text = result.Tokens[^1].Value;
            if (
                double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
                && seconds <= 3600
            )
                return seconds;
            result.AddError($"--restart-delay is 0 to 3600, not '{text}'.");
            return null;
        },
    };

    private readonly Option<int?> memory = NumberOption.Create(
        "--max-memory",
        "Most memory of the program and what it starts, 16 to 1048576 MiB",
        "MIB",
        16,
        1_048_576
    );

    private readonly Option<int?> nice = NumberOption.Create(
        "--nice",
        "How far the program steps back when the CPU is scarce, 0 to 19",
        "LEVEL",
        0,
        19
    );

    public IReadOnlyList<Option> All => [dependsOn, lazy, idle, restart, maxRestarts, restartDelay, memory, nice];

    /// <summary>The definition with what was said here.</summary>
    public T Apply<T>(ParseResult parsed, T definition)
        where T : ServiceDefinition =>
        // Copied as what it is.
        (T)(
            (ServiceDefinition)definition with
            {
                DependsOn = parsed.GetResult(dependsOn) is { Implicit: false }
                    ? [.. parsed.GetValue(dependsOn)!.Where(n => n.Length > 0)]
                    : null,
                Lazy = parsed.GetValue(lazy),
                IdleSeconds = parsed.GetValue(idle),
                RestartOnError = parsed.GetValue(restart),
                MaxRestarts = parsed.GetValue(maxRestarts),
                RestartDelaySeconds = parsed.GetValue(restartDelay),
                MaxMemoryMb = parsed.GetValue(memory),
                Nice = parsed.GetValue(nice),
            }
        );

    private static Option<bool?> Switch(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.ZeroOrOne };
}
