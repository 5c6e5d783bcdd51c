using System.Text;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>
/// The table of every MUST of the revision (musts.txt → docs/conformance.md): nothing of the specification is missing,
/// every row has a test that exists or a reason.
/// </summary>
public sealed partial class MustTests
{
    private static readonly MustTable Table = MustTable.Read(
        Path.Combine(Tree.Root, "tests/Fairlead.Conformance/musts.txt")
    );

    [Fact]
    public void Rows_OfEachFile_AreNumberedWithoutGap()
    {
        foreach (var file in Table.Rows.GroupBy(r => r.File))
            file.Select(r => r.Number).ShouldBe(Enumerable.Range(1, file.Count()), file.Key);
        Table.Rows.Count.ShouldBeGreaterThan(300);
    }

    // The specification lies beside the clone where the project is worked on; the rows must be all it has, in order.
    [Fact]
    public void Rows_ComparedWithTheSpecification_AreAllThereIs()
    {
        var spec = Specification();
        if (spec is null)
            Assert.Skip("The specification is not beside the clone.");
        foreach (var folder in (string[])["basic", "server", "client"])
        {
            foreach (var file in spec.GetDirectories(folder).Single().GetFiles("*.mdx", SearchOption.AllDirectories))
            {
                var name = Path.GetRelativePath(spec.FullName, file.FullName).Replace('\\', '/');
                var words = Must().Matches(File.ReadAllText(file.FullName)).Select(m => m.Value);
                Table.Rows.Where(r => r.File == name).Select(r => r.Level).ShouldBe(words, name);
            }
        }
    }

    [Fact]
    public void Proofs_All_AreTestsThatExist()
    {
        var known = Tests();
        var missing = Table.Rows.SelectMany(r => r.Proofs).Distinct().Where(p => !known.Contains(p)).ToList();
        missing.ShouldBeEmpty();
        // The check itself: a name that is no test is found to be none.
        known.ShouldNotContain("MessageTests.No_Such_Test");
    }

    [Fact]
    public void Rows_All_HaveAProofOrAReason()
    {
        Table.Rows.ShouldAllBe(r => r.Proofs.Count > 0 || r.Reason.Length > 0);
        var used = Table.Rows.Select(r => r.ReasonCode).OfType<string>().ToHashSet();
        used.ShouldBe(Table.Reasons.Keys, ignoreOrder: true);
    }

    [Fact]
    public void Document_OfTheTable_IsTheCheckedInOne()
    {
        var path = Path.Combine(Tree.Root, "docs/conformance.md");
        var text = Table.ToMarkdown();
        if (Environment.GetEnvironmentVariable("FAIRLEAD_GOLDEN") == "write")
            File.WriteAllText(path, text);
        File.ReadAllText(path)
            .ShouldBe(text, "FAIRLEAD_GOLDEN=write dotnet test tests/Fairlead.Conformance rewrites it");
    }

    private static DirectoryInfo? Specification()
    {
        for (var at = new DirectoryInfo(Tree.Root).Parent; at is not null; at = at.Parent)
        {
            var beside = new DirectoryInfo(Path.Combine(at.FullName, "shared/spec/2026-07-28"));
            if (beside.Exists)
                return beside;
        }
        return null;
    }

    /// <summary>Names of all tests of the tree: <c>Class.Method</c> of the C# ones, titles of the others.</summary>
    private static HashSet<string> Tests()
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (
            var file in Directory.EnumerateFiles(
                Path.Combine(Tree.Root, "tests"),
                "*Tests.cs",
                SearchOption.AllDirectories
            )
        )
        {
            var text = File.ReadAllText(file);
            foreach (Match method in TestMethod().Matches(text))
                known.Add($"{Path.GetFileNameWithoutExtension(file)}.{method.Groups["name"].Value}");
        }
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Tree.Root, "tests/Conformance/test"), "*.js"))
        {
            foreach (Match title in TestTitle().Matches(File.ReadAllText(file)))
                known.Add(title.Groups["title"].Value);
        }
        return known;
    }

    [GeneratedRegex(@"\bMUST(?: NOT)?\b|\bREQUIRED\b|\bSHALL\b", RegexOptions.None, 1000)]
    private static partial Regex Must();

    [GeneratedRegex(
        @"\[(?:Fact|Theory)[^\]]*\](?:(?!\[Fact|\[Theory).)*?public (?:async Task|void|Task) (?<name>\w+)\(",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture,
        10_000
    )]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"(?:test|describe)\('(?<title>[^']+)'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TestTitle();
}
