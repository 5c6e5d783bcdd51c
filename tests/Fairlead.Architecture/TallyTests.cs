using System.Diagnostics;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

/// <summary>The counts and the coverage gate of <c>test.sh</c> (P-99), fed with planted result files.</summary>
[Trait("Category", "integration")]
public sealed class TallyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fairlead-tally-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("passed", "7")]
    [InlineData("failed", "2")]
    public void TrxCount_OfARun_IsItsCounter(string counter, string expected) =>
        Bash(
                "trx_count",
                """<x><Counters total="9" executed="9" passed="7" failed="2" error="0" passedButRunAborted="5" /></x>""",
                counter
            )
            .ShouldBe((0, expected));

    [Fact]
    public void TrxCount_OfARunThatDied_IsZero() => Bash("trx_count", "<x>", "passed").ShouldBe((0, "0"));

    [Fact]
    public void TrxFailures_OfARun_AreTheNamesOfWhatFailed() =>
        Bash(
                "trx_failures",
                """
                <UnitTestResult testName="A.B.Good" duration="1" outcome="Passed" />
                <UnitTestResult testName="A.B.Bad(value: &quot;(&gt;&quot;)" duration="1" outcome="Failed">
                <UnitTestResult testName="A.B.Bad(value: &quot;x y&quot;)" duration="1" outcome="Failed">
                <UnitTestResult testName="A.B.Worse" duration="1" outcome="Failed">
                """
            )
            .ShouldBe((0, "A.B.Bad\nA.B.Worse"));

    [Fact]
    public void TrxWhy_OfARun_IsWhatItsFailuresSaid() =>
        Bash(
                "trx_why",
                """
                <UnitTestResult testName="A.Good" outcome="Passed"><Output>
                <Message>fine</Message>
                <UnitTestResult testName="A.Bad" outcome="Failed"><Output>
                <Message>1
                2</Message>
                <StackTrace>at</StackTrace>
                <UnitTestResult testName="A.Worse" outcome="Failed"><Output>
                <Message>3</Message>
                """
            )
            .ShouldBe((0, "A.Bad:\n    1\n    2\nA.Worse:\n    3"));

    [Theory]
    [InlineData("# tests 4\n# pass 3\n# fail 1\n", "pass", "3")]
    [InlineData("ℹ tests 4\nℹ pass 3\nℹ fail 1\n", "fail", "1")]
    [InlineData("# pass 3\n# fail 0\nℹ pass 4\n", "pass", "7")]
    [InlineData("something else\n", "pass", "0")]
    public void NodeCount_OfEitherReporter_IsRead(string log, string which, string expected) =>
        Bash("node_count", log, which).ShouldBe((0, expected));

    [Theory] // P-99: fails at 79.9 %
    [InlineData(800, 1000, 0, "80.00 %")]
    [InlineData(799, 1000, 1, "79.90 %")]
    [InlineData(79999, 100000, 1, "79.99 %")]
    [InlineData(1, 1, 0, "100.00 %")]
    public void CoverageGate_AtTheLimit_HoldsExactly(int covered, int valid, int exit, string shown)
    {
        var report = $"""<coverage line-rate="0.8" lines-covered="{covered}" lines-valid="{valid}" />""";
        var (code, text) = Bash("coverage_gate", report, "80");
        code.ShouldBe(exit);
        text.ShouldContain($"{covered} of {valid} lines, {shown}");
    }

    [Fact]
    public void CoverageGate_WithoutAReport_Fails() => Bash("coverage_gate", "", "80").Code.ShouldBe(1);

    [Theory] // P-92
    [InlineData("9", "5", "4", 0)]
    [InlineData("9", "9", "4", 1)]
    [InlineData("9", "4", "4", 1)]
    public void PyramidGate_OfCounts_WantsFewerOfTheBroader(string unit, string integration, string whole, int exit)
    {
        var (code, text) = Bash(["pyramid_gate", unit, integration, whole]);
        code.ShouldBe(exit);
        text.ShouldContain($"{unit} unit, {integration} integration, {whole} end to end");
    }

    private (int Code, string Output) Bash(string function, string input, string argument = "")
    {
        var file = Path.Combine(folder, "input");
        File.WriteAllText(file, input);
        return Bash([function, file, argument]);
    }

    private static (int Code, string Output) Bash(string[] call)
    {
        var tally = Path.Combine(Repository.Root, "eng", "tally.sh");
        string[] arguments = ["-c", ". \"$0\"; \"$@\"", tally, .. call];
        var start = new ProcessStartInfo("bash", arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        using var bash = Process.Start(start)!;
        var output = bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        return (bash.ExitCode, output.Trim());
    }
}
