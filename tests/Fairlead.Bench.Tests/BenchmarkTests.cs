using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Bench.Tests;

public sealed class BenchmarkTests
{
    private readonly FakeTimeProvider time = new();
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // I-18: five warm-ups, a hundred iterations.
    [Fact]
    public async Task Run_WithoutOptions_WarmsUpFiveTimesAndMeasuresAHundred()
    {
        var runs = 0;
        var result = await Benchmark
            .Of("counts", _ => DoAsync(() => runs++))
            .RunAsync(time: time, cancellationToken: Token);
        runs.ShouldBe(105);
        result.Iterations.ShouldBe(100);
        result.Name.ShouldBe("counts");
    }

    // I-18: what a function whose times are known gives, in milliseconds.
    [Fact]
    public async Task Run_OfAFunctionWithKnownTimes_MeasuresThem()
    {
        var run = 0;
        var result = await Benchmark
            .Of("1 to 100 ms", _ => DoAsync(() => time.Advance(TimeSpan.FromMilliseconds(++run))))
            .RunAsync(new() { Warmup = 0 }, time: time, cancellationToken: Token);
        var times = result.Times.ShouldNotBeNull();
        times.Mean.ShouldBe(50.5, 1e-6);
        times.Min.ShouldBe(1, 1e-6);
        times.Max.ShouldBe(100, 1e-6);
        times.P50.ShouldBe(50.5, 1e-6);
        times.P95.ShouldBe(95.05, 1e-6);
        times.P99.ShouldBe(99.01, 1e-6);
        result.DurationMs.ShouldBe(5050, 1e-6);
        result.Throughput.ShouldBe(100 / 5.05, 1e-6);
    }

    [Fact]
    public async Task Run_TheWarmUp_IsNotMeasured()
    {
        var run = 0;
        var result = await Benchmark
            .Of("slow at first", _ => DoAsync(() => time.Advance(TimeSpan.FromMilliseconds(++run <= 5 ? 1000 : 1))))
            .RunAsync(time: time, cancellationToken: Token);
        result.Times!.Max.ShouldBe(1, 1e-6);
        result.DurationMs.ShouldBe(100, 1e-6);
    }

    [Fact]
    public async Task Run_WhatFails_CountsButIsNotTimed()
    {
        var run = 0;
        var result = await Benchmark
            .Of(
                "fails now and then",
                _ =>
                    DoAsync(() =>
                    {
                        time.Advance(TimeSpan.FromMilliseconds(++run % 4 == 0 ? 900 : 1));
                        if (run % 4 == 0)
                            throw new InvalidOperationException($"failure {run}");
                    })
            )
            .RunAsync(new() { Warmup = 0 }, time: time, cancellationToken: Token);
        result.Failures.ShouldBe(25);
        result.FirstFailure.ShouldBe("failure 4");
        result.Times!.Max.ShouldBe(1, 1e-6);
    }

    [Fact]
    public async Task Run_WhereAllFails_HasNoTimes()
    {
        var result = await Benchmark
            .Of("fails", _ => throw new InvalidOperationException("always"))
            .RunAsync(new() { Iterations = 3 }, time: time, cancellationToken: Token);
        result.Times.ShouldBeNull();
        result.Failures.ShouldBe(3);
        result.Throughput.ShouldBe(0);
    }

    // I-18, I-20: as many at once as asked for, never more.
    [Fact]
    public async Task Run_WithConcurrency_KeepsThatManyUnderWay()
    {
        var all = new TaskCompletionSource();
        var (underWay, most) = (0, 0);
        var result = await Benchmark
            .Of(
                "waits for the others",
                async token =>
                {
                    var now = Interlocked.Increment(ref underWay);
                    InterlockedMax(ref most, now);
                    if (now == 4)
                        all.TrySetResult();
                    await all.Task.WaitAsync(token);
                    Interlocked.Decrement(ref underWay);
                }
            )
            .RunAsync(
                new()
                {
                    Warmup = 0,
                    Iterations = 20,
                    Concurrency = 4,
                },
                cancellationToken: Token
            );
        most.ShouldBe(4);
        result.Times!.Histogram.Sum(b => b.Count).ShouldBe(20);
    }

    [Fact]
    public async Task Run_ThatIsCancelled_TearsDownAndThrows()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var staged = new Staged(cancel);
        await Should.ThrowAsync<OperationCanceledException>(() => staged.RunAsync(cancellationToken: cancel.Token));
        staged.Steps.ShouldBe(["set up", "iterate", "tear down"]);
    }

    [Theory]
    [InlineData(-1, 1, 1, "Warmup")]
    [InlineData(0, 0, 1, "Iterations")]
    [InlineData(0, 1, 0, "Concurrency")]
    public async Task Run_WithAnOptionTooSmall_NamesIt(int warmup, int iterations, int concurrency, string name)
    {
        var options = new BenchmarkOptions
        {
            Warmup = warmup,
            Iterations = iterations,
            Concurrency = concurrency,
        };
        var refused = await Should.ThrowAsync<ArgumentOutOfRangeException>(() =>
            Benchmark.Of("x", _ => ValueTask.CompletedTask).RunAsync(options, cancellationToken: Token)
        );
        refused.ParamName.ShouldBe(name);
    }

    [Fact]
    public async Task Histogram_HoldsEveryIterationOnce_AndItsBarsTouch()
    {
        var run = 0;
        var result = await Benchmark
            .Of("spread", _ => DoAsync(() => time.Advance(TimeSpan.FromMilliseconds(Math.Pow(10, run++ % 3)))))
            .RunAsync(new() { Warmup = 0, Iterations = 30 }, time: time, cancellationToken: Token);
        var bars = result.Times!.Histogram;
        bars.Where(b => b.Count > 0)
            .Select(b => (Math.Round(b.From, 6), b.Count))
            .ShouldBe([(1, 10), (10, 10), (100, 10)]);
        bars.Zip(bars.Skip(1)).ShouldAllBe(pair => pair.First.To == pair.Second.From);
    }

    // I-18: a saved run and a later one.
    [Fact]
    public async Task Comparison_WithASavedRun_GivesRatios()
    {
        var saved = BenchmarkResult.Parse((await SteadyAsync(2)).ToJson());
        var compared = BenchmarkComparison.Of(saved, await SteadyAsync(3));
        compared
            .Measures.Select(m => (m.Measure, Math.Round(m.Ratio, 6)))
            .ShouldBe([("mean", 1.5), ("p50", 1.5), ("p95", 1.5), ("p99", 1.5), ("throughput", 0.666667)]);
        compared.P95Ratio.ShouldNotBeNull().ShouldBe(1.5, 1e-6);
    }

    [Theory]
    [InlineData("null", "null")]
    [InlineData("{}", "no saved benchmark")]
    [InlineData("nonsense", "no saved benchmark")]
    public void Parse_OfSomethingElse_SaysSo(string json, string says) =>
        Should.Throw<FormatException>(() => BenchmarkResult.Parse(json)).Message.ShouldContain(says);

    [Fact]
    public async Task Parse_OfANewerForm_IsRefused()
    {
        var newer = (await SteadyAsync(1)) with { Schema = 2 };
        Should.Throw<FormatException>(() => BenchmarkResult.Parse(newer.ToJson())).Message.ShouldContain("form 2");
    }

    private Task<BenchmarkResult> SteadyAsync(int milliseconds) =>
        Benchmark
            .Of("steady", _ => DoAsync(() => time.Advance(TimeSpan.FromMilliseconds(milliseconds))))
            .RunAsync(new() { Iterations = 10 }, time: time, cancellationToken: Token);

    private static ValueTask DoAsync(Action action)
    {
        action();
        return ValueTask.CompletedTask;
    }

    private static void InterlockedMax(ref int most, int now)
    {
        int seen;
        while (now > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, now, seen) != seen) { }
    }

    private sealed class Staged(CancellationTokenSource cancel) : Benchmark
    {
        public List<string> Steps { get; } = [];
        public override string Name => "staged";

        protected override ValueTask SetUpAsync(CancellationToken cancellationToken) =>
            DoAsync(() => Steps.Add("set up"));

        protected override async ValueTask IterateAsync(CancellationToken cancellationToken)
        {
            Steps.Add("iterate");
            await cancel.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }

        protected override ValueTask TearDownAsync() => DoAsync(() => Steps.Add("tear down"));
    }
}
