using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>
/// The help of every command, kept in <c>tests/Golden/cli/help</c>, and the page that lists them,
/// <c>docs/guide/command-line.md</c>. FAIRLEAD_GOLDEN=write rewrites both.
/// </summary>
[Trait("Category", "integration")]
public sealed class CliHelpTests
{
    private const string Begin = "<!-- verbs -->";
    private const string End = "<!-- /verbs -->";

    private static readonly bool Write = Environment.GetEnvironmentVariable("FAIRLEAD_GOLDEN") == "write";

    public static TheoryData<string> Commands => [.. All().Select(c => c.Path)];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_OfEachCommand_IsWhatWasReviewed(string path)
    {
        var output = new StringWriter();
        var args = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        (await Program.RunAsync([.. args, "--help"], Person(output))).ShouldBe(ExitCode.Ok);
        var file = Path.Combine(Root(), "tests/Golden/cli/help", $"fairlead {path}".Trim().Replace(' ', '-') + ".txt");
        // The name of the program under test is the test's.
        var text = string.Join(
            '\n',
            output.ToString().ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd())
        );
        if (Write)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, text);
        }
        File.Exists(file).ShouldBeTrue($"{file} is missing: run with FAIRLEAD_GOLDEN=write");
        text.ShouldBe(await File.ReadAllTextAsync(file));
    }

    [Fact]
    public void HelpFiles_AreOfCommandsThereAre() =>
        Directory
            .EnumerateFiles(Path.Combine(Root(), "tests/Golden/cli/help"))
            .Select(Path.GetFileNameWithoutExtension)
            .ShouldBe(All().Select(c => $"fairlead {c.Path}".Trim().Replace(' ', '-')), ignoreOrder: true);

    [Fact]
    public void Guide_ListsEveryCommand()
    {
        var file = Path.Combine(Root(), "docs/guide/command-line.md");
        var guide = File.ReadAllText(file);
        var table = new StringBuilder($"{Begin}\n| command | does |\n| --- | --- |\n");
        foreach (var (path, command) in All().Where(c => c.Command.Subcommands.Count == 0))
        {
            var arguments = string.Concat(
                command.Arguments.Select(a =>
                    a.Arity.MaximumNumberOfValues > 1 ? $" {a.Name}…"
                    : a.Arity.MinimumNumberOfValues == 0 ? $" [{a.Name}]"
                    : $" {a.Name}"
                )
            );
            table.Append($"| `{path}{arguments}` | {command.Description} |\n");
        }
        table.Append(End);
        var at = guide.IndexOf(Begin, StringComparison.Ordinal);
        at.ShouldBeGreaterThan(0);
        var after = guide.IndexOf(End, StringComparison.Ordinal) + End.Length;
        if (Write)
            File.WriteAllText(file, guide = guide[..at] + table + guide[after..]);
        guide.ShouldContain(table.ToString(), Case.Sensitive, "run with FAIRLEAD_GOLDEN=write");
    }

    [Fact]
    public void ExitCodes_AreInTheGuide()
    {
        var guide = File.ReadAllText(Path.Combine(Root(), "docs/guide/command-line.md"));
        foreach (var (code, meaning) in ExitCode.All)
            guide.ShouldContain($"| {code} | `{(code == 0 ? "" : ExitCode.Name(code))}` | {meaning} |");
    }

    // A secret on a command line can be read by every user of the machine, and stays in the shell's history.
    [Fact]
    public void Options_TakeNoSecrets() =>
        All()
            .SelectMany(c => c.Command.Options.Select(o => o.Name).Concat(c.Command.Arguments.Select(a => a.Name)))
            .ShouldAllBe(name =>
                !new[] { "password", "token", "secret", "--key" }.Any(word =>
                    name.Equals(word, StringComparison.OrdinalIgnoreCase)
                    || name.Equals("--" + word, StringComparison.OrdinalIgnoreCase)
                )
            );

    private static IEnumerable<(string Path, Command Command)> All()
    {
        var root = Program.Root(Person(TextWriter.Null));
        return Below("", root);

        static IEnumerable<(string, Command)> Below(string path, Command command) =>
            command
                .Subcommands.Where(c => !c.Hidden)
                .SelectMany(c => Below($"{path} {c.Name}".Trim(), c))
                .Prepend((path, command));
    }

    private static Terminal Person(TextWriter output) =>
        new()
        {
            In = TextReader.Null,
            Out = output,
            Error = TextWriter.Null,
            Variable = static _ => null,
        };

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}
