using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fairlead.Protocol;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>What every request says of itself (spec 2026-07-28 basic/index "General fields"; R30, R31).</summary>
public sealed partial class MetadataTests
{
    private const string Version = "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"";
    private const string Capabilities = "\"io.modelcontextprotocol/clientCapabilities\":{}";

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{" + Version + "}")]
    [InlineData("{" + Capabilities + "}")]
    [InlineData("{" + Version + ",\"io.modelcontextprotocol/clientCapabilities\":null}")]
    [InlineData("{" + Version + ",\"io.modelcontextprotocol/clientCapabilities\":\"all\"}")]
    [InlineData("{" + Capabilities + ",\"io.modelcontextprotocol/protocolVersion\":20260728}")]
    public async Task Meta_RequiredFieldMissing_Is400InvalidParams(string? meta)
    {
        await using var face = await Face.StartAsync();
        foreach (var method in (string[])["tools/call", "tools/list", "server/discover"])
        {
            var reply = await face.AskAsync(method, meta: meta);
            reply.Status.ShouldBe(HttpStatusCode.BadRequest);
            reply.Code.ShouldBe(McpErrorCode.InvalidParams);
            reply.Message.At("id").GetInt32().ShouldBe(1);
        }
        face.Channel.Received.ShouldBeEmpty();
    }

    [Fact]
    public async Task Meta_WithoutClientInfo_IsEnough()
    {
        await using var face = await Face.StartAsync();
        (await face.AskAsync("tools/call", meta: "{" + Version + "," + Capabilities + "}")).Status.ShouldBe(
            HttpStatusCode.OK
        );
    }

    [Fact]
    public async Task Meta_UnknownKeys_PassUntouched()
    {
        const string trace = "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01\"";
        const string more = trace + ",\"com.example/x\":{\"a\":[1]},\"io.modelcontextprotocol/new\":\"kept\"";
        await using var face = await Face.StartAsync();
        await face.AskAsync("tools/call", meta: Modern.With(more));
        using var sent = JsonDocument.Parse(face.Channel.Received.Single());
        var meta = sent.RootElement.At("_meta");
        meta.At("traceparent").GetString().ShouldBe("00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01");
        meta.At("com.example/x").GetRawText().ShouldBe("{\"a\":[1]}");
        meta.At("io.modelcontextprotocol/new").GetString().ShouldBe("kept");
    }

    [Theory]
    [InlineData("server/discover")]
    [InlineData("tools/list")]
    [InlineData("prompts/list")]
    [InlineData("resources/list")]
    [InlineData("resources/templates/list")]
    public async Task Meta_OfOurResults_UsesReservedKeysOnly(string method)
    {
        await using var face = await Face.StartAsync();
        var meta = (await face.AskAsync(method)).Result.At("_meta");
        meta.EnumerateObject().Select(m => m.Name).ShouldBe(["io.modelcontextprotocol/serverInfo"]);
        MetaKey().IsMatch(meta.EnumerateObject().Single().Name).ShouldBeTrue();
        meta.At("io.modelcontextprotocol/serverInfo", "name").GetString().ShouldBe("Fairlead");
        meta.At("io.modelcontextprotocol/serverInfo", "version").GetString().ShouldNotBeNullOrEmpty();
    }

    // One connection, alternating identities, capabilities and levels: each request counts by itself.
    [Fact]
    public async Task Requests_OnOneConnection_DoNotInfluenceEachOther()
    {
        await using var face = await Face.StartAsync(call =>
        {
            call.Log("error");
            return Task.FromResult(Face.Works(call, Revision.V20260728));
        });
        const string level = "\"io.modelcontextprotocol/logLevel\":\"debug\"";
        (await face.AskAsync("tools/call", meta: Modern.With(level, """{"sampling":{}}"""))).Messages.Count.ShouldBe(2);
        (await face.AskAsync("tools/call")).Messages.Count.ShouldBe(1);
        var sent = face.Channel.Received.Select(p => JsonDocument.Parse(p).RootElement.At("_meta")).ToList();
        sent[0].At("io.modelcontextprotocol/clientCapabilities").Has("sampling").ShouldBeTrue();
        sent[1].At("io.modelcontextprotocol/clientCapabilities").Has("sampling").ShouldBeFalse();
        sent[0].Has("io.modelcontextprotocol/clientInfo").ShouldBeFalse();
        // What one request said is missing in the next one.
        (await face.AskAsync("tools/call", meta: "{}")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task LogLevel_ThatIsNone_IsInvalidParams()
    {
        await using var face = await Face.StartAsync();
        var reply = await face.AskAsync(
            "tools/call",
            meta: Modern.With("\"io.modelcontextprotocol/logLevel\":\"loud\"")
        );
        reply.Code.ShouldBe(McpErrorCode.InvalidParams);
        face.Channel.Received.ShouldBeEmpty();
    }

    [GeneratedRegex(
        @"^([A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex MetaKey();
}
