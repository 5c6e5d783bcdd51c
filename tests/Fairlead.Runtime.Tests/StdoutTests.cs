using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

public sealed class StdoutTests : HostTest
{
    // S-04
    [Fact]
    public async Task Message_SentToAnEcho_ComesBack()
    {
        var process = await StartAsync("exec cat");

        process.Send("""{"id":1}"""u8).ShouldBe(SendResult.Sent);

        (await Eventually.ValueAsync(() => Sink.Messages.FirstOrDefault())).ShouldBe("""{"id":1}""");
    }

    [Fact]
    public async Task Message_WithLineEndsInside_StaysOneMessage()
    {
        var process = await StartAsync("exec cat");

        process.Send("{\r\n\"id\":\n1}"u8);

        (await Eventually.ValueAsync(() => Sink.Messages.FirstOrDefault())).ShouldBe("""{  "id": 1}""");
    }

    [Fact]
    public async Task Stdout_InPiecesWithBannerAndCrLf_GivesTheMessagesAlone()
    {
        var process = await StartAsync(
            """printf 'Welcome!\n\n{"a":'; sleep 0.1; printf '1}\r\n{"b":2}\n{"c":3}\n{"cut":'"""
        );

        var exit = await process.Exited;

        Sink.Messages.ShouldBe(["""{"a":1}""", """{"b":2}""", """{"c":3}"""]);
        process.BadLines.ShouldBe(1);
        exit.ShouldBe(new ProcessExit(ExitReason.Exited, 0, null));
    }

    [Fact]
    public async Task Stdout_WithAThousandBadLines_KillsAndCountsThem()
    {
        var process = await StartAsync("""echo '{"a":1}'; yes hello""");

        var exit = await process.Exited;

        exit.Reason.ShouldBe(ExitReason.TooManyBadLines);
        process.BadLines.ShouldBe(1_000);
        Sink.Messages.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Stdout_WithBadLinesInBetween_GoesOn()
    {
        var host = Host(o => o with { MaxConsecutiveBadLines = 3 });
        var process = await StartAsync(
            host,
            """for i in 1 2 3 4; do echo noise; echo noise; echo '{"n":'$i'}'; done"""
        );

        (await process.Exited).Reason.ShouldBe(ExitReason.Exited);
        Sink.Messages.Count.ShouldBe(4);
        process.BadLines.ShouldBe(8);
    }

    [Fact]
    public async Task Sink_ThatThrows_DoesNotEndTheStream()
    {
        var sink = new ThrowingSink();
        var process = await Host().StartAsync(Sh("""echo '{"a":1}'; echo '{"b":2}'"""), sink, Token);

        (await process.Exited).Reason.ShouldBe(ExitReason.Exited);
        sink.Calls.ShouldBe(2);
    }

    [Fact]
    public async Task Process_ThatClosesStdoutButStays_IsStopped()
    {
        var host = Host(o => o with { StdinGrace = TimeSpan.FromMilliseconds(50) });
        var process = await StartAsync(host, "exec >&-; exec sleep 600");

        (await process.Exited).ShouldBe(new ProcessExit(ExitReason.StdoutClosed, null, 15));
    }

    private sealed class ThrowingSink : IMessageSink
    {
        public int Calls { get; private set; }

        public void OnMessage(ReadOnlyMemory<byte> line)
        {
            Calls++;
            throw new InvalidOperationException("planted");
        }

        public void OnStderrLine(string line) { }
    }
}
