using Fairlead.Architecture.Rules;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

/// <summary>The layout of the source documents has its place here, and the map says where (P-101, C-33).</summary>
public sealed class LayoutTests
{
    [Theory]
    [InlineData("server entry", "src/Fairlead/Program.cs")]
    [InlineData("tools/", "src/Fairlead.Server/Tools")]
    [InlineData("core/", "src/Fairlead.Server/Telemetry")]
    [InlineData("models/", "src/Fairlead.Server/Storage/Rows.cs")]
    [InlineData("tests/", "tests")]
    [InlineData("config/{development,production,test}", "config/production.json")]
    [InlineData("docs/{api,deployment}", "docs")]
    [InlineData("README, env sample, ignore file", "config/env.sample")]
    public void Document_OfTheSource_HasItsPlace(string named, string place)
    {
        File.ReadAllText(Path.Combine(Repository.Root, "ARCHITECTURE.md")).ShouldContain($"| {named}");
        var path = Path.Combine(Repository.Root, place);
        (File.Exists(path) || Directory.Exists(path)).ShouldBeTrue(place);
    }

    [Theory]
    [InlineData("development")]
    [InlineData("production")]
    [InlineData("test")]
    public void Configuration_OfEachEnvironment_IsThere(string environment) =>
        File.Exists(Path.Combine(Repository.Root, "config", $"{environment}.json")).ShouldBeTrue();

    // P-100
    [Fact]
    public void Workflow_OfPushAndPullRequest_RunsTheTests()
    {
        var workflow = File.ReadAllText(Path.Combine(Repository.Root, ".github", "workflows", "ci.yml"));
        workflow.ShouldContain("push");
        workflow.ShouldContain("pull_request");
        workflow.ShouldContain(".ci/run");
        workflow.ShouldContain("coverage");
    }
}
