using System.Text.RegularExpressions;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Groups;

public sealed partial class ExposedNamesTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(300);

    // A small alphabet with hostile members makes collisions likely.
    private static readonly Gen<string> AnyName = Gen.Elements(
            "read",
            "Read",
            "READ",
            "get.user",
            "get user",
            "get_user",
            "搜索",
            "查询",
            "a_b",
            "fairlead_stop",
            "Fairlead_stop",
            "fs_read",
            "😀",
            "",
            new string('x', 64),
            new string('x', 65),
            new string('y', 128)
        )
        .Where(static name => name.Length > 0);

    private static readonly Gen<NameWish> AnyWish =
        from service in Gen.Elements(null, "fs", "FS", "fs_read", "fairlead", new string('s', 64))
        from name in AnyName
        select new NameWish(service, name);

    private static readonly Arbitrary<NameWish[]> AnyWishes = AnyWish
        .ArrayOf()
        .Select(static wishes => wishes.Distinct().ToArray())
        .ToArbitrary();

    [Fact]
    public void Assign_AnyWishes_NamesAreValidAndNeverCollide() =>
        Check.One(
            Many,
            Prop.ForAll(
                AnyWishes,
                static wishes =>
                {
                    IReadOnlyList<string> names = ExposedNames.Assign(ItemKind.Tool, [], wishes);
                    names.Count.ShouldBe(wishes.Length);
                    names.ShouldAllBe(static name => Valid().IsMatch(name));
                    names.ShouldAllBe(static name => !name.StartsWith("fairlead_", StringComparison.OrdinalIgnoreCase));
                    names.Distinct(StringComparer.OrdinalIgnoreCase).Count().ShouldBe(names.Count);
                }
            )
        );

    [Fact]
    public void Assign_InTwoParts_KeepsTheFirstPartAndAvoidsIt() =>
        Check.One(
            Many,
            Prop.ForAll(
                AnyWishes,
                AnyWishes,
                static (first, second) =>
                {
                    NameWish[] later = [.. second.Except(first)];
                    IReadOnlyList<string> before = ExposedNames.Assign(ItemKind.Prompt, [], first);
                    IReadOnlyList<string> after = ExposedNames.Assign(ItemKind.Prompt, before, later);
                    // As one run in the same order: a restart between the two changes nothing.
                    ExposedNames.Assign(ItemKind.Prompt, [], [.. first, .. later]).ShouldBe([.. before, .. after]);
                    before.Intersect(after, StringComparer.OrdinalIgnoreCase).ShouldBeEmpty();
                }
            )
        );

    [Fact]
    public void Assign_AnyUris_NeverCollideAndUnreservedOnesStayAsTheyAre() =>
        Check.One(
            Many,
            Prop.ForAll(
                AnyWishes,
                static wishes =>
                {
                    IReadOnlyList<string> names = ExposedNames.Assign(ItemKind.Resource, [], wishes);
                    names.Distinct(StringComparer.Ordinal).Count().ShouldBe(names.Count);
                    foreach (var same in wishes.Zip(names).GroupBy(static pair => pair.First.UpstreamName))
                        same.First().Second.ShouldBe(same.Key);
                }
            )
        );

    [Theory]
    [InlineData("fs", "read_file", "read_file")]
    [InlineData("fs", "taken", "fs_taken")]
    [InlineData("fs", "TAKEN", "fs_TAKEN")]
    [InlineData("fs", "get.user", "fs_get_user")]
    [InlineData("fs", "fairlead_stop", "fs_fairlead_stop")]
    [InlineData("fairlead", "a.b", "svc_fairlead_a_b")]
    [InlineData(null, "taken", "native_taken")]
    public void Assign_Name_IsItsOwnWhereFreeAndValidElseQualified(string? service, string tool, string expected) =>
        ExposedNames.Assign(ItemKind.Tool, ["taken"], [new NameWish(service, tool)]).ShouldBe([expected]);

    [Fact]
    public void Assign_TooLong_IsShortenedWithAHashThatNeverChanges() =>
        // The literal is the promise: another hash would rename tools of every existing store.
        ExposedNames
            .Assign(ItemKind.Tool, [], [new NameWish("files", new string('x', 100))])
            .ShouldBe(["files_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_8f43bff10b"]);

    [Theory]
    [InlineData("my_fs", "file:///a", "fairlead+my-fs:file:///a")]
    [InlineData("my_fs", "file:///A", "file:///A")]
    [InlineData("FS", "fairlead+x:y", "fairlead+fs:fairlead+x:y")]
    public void Assign_Uri_IsItsOwnWhereFreeElseUnderOurScheme(string service, string uri, string expected)
    {
        ExposedNames.Assign(ItemKind.Resource, ["file:///a"], [new NameWish(service, uri)]).ShouldBe([expected]);
        Uri.IsWellFormedUriString(expected, UriKind.Absolute).ShouldBeTrue();
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$", RegexOptions.NonBacktracking)]
    private static partial Regex Valid();
}
