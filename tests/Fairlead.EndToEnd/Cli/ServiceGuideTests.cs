using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Cli;
using Fairlead.Client;
using Fairlead.Client.Store;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>
/// The guide under <c>docs/guide/services</c> (S-22, S-23): its pages are there, each shows a command with what it printed,
/// and names only commands, options, routes and methods that exist.
/// </summary>
public sealed partial class ServiceGuideTests
{
    private static readonly RootCommand Root = Program.Root(
        new Terminal
        {
            In = TextReader.Null,
            Out = TextWriter.Null,
            Error = TextWriter.Null,
            Variable = static _ => null,
        }
    );

    private static readonly Command[] Commands = [.. Below(Root)];

    /// <summary>The documentation set of S-23, in its order, and the practices of S-22.</summary>
    public static TheoryData<string> Required =>
        [
            "registration.md",
            "add-service.md",
            "formats.md",
            "lifecycle.md",
            "start-service.md",
            "stop-service.md",
            "restart-service.md",
            "health-check.md",
            "check-services.md",
            "list-overview.md",
            "list-services.md",
            "get-service-info.md",
            "best-practices.md",
        ];

    public static TheoryData<string> Pages =>
        [.. Directory.EnumerateFiles(Folder(), "*.md").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Required))]
    public void Page_OfTheDocumentationSet_IsThereAndShowsARunCommand(string page)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder(), page));
        lines[0].ShouldStartWith("# ");
        var run = lines.Where(IsCommand).ToList();
        run.ShouldContain(line => line.Contains("fairlead services", StringComparison.Ordinal));
        // What it printed is below the last command of each block.
        var bare = lines.Zip(lines.Skip(1)).Where(pair => IsCommand(pair.First) && pair.Second == "```").ToList();
        bare.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_OfTheFolder_IsInItsIndex(string page)
    {
        if (page != "README.md")
            File.ReadAllText(Path.Combine(Folder(), "README.md")).ShouldContain($"]({page})");
    }

    // S-22
    [Fact]
    public void BestPractices_AreSeven() =>
        File.ReadAllLines(Path.Combine(Folder(), "best-practices.md"))
            .Where(line => line.StartsWith("## ", StringComparison.Ordinal))
            .ShouldBe([
                "## 1. Stateless services",
                "## 2. Explicit dependencies",
                "## 3. Health checks",
                "## 4. Error handling",
                "## 5. Monitoring",
                "## 6. Resource management",
                "## 7. Current documentation",
            ]);

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_NamesCommandsAndOptionsThereAre(string page)
    {
        var text = File.ReadAllText(Path.Combine(Folder(), page));
        foreach (Match named in CommandNamed().Matches(text))
            Unknown(named.Groups["words"].Value).ShouldBeNull(named.Value);
        foreach (Match named in OptionNamed().Matches(text))
            Commands.Any(c => Has(c, named.Groups["option"].Value)).ShouldBeTrue(named.Value);
    }

    [Theory]
    [InlineData("services lst", "lst")]
    [InlineData("services list --sttus error", "--sttus")]
    [InlineData("services add x --header a=b -- node --no-such", null)]
    [InlineData("services events -f", null)]
    [InlineData("services reviews list", null)]
    public void Unknown_IsFound(string words, string? unknown) => Unknown(words).ShouldBe(unknown);

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_NamesRoutesThereAre(string page)
    {
        using var document = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(Repository(), "tests/Golden/openapi.json"))
        );
        var routes = document.RootElement.GetProperty("paths");
        foreach (Match named in RouteNamed().Matches(File.ReadAllText(Path.Combine(Folder(), page))))
        {
            routes.TryGetProperty(named.Groups["path"].Value, out var route).ShouldBeTrue(named.Value);
            var method = named.Groups["method"].Value.ToLowerInvariant();
            route.TryGetProperty(method, out _).ShouldBeTrue(named.Value);
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_NamesMethodsThereAre(string page)
    {
        foreach (Match named in MethodNamed().Matches(File.ReadAllText(Path.Combine(Folder(), page))))
        {
            var type = named.Groups["room"].Value is { Length: > 0 } room
                ? typeof(FairleadClient).GetProperty(room)?.PropertyType
                : typeof(McpStoreScope);
            type.ShouldNotBeNull(named.Value);
            type.GetMethods().ShouldContain(m => m.Name == named.Groups["method"].Value, named.Value);
        }
    }

    /// <summary>The first word that the command line does not know; null when it knows all.</summary>
    private static string? Unknown(string words)
    {
        Command at = Root;
        foreach (var word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries).TakeWhile(w => w != "--"))
        {
            if (word.StartsWith('-') && word.Length > 1)
            {
                if (!Has(at, word.Split('=')[0]))
                    return word;
            }
            else if (at.Subcommands.FirstOrDefault(c => c.Name == word || c.Aliases.Contains(word)) is { } next)
                at = next;
            else if (at.Subcommands.Count > 0)
                return word;
        }
        return null;
    }

    private static bool IsCommand(string line) => line.StartsWith("$ ", StringComparison.Ordinal);

    private static bool Has(Command command, string option) =>
        command.Options.Any(o => o.Name == option || o.Aliases.Contains(option));

    private static IEnumerable<Command> Below(Command command) =>
        command.Subcommands.SelectMany(Below).Prepend(command);

    private static string Folder() => Path.Combine(Repository(), "docs/guide/services");

    private static string Repository([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));

    // In a text between back-quotes, or typed at a prompt; up to what belongs to the shell.
    [GeneratedRegex(
        """(`(fairlead )?(?=services )|`fairlead |^\$ fairlead |; fairlead )(?<words>[^`\n|;<&]*)""",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex CommandNamed();

    [GeneratedRegex("""`(?<option>--[a-z-]+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OptionNamed();

    [GeneratedRegex(
        """`(?<method>GET|POST|PUT|DELETE) (?<path>/api/v1/[a-z0-9_{}/-]+)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex RouteNamed();

    [GeneratedRegex(
        """`(client\.(?<room>\w+)|store)\.(?<method>\w+)\(""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex MethodNamed();
}
