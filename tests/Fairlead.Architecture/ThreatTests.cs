using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

/// <summary>Each threat of the threat model has controls, and each control tests that are there (P-74).</summary>
public sealed partial class ThreatTests
{
    private static readonly Lazy<IReadOnlyList<SourceFile>> Sources = new(() => Repository.Files("tests", ".cs"));

    [Fact] // P-74
    public void Threats_OfTheModel_HaveControlsAndTests()
    {
        var model = File.ReadAllText(Path.Combine(Repository.Root, "docs", "threat-model.md"));
        foreach (
            var threat in new[]
            {
                "Unauthorised access",
                "Data leak",
                "Injection",
                "Denial of service",
                "Privilege escalation",
            }
        )
            model.ShouldContain($"## {threat}\n");
        Problems(model).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(
        "## A\n| t | c | `ThreatTests.Nothing_OfThis_Exists` |\n",
        "ThreatTests.Nothing_OfThis_Exists is no test"
    )]
    [InlineData("## A\n| t | c | later |\n", "'t' has no test")]
    [InlineData("## A\nnothing\n", "A has no control")]
    public void Model_WithAHole_IsCaught(string model, string problem) => Problems(model).ShouldBe([problem]);

    [Fact]
    public void Model_WithATest_IsGood() =>
        Problems(
                "## A\n| threat | control | test |\n| --- | --- | --- |\n| t | c | `ThreatTests.Model_WithATest_IsGood` |\n"
            )
            .ShouldBeEmpty();

    private static List<string> Problems(string model)
    {
        var wrong = new List<string>();
        foreach (
            var section in model
                .Split("\n## ")
                .Select(s => s.TrimStart('#', ' '))
                .Where(s => !s.StartsWith("Threat model", StringComparison.Ordinal))
        )
        {
            var rows = section
                .Split('\n')
                .Where(l =>
                    l.StartsWith("| ", StringComparison.Ordinal)
                    && !l.StartsWith("| ---", StringComparison.Ordinal)
                    && !l.StartsWith("| threat", StringComparison.Ordinal)
                )
                .ToList();
            if (rows.Count == 0)
                wrong.Add($"{section.Split('\n')[0]} has no control");
            foreach (var row in rows)
            {
                var tests = Named().Matches(row.Split('|')[^2]);
                if (tests.Count == 0)
                    wrong.Add($"'{row.Split('|')[1].Trim()}' has no test");
                wrong.AddRange(
                    tests
                        .Where(t => !Exists(t.Groups["type"].Value, t.Groups["method"].Value))
                        .Select(t => $"{t.Value.Trim('`')} is no test")
                );
            }
        }
        return wrong;
    }

    private static bool Exists(string type, string method) =>
        Sources.Value.Any(f =>
            Regex.IsMatch(f.Text, $@"\bclass {type}\b", RegexOptions.None, TimeSpan.FromSeconds(10))
            && Regex.IsMatch(
                f.Text,
                $@"\[(Fact|Theory)\b(?:(?!\bpublic\b)[\s\S])*public (async Task|Task|void) {method}\(",
                RegexOptions.None,
                TimeSpan.FromSeconds(10)
            )
        );

    [GeneratedRegex(@"`(?<type>\w+)\.(?<method>\w+)`", RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Named();
}
