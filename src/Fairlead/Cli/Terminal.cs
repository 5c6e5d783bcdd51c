using System.Text;

namespace Fairlead.Cli;

/// <summary>Everything a command sees of the world outside: streams, whether they are a person's, variables, the clock.</summary>
internal sealed record Terminal
{
    public required TextReader In { get; init; }
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }
    public bool InIsPerson { get; init; }
    public bool OutIsPerson { get; init; }
    public bool ErrorIsPerson { get; init; }
    public required Func<string, string?> Variable { get; init; }

    /// <summary>Asks for a line that is not shown; null when <see cref="In"/> is no person's.</summary>
    public Func<string, string>? AskHidden { get; init; }
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess() =>
        new()
        {
            In = Console.In,
            Out = Console.Out,
            Error = Console.Error,
            InIsPerson = !Console.IsInputRedirected,
            OutIsPerson = !Console.IsOutputRedirected,
            ErrorIsPerson = !Console.IsErrorRedirected,
            Variable = static name => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null,
            AskHidden = Console.IsInputRedirected ? null : AskForHidden,
        };

    private static string AskForHidden(string question)
    {
        // The first use of the keyboard takes long; a quick answer to a question asked before it would be shown.
        _ = Console.KeyAvailable;
        Console.Error.Write(question);
        var line = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                line.Length = Math.Max(0, line.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                line.Append(key.KeyChar);
        }
        Console.Error.WriteLine();
        return line.ToString();
    }
}
