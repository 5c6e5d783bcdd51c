using System.Diagnostics;
using Shouldly;
using Xunit;

namespace Fairlead.Runtime.Tests;

/// <summary>Measures, and holds a bound loose enough for any machine: the transport must stay far below 35 µs a call.</summary>
[Collection(nameof(LeakTests))]
public sealed class RoundTripTests : HostTest
{
    private const int Calls = 40_000;

    [Theory]
    [InlineData(1, 100)]
    [InlineData(16, 100)]
    [InlineData(16, 2_000)]
    [InlineData(16, 64_000)]
    public async Task RoundTrip_ThroughAnEcho_CostsLittleCpu(int inFlight, int bytes)
    {
        var pingPong = new PingPong(System.Text.Encoding.ASCII.GetBytes($$"""{"p":"{{new string('x', bytes)}}"}"""));
        var process = await Host().StartAsync(Sh("exec cat"), pingPong, Token);
        pingPong.Process = process;
        await pingPong.RunAsync(2_000, inFlight);

        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        await pingPong.RunAsync(Calls, inFlight);
        var took = watch.Elapsed;
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;

        var perCall = cpu.TotalMicroseconds / Calls;
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{bytes} B, {inFlight} in flight: {perCall:F1} µs CPU of this process per round trip, {Calls / took.TotalSeconds:F0}/s"
        );
        perCall.ShouldBeLessThan(bytes > 10_000 ? 400 : 100);
    }

    private sealed class PingPong(byte[] message) : IMessageSink
    {
        private TaskCompletionSource done = new();
        private int toSend;
        private int toReceive;

        public ServiceProcess? Process { get; set; }

        public Task RunAsync(int calls, int inFlight)
        {
            done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            toReceive = calls;
            Volatile.Write(ref toSend, calls - inFlight);
            for (var i = 0; i < inFlight; i++)
                Process!.Send(message);
            return done.Task;
        }

        public void OnMessage(ReadOnlyMemory<byte> line)
        {
            if (Interlocked.Decrement(ref toSend) >= 0)
                Process!.Send(message);
            if (Interlocked.Decrement(ref toReceive) == 0)
                done.SetResult();
        }

        public void OnStderrLine(string line) { }
    }
}
