using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

public sealed class GatewayLoopsTests
{
    private readonly GatewayOptions options = new() { StreamAfter = TimeSpan.Zero };

    // One exception here would end the host (BackgroundServiceExceptionBehavior.StopHost).
    [Fact]
    public async Task Tick_ThatFailsForOneCall_GoesOnForTheOthers()
    {
        await using var host = new GatewayHost(options);
        var time = host.Time;
        var replies = Enumerable.Range(0, 4).Select(i => new Reply(i % 2 == 0)).ToList();
        foreach (var reply in replies)
            host.InFlight.TryAdd(new Call(default!, null!, null, Revision.V20251125, reply, options, time));
        using var loops = Loops(host);
        await loops.StartAsync(default);
        await Eventually.UntilAsync(() => time.ArmedTimers > 0);
        time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => replies.TrueForAll(r => r.Started >= 1));
        time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => replies.TrueForAll(r => r.Started >= 2));
        loops.ExecuteTask!.IsCompleted.ShouldBeFalse();
        await loops.StopAsync(default);
    }

    // A start that fails later stops it without a word: the host would print what escaped as critical.
    [Fact]
    public async Task Stop_EndsWithoutAnException()
    {
        await using var host = new GatewayHost(options);
        using var loops = Loops(host);
        await loops.StartAsync(default);
        await Eventually.UntilAsync(() => host.Time.ArmedTimers > 0);
        await loops.StopAsync(default);
        loops.ExecuteTask!.Status.ShouldBe(TaskStatus.RanToCompletion);
    }

    // The host itself is not started: this is the only loop.
    private static GatewayLoops Loops(GatewayHost host) =>
        ActivatorUtilities.CreateInstance<GatewayLoops>(host.App.Services);

    private sealed class Reply(bool fails) : IReply
    {
        public int Started { get; private set; }

        public bool Send(byte[] message) => false;

        public void StartStreaming()
        {
            Started++;
            if (fails)
                throw new InvalidOperationException("odd");
        }

        public ValueTask FinishAsync(ReadOnlyMemory<byte> rawId, Answer answer) => ValueTask.CompletedTask;

        public ValueTask AbandonAsync() => ValueTask.CompletedTask;
    }
}
