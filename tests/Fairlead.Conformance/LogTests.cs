using Fairlead.Protocol;
using Fairlead.Server.Tests.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Log messages of services (spec 2026-07-28 server/utilities/logging; R45).</summary>
public sealed class LogTests
{
    private static readonly string[] Levels =
    [
        "debug",
        "info",
        "notice",
        "warning",
        "error",
        "critical",
        "alert",
        "emergency",
    ];

    private static Task<Face> LoudAsync(Revision service) =>
        Face.StartAsync(
            call =>
            {
                foreach (var level in Levels)
                    call.Log(level);
                return Task.FromResult(Face.Works(call, service));
            },
            service
        );

    [Theory]
    [InlineData(Revision.V20260728)]
    [InlineData(Revision.V20251125)]
    public async Task Log_WithoutLevel_IsNotSent(Revision service)
    {
        await using var face = await LoudAsync(service);
        (await face.AskAsync("tools/call")).Messages.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("debug", 8)]
    [InlineData("warning", 5)]
    [InlineData("emergency", 1)]
    public async Task Log_AtOrAboveTheLevel_ComesBeforeTheResponse(string level, int count)
    {
        await using var face = await LoudAsync(Revision.V20260728);
        var reply = await face.AskAsync(
            "tools/call",
            meta: Modern.With($"\"io.modelcontextprotocol/logLevel\":\"{level}\"")
        );
        var logged = reply.Messages.Take(reply.Messages.Count - 1).ToList();
        logged.ShouldAllBe(m => m.At("method").GetString() == "notifications/message");
        logged.Select(m => m.At("params", "level").GetString()).ShouldBe(Levels.TakeLast(count));
        reply.Message.Has("result").ShouldBeTrue();
    }

    [Fact]
    public async Task Log_OfACall_GoesToItsRequestOnly()
    {
        var both = new Barrier();
        await using var face = await Face.StartAsync(async call =>
        {
            await both.MeetAsync();
            if (call.Params.Contains("\"loud\"", StringComparison.Ordinal))
                call.Log("error");
            return Face.Works(call, Revision.V20260728);
        });
        var meta = Modern.With("\"io.modelcontextprotocol/logLevel\":\"debug\"");
        var loud = face.AskAsync("tools/call", ""","name":"echo","arguments":{"loud":1}""", meta: meta);
        var quiet = face.AskAsync("tools/call", ""","name":"echo","arguments":{}""", meta: meta);
        (await loud).Messages.Count.ShouldBe(2);
        (await quiet).Messages.Count.ShouldBe(1);
    }
}
