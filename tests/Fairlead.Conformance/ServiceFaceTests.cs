using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tests.Services.Channels;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>
/// The gateway as its services see it: a real modern service in a process of its own, which itself refuses requests
/// whose headers and body disagree (spec 2026-07-28 streamable-http as a client; R5, R13, R16, R18, R58, R80).
/// </summary>
[Trait("Category", "integration")]
public sealed class ServiceFaceTests : IAsyncLifetime
{
    private const string Region =
        """{"name":"region","description":"d","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"limit":{"type":"integer","x-mcp-header":"Limit"}}}}""";
    private HttpFixture fixture = null!;
    private Face face = null!;

    public async ValueTask InitializeAsync()
    {
        fixture = await HttpFixture.StartAsync(Era.Modern);
        face = await Face.OverAsync(
            fixture.Channel,
            null,
            GatewayHost.Tool("headers"),
            GatewayHost.Tool("progress"),
            GatewayHost.Tool("ask"),
            Region
        );
    }

    public async ValueTask DisposeAsync()
    {
        await face.DisposeAsync();
        await fixture.DisposeAsync();
    }

    private static Dictionary<string, string> Headers(Reply reply) =>
        new(
            JsonSerializer.Deserialize<Dictionary<string, string>>(
                reply.Result.At("content")[0].At("text").GetString()!
            )!,
            StringComparer.OrdinalIgnoreCase
        );

    private Task<Reply> CallAsync(string tool, string arguments = "{}", string meta = Modern.Meta) =>
        face.AskAsync("tools/call", $",\"name\":\"{tool}\",\"arguments\":{arguments}", tool, meta);

    [Fact]
    public async Task Requests_ToAModernService_CarryAllHeaders()
    {
        var headers = Headers(await CallAsync("headers"));
        headers["MCP-Protocol-Version"].ShouldBe("2026-07-28");
        headers["Mcp-Method"].ShouldBe("tools/call");
        headers["Mcp-Name"].ShouldBe("headers");
        headers["Accept"].ShouldContain("application/json");
        headers["Accept"].ShouldContain("text/event-stream");
        headers["Content-Type"].ShouldStartWith("application/json");
        headers.ShouldNotContainKey("Mcp-Session-Id");
        headers["X-Test"].ShouldBe("yes");
    }

    [Fact]
    public async Task Requests_OfALegacyClient_CarryThemToo()
    {
        await using var legacy = await LegacyPeer.OpenAsync(face);
        var headers = Headers(await legacy.AskAsync("tools/call", """{"name":"headers","arguments":{}}"""));
        headers["MCP-Protocol-Version"].ShouldBe("2026-07-28");
        headers["Mcp-Name"].ShouldBe("headers");
        headers.ShouldNotContainKey("Mcp-Session-Id");
    }

    [Fact]
    public async Task Params_ToAModernService_AreMirrored()
    {
        var request = Modern
            .Request("tools/call", ""","name":"region","arguments":{"region":"Zürich","limit":5}""", "region")
            .Header("Mcp-Param-Region", "=?base64?WsO8cmljaA==?=")
            .Header("Mcp-Param-Limit", "5");
        var headers = Headers(await face.SendAsync(request));
        headers["Mcp-Param-Region"].ShouldBe("=?base64?WsO8cmljaA==?=");
        headers["Mcp-Param-Limit"].ShouldBe("5");
    }

    // R58, R80: what opens the gateway opens nothing behind it.
    [Fact]
    public async Task Key_OfTheClient_NeverReachesAService()
    {
        var request = Modern
            .Request("tools/call", ""","name":"headers","arguments":{}""", "headers")
            .Header("Cookie", "session=1")
            .Header("X-User-Token", "secret-token");
        var reply = await face.SendAsync(request);
        var headers = Headers(reply);
        headers.ShouldNotContainKey("Authorization");
        headers.ShouldNotContainKey("Cookie");
        headers.ShouldNotContainKey("X-User-Token");
        reply.Body.ShouldNotContain(GatewayHost.Key);
    }

    // Two clients that chose the same token: the service sees two of ours, each client its own progress.
    [Fact]
    public async Task Tokens_ToAService_AreOursAndUnique()
    {
        var meta = Modern.With("\"progressToken\":\"same\"");
        var replies = await Task.WhenAll(
            CallAsync("progress", """{"n":3,"ms":20}""", meta),
            CallAsync("progress", """{"n":5,"ms":20}""", meta)
        );
        replies[0].Messages.Count.ShouldBe(4);
        replies[1].Messages.Count.ShouldBe(6);
        foreach (var message in replies.SelectMany(r => r.Messages.SkipLast(1)))
            message.At("params", "progressToken").GetString().ShouldBe("same");
    }
}
