using System.Text.Json;
using Fairlead.Bench;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead bench</c> and <c>fairlead load</c> against a running gateway.</summary>
[Trait("Category", "integration")]
public sealed class CliBenchTests(CliGateway gateway) : IClassFixture<CliGateway>, IDisposable
{
    private static readonly string[] Add = ["add", "--args", """{"numbers":[1,2]}"""];

    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // I-18
    [Fact]
    public async Task Bench_OfATool_ShowsTimesThroughputAndAHistogram()
    {
        var ran = await gateway.RunAsync(["bench", .. Add, "--iterations", "20", "--concurrency", "2"]);
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        foreach (var name in (string[])["Tool", "Calls", "Throughput", "Mean", "p50", "p95", "p99"])
            ran.Out.ShouldMatch($"(?m)^{name} ");
        ran.Out.ShouldContain("20, 2 at once");
        ran.Out.ShouldContain("█");
    }

    // I-18: five warm-ups and a hundred iterations; a run saved and a later one beside it.
    [Fact]
    public async Task Bench_Saved_IsComparedWithALaterRun()
    {
        var file = Path.Combine(folder, "add.json");
        (await gateway.RunAsync(["bench", .. Add, "--save", file])).Code.ShouldBe(ExitCode.Ok);
        var saved = BenchmarkResult.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        saved.Iterations.ShouldBe(100);

        var table = await gateway.RunAsync(["bench", .. Add, "--iterations", "10", "--compare", file]);
        table.Out.ShouldMatch("MEASURE +.* NOW +RATIO");
        table.Out.ShouldMatch("(?m)^p95 ");

        var json = await gateway.RunAsync(["bench", .. Add, "--iterations", "10", "--compare", file, "--json"]);
        var root = JsonElement.Parse(json.Out);
        root.GetProperty("result").GetProperty("times").GetProperty("p99").GetDouble().ShouldBeGreaterThan(0);
        root.GetProperty("comparison")
            .EnumerateArray()
            .Select(m => m.GetProperty("measure").GetString())
            .ShouldBe(["mean", "p50", "p95", "p99", "throughput"]);
    }

    [Fact]
    public async Task Bench_MuchSlowerThanTheSavedRun_FailsTheCommand()
    {
        var file = Path.Combine(folder, "fast.json");
        await gateway.RunAsync(["bench", .. Add, "--iterations", "5", "--save", file]);
        var saved = BenchmarkResult.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        var impossible = saved with { Times = saved.Times! with { P95 = 0.000_001 } };
        await File.WriteAllTextAsync(file, impossible.ToJson(), TestContext.Current.CancellationToken);
        var ran = await gateway.RunAsync([
            "bench",
            .. Add,
            "--iterations",
            "5",
            "--compare",
            file,
            "--max-slower",
            "50",
        ]);
        ran.Code.ShouldBe(ExitCode.Failed);
        ran.Error.ShouldContain("at most 50 % are allowed");
    }

    [Theory]
    [InlineData("bench")]
    [InlineData("load")]
    public async Task AToolThatDoesNotExist_IsTold_NotCounted(string verb)
    {
        var ran = await gateway.RunAsync(verb, "nope");
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Error.ShouldContain("nope");
    }

    [Theory]
    [InlineData("bench")]
    [InlineData("load")]
    public async Task AToolThatReportsAnError_IsTold_NotCounted(string verb)
    {
        var ran = await gateway.RunAsync(verb, "current_time", "--arg", "zone=Nowhere/Never");
        ran.Code.ShouldBe(ExitCode.ServiceFailed);
        ran.Error.ShouldContain("Nowhere/Never");
    }

    [Fact]
    public async Task Bench_ComparedWithWhatIsNoRun_SaysHowToWriteOne()
    {
        var file = Path.Combine(folder, "no-run.json");
        await File.WriteAllTextAsync(file, "[]", TestContext.Current.CancellationToken);
        foreach (var wrong in (string[])[file, file + ".missing"])
        {
            var ran = await gateway.RunAsync(["bench", .. Add, "--compare", wrong]);
            ran.Code.ShouldBe(ExitCode.WrongUsage);
            ran.Error.ShouldContain("--save FILE");
        }
    }

    // P-97
    [Fact]
    public async Task Load_OfATool_ReportsEveryNumber_AndTheExitCodeTellsWhetherItStoodThem()
    {
        var good = await gateway.RunAsync(["load", .. Add, "--users", "3", "--duration", "1"]);
        good.Code.ShouldBe(ExitCode.Ok, good.Error);
        foreach (var name in (string[])["Calls", "Succeeded", "Failed", "Mean", "Min", "Max", "p95"])
            good.Out.ShouldMatch($"(?m)^{name} ");
        good.Out.ShouldContain("(100 %)");
        good.Out.ShouldContain("waves of 3");

        var json = await gateway.RunAsync(["load", .. Add, "--users", "2", "--duration", "1", "--json"]);
        var result = JsonElement.Parse(json.Out);
        result.GetProperty("total").GetInt32().ShouldBe(2 * result.GetProperty("waves").GetInt32());
        result.GetProperty("success_percent").GetDouble().ShouldBe(100);
    }

    [Theory]
    [InlineData("bench", "--iterations", "0")]
    [InlineData("bench", "--warmup", "-1")]
    [InlineData("bench", "--max-slower", "10")]
    [InlineData("load", "--users", "none")]
    [InlineData("load", "--max-failures", "101")]
    public async Task WrongNumbers_AreRefusedByName(string verb, string option, string value)
    {
        var ran = await gateway.RunAsync(verb, "add", option, value);
        ran.Code.ShouldBe(ExitCode.WrongUsage);
        ran.Error.ShouldContain(option);
    }
}
