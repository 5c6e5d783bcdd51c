using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Services;
using Fairlead.Server.Tests.Tools.Executions;
using Fairlead.Server.Tools.Executions;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>One service has so many calls at once, whoever makes them (R-20, security.md section 5).</summary>
public sealed class ServiceBoundTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Gate_ThatIsFull_LetsInWhoWaitsInOrderAndTurnsTheRestAway()
    {
        var time = new FakeTimeProvider();
        var gate = new CallGate();
        (await EnterAsync(gate, time)).ShouldBeTrue();
        (await EnterAsync(gate, time)).ShouldBeTrue();
        var first = EnterAsync(gate, time).AsTask();
        var second = EnterAsync(gate, time).AsTask();
        gate.Waiting.ShouldBe(2);
        (await EnterAsync(gate, time)).ShouldBeFalse();
        gate.Leave(2);
        (await first).ShouldBeTrue();
        second.IsCompleted.ShouldBeFalse();
        // Nobody gets past those who wait.
        time.Advance(Patience);
        (await second).ShouldBeFalse();
        gate.Waiting.ShouldBe(0);
        gate.Running.ShouldBe(2);
    }

    [Fact]
    public async Task Wait_ThatIsCancelled_TakesNoPlace()
    {
        var time = new FakeTimeProvider();
        var gate = new CallGate();
        using var gone = new CancellationTokenSource();
        await gate.EnterAsync(1, 5, Patience, time, default);
        var waiting = gate.EnterAsync(1, 5, Patience, time, gone.Token).AsTask();
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        gate.Leave(1);
        gate.Running.ShouldBe(0);
        gate.Waiting.ShouldBe(0);
    }

    [Fact]
    public async Task Gate_UnderManyThreads_NeverLetsInTooManyAndLosesNobody()
    {
        var gate = new CallGate();
        var inside = 0;
        var most = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, 64)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        for (var i = 0; i < 500; i++)
                        {
                            (
                                await gate.EnterAsync(4, 1_000, TimeSpan.FromMinutes(5), TimeProvider.System, default)
                            ).ShouldBeTrue();
                            most = Math.Max(most, Interlocked.Increment(ref inside));
                            await Task.Yield();
                            Interlocked.Decrement(ref inside);
                            gate.Leave(4);
                        }
                    })
                )
        );
        gate.Running.ShouldBe(0);
        gate.Waiting.ShouldBe(0);
        most.ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public async Task Calls_OverTheServicesBound_WaitShortlyAndFailThen()
    {
        var door = new TaskCompletionSource();
        await using var host = await ExecutionHost.StartAsync(
            async call =>
            {
                await door.Task;
                return ExecutionHost.Good();
            },
            ["a"],
            gatewayOptions: new GatewayOptions
            {
                CallsPerMinute = 0,
                ConcurrentCalls = 0,
                ServiceCalls = 1,
                ServiceQueue = 1,
                ServiceQueueWait = Patience,
            }
        );
        var gate = host.Gateway.Slots.Get(new("svc")).Gate;
        using var client = host.Gateway.Client();
        var session = await Wire.InitializeAsync(client);
        var running = CallAsync();
        await Eventually.UntilAsync(() => gate.Running == 1);
        var waiting = CallAsync();
        await Eventually.UntilAsync(() => gate.Waiting == 1);
        (await CallAsync()).ShouldContain("service_busy");
        host.Time.Advance(Patience);
        var late = await waiting;
        late.ShouldContain("-31009");
        door.SetResult();
        (await running).ShouldContain("\"ok\"");
        gate.Running.ShouldBe(0);

        async Task<string> CallAsync()
        {
            using var request = Wire.Post(
                """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"a","arguments":{}}}""".Replace(
                    "ID",
                    Guid.NewGuid().ToString()
                )
            );
            request.Headers.Add("Mcp-Session-Id", session);
            using var response = await client.SendAsync(request);
            return await response.Content.ReadAsStringAsync();
        }
    }

    private static ValueTask<bool> EnterAsync(CallGate gate, FakeTimeProvider time) =>
        gate.EnterAsync(2, 2, Patience, time, CancellationToken.None);
}
