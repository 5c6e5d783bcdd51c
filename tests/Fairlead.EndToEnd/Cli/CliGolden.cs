using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Shouldly;

namespace Fairlead.EndToEnd.Cli;

/// <summary>
/// What <c>--json</c> prints, kept in <c>tests/Golden/cli</c>: scripts depend on it. FAIRLEAD_GOLDEN=write rewrites the
/// files; ids, times, addresses and counts of the fixture's tools are replaced first.
/// </summary>
internal static partial class CliGolden
{
    public static void Check(string name, string actual)
    {
        var text = Times().Replace(Ids().Replace(actual, "<id>"), "<time>");
        text = Counts().Replace(text, "\"tools\": <n>");
        text = Ports().Replace(text, "http://127.0.0.1:<port>").Replace(Fixture, "<fixture>", StringComparison.Ordinal);
        var path = Path.Combine(Folder(), name + ".json");
        if (Environment.GetEnvironmentVariable("FAIRLEAD_GOLDEN") == "write")
            File.WriteAllText(path, text);
        File.Exists(path).ShouldBeTrue($"{path} is missing: run with FAIRLEAD_GOLDEN=write");
        text.ShouldBe(File.ReadAllText(path));
    }

    private static string Fixture => Fairlead.Testing.FixtureProcess.Command;

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "Golden", "cli"));

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.NonBacktracking)]
    private static partial Regex Ids();

    [GeneratedRegex(
        @"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Times();

    [GeneratedRegex("\"tools\": [0-9]+", RegexOptions.NonBacktracking)]
    private static partial Regex Counts();

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.NonBacktracking)]
    private static partial Regex Ports();
}
