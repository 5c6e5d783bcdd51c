using System.Text;
using System.Text.Json;
using Fairlead.Runtime.Native;
using Fairlead.Runtime.Pipes;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

// security.md section 5: "Child does not read stdin"
public sealed class StdinTests : HostTest
{
    [Fact]
    public async Task Send_ToAChildThatDoesNotRead_NeverWaitsThenRefusesThenKills()
    {
        var clock = new FakeTimeProvider();
        var host = Host(o => o with { MaxQueuedBytes = 1024 * 1024 }, clock);
        var process = await StartAsync(host, "exec sleep 600");
        var message = Message(64 * 1024);

        var results = Enumerable.Range(0, 30).Select(_ => process.Send(message)).ToList();

        results[0].ShouldBe(SendResult.Sent);
        results[^1].ShouldBe(SendResult.QueueFull);
        process.Exited.IsCompleted.ShouldBeFalse();
        await Eventually.UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(500));
            return process.Exited.IsCompleted;
        });
        (await process.Exited).ShouldBe(new ProcessExit(ExitReason.StdinBlocked, null, 9));
        process.Send(message).ShouldBe(SendResult.Closed);
    }

    [Fact]
    public async Task Send_ToAChildThatReadsLate_DeliversEverythingInOrder()
    {
        var process = await StartAsync("sleep 0.3; exec cat");
        var sent = Enumerable.Range(0, 60).Select(n => Message(n * 1000, n)).ToList();

        foreach (var message in sent)
            process.Send(message).ShouldBe(SendResult.Sent);

        await Eventually.UntilAsync(() => Sink.Messages.Count == sent.Count);
        Sink.Messages.ShouldBe(sent.Select(Encoding.ASCII.GetString));
    }

    [Fact]
    public async Task Send_FromManyThreads_KeepsEveryMessageWhole()
    {
        var process = await StartAsync("exec cat");
        var sent = Enumerable.Range(0, 400).Select(n => Message(n * 97, n)).ToList();

        Parallel.ForEach(sent, message => process.Send(message).ShouldBe(SendResult.Sent));

        await Eventually.UntilAsync(() => Sink.Messages.Count == sent.Count);
        Sink.Messages.ToHashSet().ShouldBe(sent.Select(Encoding.ASCII.GetString).ToHashSet(), ignoreOrder: true);
    }

    [Theory]
    [InlineData(4000, 20)]
    [InlineData(400, 5000)] // more than the pipe takes, so that queue and drainer have their part
    public async Task Send_FromManyThreads_KeepsTheOrderOfEach(int perSender, int padding)
    {
        const int senders = 8;
        var process = await StartAsync("exec cat");

        await Task.WhenAll(
            Enumerable
                .Range(0, senders)
                .Select(sender =>
                    Task.Run(() =>
                    {
                        for (var i = 0; i < perSender; i++)
                            process.Send(Message(padding, (sender * 1_000_000) + i)).ShouldBe(SendResult.Sent);
                    })
                )
        );

        await Eventually.UntilAsync(() => Sink.Messages.Count >= senders * perSender);
        var seen = Sink.Messages.Select(m => JsonDocument.Parse(m).RootElement.GetProperty("n").GetInt32()).ToList();
        for (var sender = 0; sender < senders; sender++)
            seen.Where(n => n / 1_000_000 == sender)
                .Select(n => n % 1_000_000)
                .ShouldBe(Enumerable.Range(0, perSender));
    }

    [Fact]
    public async Task Send_ABurstThatWasTaken_HoldsItsMemoryNoLonger()
    {
        var pipe = Pipe.Create();
        Pipe.DoNotBlock(pipe.WriteEnd);
        var writer = new StdinWriter(pipe.WriteEnd, "child", new ProcessHostOptions(), TimeProvider.System, _ => { });
        for (var n = 0; n < 100; n++)
            writer.Send(Message(64 * 1024, n)).ShouldBe(SendResult.Sent);
        writer.Held.ShouldBeGreaterThan(5 * 1024 * 1024);

        var reading = Task.Run(
            () =>
            {
                var buffer = new byte[256 * 1024];
                while (Pipe.Read(pipe.ReadEnd, buffer) > 0) { }
            },
            Token
        );

        await Eventually.UntilAsync(() => writer.Held <= 64 * 1024);
        writer.Close();
        await reading;
        pipe.ReadEnd.Dispose();
    }

    [Fact]
    public async Task Send_AfterTheExit_IsClosed()
    {
        var process = await StartAsync("exit 3");
        (await process.Exited).ExitCode.ShouldBe(3);

        process.Send("{}"u8).ShouldBe(SendResult.Closed);
    }

    private static byte[] Message(int padding, int number = 0) =>
        Encoding.ASCII.GetBytes($$"""{"n":{{number}},"p":"{{new string('x', padding)}}"}""");
}
