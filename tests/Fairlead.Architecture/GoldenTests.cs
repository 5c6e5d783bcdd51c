using Fairlead.Architecture.Planted;
using Fairlead.Architecture.Rules;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

/// <summary>
/// The public surface of what others compile against, kept in <c>tests/Golden</c>. A changed promise is a decision:
/// the file is rewritten only on request, and the changed lines are reviewed.
/// </summary>
public sealed class GoldenTests
{
    private const string Expected = """
        interface Fairlead.Architecture.Planted.ISurface
            string? Find(string key, int limit = 10)
        abstract class Fairlead.Architecture.Planted.Surface : ISurface
            abstract bool TryGet(ReadOnlySpan<char> key, out int value)
            const string Name = "surface"
            event EventHandler Changed
            new(string? title)
            override string ToString()
            protected void Raise()
            required int Size { get; set; }
            static IReadOnlyList<T> All<T>(params T[] items)
            string? Title { get; init; }
            virtual string? Find(string key, int limit = 10)
        enum Fairlead.Architecture.Planted.SurfaceKind
            Large = 2
            Small = 1

        """;

    [Theory]
    [InlineData("Fairlead.Protocol")]
    [InlineData("Fairlead.Toolkit")]
    [InlineData("Fairlead.Bench")]
    [InlineData("Fairlead.Client")]
    public void PublicApi_OfAPackage_IsWhatWasPromised(string assembly) =>
        Golden.Check(
            Path.Combine(Repository.Root, "tests", "Golden", assembly + ".api.txt"),
            PublicApi.Render(Shipped.Named(assembly).GetTypes()),
            Golden.IsWriting
        );

    [Fact]
    public void Renderer_OfAPlantedSurface_ShowsEveryKindOfMember() =>
        PublicApi.Render([typeof(ISurface), typeof(Surface), typeof(SurfaceKind), typeof(Page)]).ShouldBe(Expected);

    [Fact]
    public void Golden_ThatDiffers_FailsAndTellsHow()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.WriteAllText(path, "class A\n    int B { get; }\n");
            var failure = Should.Throw<GoldenDiffersException>(() => Golden.Check(path, "class A\n", write: false));
            failure.Message.ShouldContain("-    int B { get; }");
            failure.Message.ShouldContain("FAIRLEAD_GOLDEN=write");
            File.ReadAllText(path).ShouldContain("int B");

            Golden.Check(path, "class A\n", write: true);
            Golden.Check(path, "class A\n", write: false);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Golden_ThatIsMissing_Fails() =>
        Should.Throw<GoldenDiffersException>(() =>
            Golden.Check(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), "class A\n", write: false)
        );
}
