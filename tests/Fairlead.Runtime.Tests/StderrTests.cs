using System.Diagnostics;
using System.Globalization;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

// security.md section 5: "stderr flood"
public sealed class StderrTests : HostTest
{
    [Fact]
    public async Task Stderr_Flooded_IsDrainedLimitedAndCounted()
    {
        var host = Host(time: new FakeTimeProvider()); // one window for the whole flood
        var process = await StartAsync(host, """seq 1 200000 >&2; echo '{"done":1}'""");

        (await process.Exited).ExitCode.ShouldBe(0);

        Sink.Messages.Count.ShouldBe(1); // the child was never blocked
        process.StderrDropped.ShouldBe(200_000 - 100);
        Sink.Stderr.Count.ShouldBe(101);
        Sink.Stderr.ShouldContain("(199900 lines dropped)");
        var expected = Enumerable.Range(199_951, 50).Select(n => n.ToString(CultureInfo.InvariantCulture));
        process.StderrTail().ShouldBe(expected);
    }

    [Fact]
    public async Task Stderr_FloodedWithoutEnd_IsReadAtALimitedRateAndNeverBlocked()
    {
        var since = Stopwatch.StartNew();
        var host = Host(o => o with { StderrBytesPerSecond = 500_000 });
        // 1,288,894 bytes: two rests, of which the second may be short.
        var process = await StartAsync(host, """seq 1 200000 >&2; echo '{"done":1}'""");

        (await process.Exited).ExitCode.ShouldBe(0);

        Sink.Messages.Count.ShouldBe(1);
        process.StderrTail(1).ShouldBe(["200000"]);
        since.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Stderr_OfAFlooderThatIsStopped_HoldsNothingUp()
    {
        var host = Host(o => o with { StderrBytesPerSecond = 1 }, new FakeTimeProvider());
        var process = await StartAsync(host, "yes >&2 & read -r x; kill $!");
        await Eventually.UntilAsync(() => process.StderrTail(1).Count > 0);

        await process.StopAsync(cancellationToken: Token);

        (await process.Exited.WaitAsync(TimeSpan.FromSeconds(10), Token)).Reason.ShouldBe(ExitReason.Stopped);
    }

    [Fact]
    public async Task Stderr_InTheNextSecond_IsPassedOnAgain()
    {
        var clock = new FakeTimeProvider();
        var host = Host(o => o with { StderrLinesPerSecond = 2 }, clock);
        var process = await StartAsync(host, "seq 1 5 >&2; read -r x; echo six >&2; exec cat");
        await Eventually.UntilAsync(() => process.StderrDropped == 3);

        clock.Advance(TimeSpan.FromSeconds(1));
        process.Send("{}"u8);

        await Eventually.UntilAsync(() => Sink.Stderr.Count == 4);
        Sink.Stderr.ShouldBe(["1", "2", "(3 lines dropped)", "six"]);
    }

    [Fact]
    public async Task Stderr_WithARedactor_ShowsNoSecretAnywhere()
    {
        var spec = Sh("""printf 'token=s3cr3t\n  \nplain\nlast s3cr3t' >&2""") with
        {
            Redact = line => line.Replace("s3cr3t", "***", StringComparison.Ordinal),
        };
        var process = await Host().StartAsync(spec, Sink, Token);
        await process.Exited;

        Sink.Stderr.ShouldBe(["token=***", "plain", "last ***"]);
        process.StderrTail().ShouldBe(["token=***", "plain", "last ***"]);
        process.StderrTail(1).ShouldBe(["last ***"]);
    }

    [Fact]
    public async Task Stderr_WithARedactorThatFails_HidesTheLines()
    {
        var spec = Sh("echo s3cr3t >&2") with { Redact = _ => throw new InvalidOperationException("planted") };
        var process = await Host().StartAsync(spec, Sink, Token);
        await process.Exited;

        Sink.Stderr.ShouldBeEmpty();
        process.StderrTail().ShouldBeEmpty();
    }

    [Fact]
    public async Task Stderr_WithAnEndlessLine_IsCut()
    {
        var process = await StartAsync("head -c 1000000 /dev/zero | tr '\\0' y >&2");
        await process.Exited;

        Sink.Stderr.ShouldHaveSingleItem().Length.ShouldBe(4 * 1024);
    }
}
