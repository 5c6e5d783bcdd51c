using Fairlead.Protocol;
using Fairlead.Server.Tests.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Progress (spec 2026-07-28 patterns/progress; R44).</summary>
public sealed class ProgressTests
{
    private static Task<Face> OfAsync(Revision service, params int[] values) =>
        Face.StartAsync(
            call =>
            {
                foreach (var value in values)
                    call.Progress(value);
                return Task.FromResult(Face.Works(call, service));
            },
            service
        );

    private static List<int> Progress(Reply reply) =>
        [
            .. reply
                .Messages.Where(m => m.Has("method") && m.At("method").GetString() == "notifications/progress")
                .Select(m => m.At("params", "progress").GetInt32()),
        ];

    [Theory]
    [InlineData("7")]
    [InlineData("\"t\"")]
    [InlineData("\"\\u00e9 \\\"\"")]
    [InlineData("9007199254740993")]
    public async Task Token_StringOrInteger_ComesBackAsSent(string token)
    {
        await using var face = await OfAsync(Revision.V20260728, 1);
        var reply = await face.AskAsync("tools/call", meta: Modern.With("\"progressToken\":" + token));
        reply.Messages[0].At("params", "progressToken").GetRawText().ShouldBe(token);
    }

    [Theory]
    [InlineData(Revision.V20260728)]
    [InlineData(Revision.V20251125)]
    public async Task Progress_ThatDoesNotIncrease_IsNotSent(Revision service)
    {
        await using var face = await OfAsync(service, 1, 1, 3, 2, 4);
        Progress(await face.AskAsync("tools/call", meta: Modern.With("\"progressToken\":1"))).ShouldBe([1, 3, 4]);
        await using var legacy = await LegacyPeer.OpenAsync(face);
        var reply = await legacy.AskAsync(
            "tools/call",
            """{"name":"echo","arguments":{},"_meta":{"progressToken":"x"}}"""
        );
        Progress(reply).ShouldBe([1, 3, 4]);
    }

    [Fact]
    public async Task Progress_WithoutToken_IsNotSent()
    {
        await using var face = await OfAsync(Revision.V20260728, 1, 2);
        (await face.AskAsync("tools/call")).Messages.Count.ShouldBe(1);
    }

    // R44: a service that reports without measure does not flood the client.
    [Fact]
    public async Task Progress_InAFlood_IsThinned()
    {
        await using var face = await OfAsync(Revision.V20260728, [.. Enumerable.Range(1, 200)]);
        Progress(await face.AskAsync("tools/call", meta: Modern.With("\"progressToken\":1"))).Count.ShouldBe(10);
    }

    [Fact]
    public async Task Progress_AfterTheAnswer_IsNotSent()
    {
        ScriptedCall? ended = null;
        await using var face = await Face.StartAsync(call =>
        {
            ended = call;
            call.Progress(1);
            return Task.FromResult(Face.Works(call, Revision.V20260728));
        });
        var meta = Modern.With("\"progressToken\":1");
        await using var open = await face.OpenAsync(Modern.Request("tools/call", meta: meta));
        (await open.NextAsync())!.Value.Has("method").ShouldBeTrue();
        (await open.NextAsync())!.Value.Has("result").ShouldBeTrue();
        ended!.Progress(2);
        (await open.NextAsync()).ShouldBeNull();
    }
}
