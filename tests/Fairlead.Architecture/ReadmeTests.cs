using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

/// <summary>Both READMEs say the same: what one has to type or read next, the other has, too.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void Readme_InBothLanguages_HasTheSameCommandsAndDocuments()
    {
        var english = What("README.md");
        english.Length.ShouldBeGreaterThan(20);
        What("README.zh-CN.md").ShouldBe(english);
    }

    // Commands without the remarks beside them, answers and documents linked to.
    private static string[] What(string file)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, file));
        var blocks = Block().Matches(text).SelectMany(block => block.Groups["lines"].Value.Split('\n'));
        var lines = blocks.Select(static line => Remark().Replace(line, "")).Where(static line => line.Length > 0);
        var documents = Document().Matches(text).Select(static link => link.Groups["path"].Value);
        return [.. lines, .. documents.Distinct().Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex(
        """^```\w+\n(?<lines>.*?)^```""",
        RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Block();

    [GeneratedRegex(""" +# .*$""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Remark();

    [GeneratedRegex("""\]\((?!README)(?<path>[^)]+)\)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Document();
}
