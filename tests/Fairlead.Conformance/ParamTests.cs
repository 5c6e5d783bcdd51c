using System.Net;
using Fairlead.Protocol;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Parameters mirrored into headers (spec 2026-07-28 streamable-http "Custom Headers from Tool Parameters"; R19…R21).</summary>
public sealed class ParamTests
{
    private const string Query =
        """{"name":"query","description":"d","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"limit":{"type":"integer","x-mcp-header":"Limit"},"at":{"type":"object","properties":{"deep":{"type":"boolean","x-mcp-header":"Deep"}}}}}}""";

    private static HttpRequestMessage Call(string arguments) =>
        Modern.Request("tools/call", $$""","name":"query","arguments":{{arguments}}""", "query");

    [Theory]
    [InlineData("""{"region":"eu"}""", "Region", "eu", true)]
    [InlineData("""{"region":"eu"}""", "Region", "=?base64?ZXU=?=", true)]
    [InlineData("""{"region":"eu"}""", "Region", "us", false)]
    [InlineData("""{"region":"eu"}""", "Region", "EU", false)]
    [InlineData("""{"region":"eu"}""", null, null, false)]
    [InlineData("""{"region":"eu"}""", "Region", "=?base64?*?=", false)]
    [InlineData("""{"region":null}""", null, null, true)]
    [InlineData("{}", null, null, true)]
    [InlineData("{}", "Region", "eu", false)]
    [InlineData("""{"limit":42}""", "Limit", "42", true)]
    [InlineData("""{"limit":42}""", "Limit", "42.0", true)]
    [InlineData("""{"limit":42}""", "Limit", "43", false)]
    [InlineData("""{"at":{"deep":true}}""", "Deep", "true", true)]
    [InlineData("""{"at":{"deep":true}}""", "Deep", "True", false)]
    [InlineData("""{"at":{"deep":true}}""", null, null, false)]
    public async Task Param_HeaderAgainstBody_IsCompared(string arguments, string? header, string? value, bool good)
    {
        await using var face = await Face.StartAsync(tools: Query);
        var request = Call(arguments);
        if (header is not null)
            request.Header("Mcp-Param-" + header, value!);
        var reply = await face.SendAsync(request);
        if (good)
        {
            reply.Status.ShouldBe(HttpStatusCode.OK, reply.Body);
            return;
        }
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Code.ShouldBe(McpErrorCode.HeaderMismatch);
        face.Channel.Received.ShouldBeEmpty();
    }

    [Fact]
    public async Task Param_HeaderNobodyAnnotated_IsIgnored()
    {
        await using var face = await Face.StartAsync(tools: Query);
        (await face.SendAsync(Call("{}").Header("Mcp-Param-Tenant", "t1"))).Status.ShouldBe(HttpStatusCode.OK);
    }

    // What goes to the service comes from the body that was checked, never from the client's header.
    [Fact]
    public async Task Param_OfTheCall_IsMirroredToTheService()
    {
        IReadOnlyList<KeyValuePair<string, string>>? sent = null;
        await using var face = await Face.StartAsync(
            call =>
            {
                sent = call.Call.ParamHeaders;
                return Task.FromResult(Face.Works(call, Revision.V20260728));
            },
            tools: Query
        );
        var request = Call("""{"region":"Zürich","limit":4.2e1,"at":{"deep":false}}""")
            .Header("Mcp-Param-Region", "=?base64?WsO8cmljaA==?=")
            .Header("Mcp-Param-Limit", "42")
            .Header("Mcp-Param-Deep", "false");
        (await face.SendAsync(request)).Status.ShouldBe(HttpStatusCode.OK);
        sent.ShouldBe([
            new("Mcp-Param-Region", "=?base64?WsO8cmljaA==?="),
            new("Mcp-Param-Limit", "42"),
            new("Mcp-Param-Deep", "false"),
        ]);
    }

    [Fact]
    public async Task Param_OfALegacyClientsCall_IsMirroredToo()
    {
        IReadOnlyList<KeyValuePair<string, string>>? sent = null;
        await using var face = await Face.StartAsync(
            call =>
            {
                sent = call.Call.ParamHeaders;
                return Task.FromResult(Face.Works(call, Revision.V20260728));
            },
            tools: Query
        );
        await using var legacy = await LegacyPeer.OpenAsync(face);
        await legacy.AskAsync("tools/call", """{"name":"query","arguments":{"region":"eu"}}""");
        sent.ShouldBe([new("Mcp-Param-Region", "eu")]);
    }

    [Fact]
    public async Task Param_IntegerBeyondTheSafeRange_KeepsItsDigits()
    {
        IReadOnlyList<KeyValuePair<string, string>>? sent = null;
        await using var face = await Face.StartAsync(
            call =>
            {
                sent = call.Call.ParamHeaders;
                return Task.FromResult(Face.Works(call, Revision.V20260728));
            },
            tools: Query
        );
        const string digits = "9007199254740993";
        await face.SendAsync(Call($$"""{"limit":{{digits}}}""").Header("Mcp-Param-Limit", digits));
        sent.ShouldBe([new("Mcp-Param-Limit", digits)]);
        (
            await face.SendAsync(Call($$"""{"limit":{{digits}}}""").Header("Mcp-Param-Limit", "9007199254740992"))
        ).Code.ShouldBe(McpErrorCode.HeaderMismatch);
    }

    [Theory]
    [InlineData("""{"a":{"type":"string","x-mcp-header":""}}""")]
    [InlineData("""{"a":{"type":"string","x-mcp-header":"a b"}}""")]
    [InlineData("""{"a":{"type":"number","x-mcp-header":"A"}}""")]
    [InlineData("""{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}""")]
    [InlineData("""{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}""")]
    public async Task Tool_WithBrokenAnnotation_IsNotListed(string properties)
    {
        var broken =
            $$$"""{"name":"broken","description":"d","inputSchema":{"type":"object","properties":{{{properties}}}}}""";
        await using var face = await Face.StartAsync(tools: [broken, Query]);
        (await face.AskAsync("tools/list")).Result.Names("tools").ShouldBe(["query"]);
        // A handshake client knows no such annotation: to it the tool is as good as any.
        await using var legacy = await LegacyPeer.OpenAsync(face);
        (await legacy.AskAsync("tools/list", "{}")).Result.Names("tools").ShouldBe(["broken", "query"]);
        (await legacy.AskAsync("tools/call", """{"name":"broken","arguments":{"a":"x"}}"""))
            .Message.Has("result")
            .ShouldBeTrue();
    }
}
