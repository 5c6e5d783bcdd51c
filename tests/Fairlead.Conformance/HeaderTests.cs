using System.Net;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Tests.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Headers against the body (spec 2026-07-28 streamable-http "Request Metadata"; R13…R18, R23).</summary>
public sealed class HeaderTests
{
    private static async Task RefusedAsync(Face face, HttpRequestMessage request, string about)
    {
        var reply = await face.SendAsync(request);
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Code.ShouldBe(McpErrorCode.HeaderMismatch);
        reply.Error.At("message").GetString()!.ShouldContain(about);
        reply.Message.At("id").GetInt32().ShouldBe(1);
        face.Channel.Received.ShouldBeEmpty();
    }

    [Fact]
    public async Task Version_HeaderMissing_IsRefused()
    {
        await using var face = await Face.StartAsync();
        await RefusedAsync(face, Modern.Request("tools/call").Header("MCP-Protocol-Version"), "MCP-Protocol-Version");
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2026-07-29")]
    [InlineData("2026-07-28", "2026-07-28")]
    public async Task Version_HeaderDiffersFromBody_IsRefused(params string[] values)
    {
        await using var face = await Face.StartAsync();
        await RefusedAsync(
            face,
            Modern.Request("tools/call").Header("MCP-Protocol-Version", values),
            "MCP-Protocol-Version"
        );
    }

    [Theory]
    [InlineData("1900-01-01")]
    [InlineData("2027-01-01")]
    [InlineData("2026-7-28")]
    public async Task Version_NotSupported_IsRefusedWithTheSupportedOnes(string version)
    {
        await using var face = await Face.StartAsync();
        var meta = Modern.Meta.Replace(Modern.Version, version, StringComparison.Ordinal);
        foreach (var method in (string[])["tools/call", "server/discover"])
        {
            var reply = await face.SendAsync(
                Modern.Request(method, meta: meta).Header("MCP-Protocol-Version", version)
            );
            reply.Status.ShouldBe(HttpStatusCode.BadRequest);
            reply.Code.ShouldBe(McpErrorCode.UnsupportedVersion);
            reply.Error.At("data", "requested").GetString().ShouldBe(version);
            reply
                .Error.At("data", "supported")
                .EnumerateArray()
                .Select(v => v.GetString())
                .ShouldBe(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
        }
        face.Channel.Received.ShouldBeEmpty();
    }

    [Theory]
    [InlineData]
    [InlineData("tools/list")]
    [InlineData("Tools/call")]
    [InlineData("tools/call", "tools/call")]
    public async Task Method_HeaderMissingOrDifferent_IsRefused(params string[] values)
    {
        await using var face = await Face.StartAsync();
        await RefusedAsync(face, Modern.Request("tools/call").Header("Mcp-Method", values), "Mcp-Method");
    }

    [Theory]
    [InlineData("tools/call", null)]
    [InlineData("prompts/get", null)]
    [InlineData("resources/read", null)]
    [InlineData("tools/call", "other")]
    [InlineData("tools/call", "Echo")]
    [InlineData("prompts/get", "other")]
    [InlineData("resources/read", "test://other")]
    public async Task Name_HeaderMissingOrDifferent_IsRefused(string method, string? value)
    {
        await using var face = await Face.StartAsync();
        var values = value is null ? [] : new[] { value };
        await RefusedAsync(face, Modern.Request(method).Header("Mcp-Name", values), "Mcp-Name");
    }

    [Theory]
    [InlineData("tools/call", "echo")]
    [InlineData("prompts/get", "greet")]
    [InlineData("resources/read", "test://note")]
    public async Task Name_Encoded_IsDecodedBeforeComparing(string method, string name)
    {
        await using var face = await Face.StartAsync();
        var encoded = $"=?base64?{Convert.ToBase64String(Encoding.UTF8.GetBytes(name))}?=";
        (await face.SendAsync(Modern.Request(method).Header("Mcp-Name", encoded))).Status.ShouldBe(HttpStatusCode.OK);
        face.Channel.Received.Clear();
        // The markers are exact: in capitals it is a name like any other, and not this one.
        var shouted = encoded.Replace("base64", "BASE64", StringComparison.Ordinal);
        await RefusedAsync(face, Modern.Request(method).Header("Mcp-Name", shouted), "Mcp-Name");
        var other = $"=?base64?{Convert.ToBase64String("other"u8)}?=";
        await RefusedAsync(face, Modern.Request(method).Header("Mcp-Name", other), "Mcp-Name");
    }

    // A space at the end, letters beyond ASCII, and a name that looks encoded itself.
    [Theory]
    [InlineData("日本 ")]
    [InlineData("=?base64?eA==?=")]
    public async Task Name_ThatMustBeEncoded_IsFoundByItsText(string tool)
    {
        await using var face = await Face.StartAsync(tools: GatewayHost.Tool(tool));
        var encoded = $"=?base64?{Convert.ToBase64String(Encoding.UTF8.GetBytes(tool))}?=";
        var reply = await face.AskAsync("tools/call", $",\"name\":\"{tool}\",\"arguments\":{{}}", encoded);
        reply.Message.Has("result").ShouldBeTrue(reply.Body);
        face.Channel.Received.Clear();
        if (tool[0] == '=')
            await RefusedAsync(face, Modern.Request("tools/call", $",\"name\":\"{tool}\"", tool), "Mcp-Name");
    }

    [Theory]
    [InlineData("=?base64?***?=")]
    [InlineData("=?base64?ZWNobw?=")]
    [InlineData("=?base64?/w==?=")]
    public async Task Name_BadlyEncoded_IsRefused(string value)
    {
        await using var face = await Face.StartAsync();
        await RefusedAsync(face, Modern.Request("tools/call").Header("Mcp-Name", value), "Mcp-Name");
    }

    [Fact]
    public async Task Names_OfHeaders_IgnoreCaseValuesDoNot()
    {
        await using var face = await Face.StartAsync();
        var request = Modern
            .Request("tools/call")
            .Header("Mcp-Method")
            .Header("Mcp-Name")
            .Header("MCP-Protocol-Version")
            .Header("mcp-PROTOCOL-version", Modern.Version)
            .Header("MCP-METHOD", "tools/call")
            .Header("mcp-name", "echo");
        (await face.SendAsync(request)).Status.ShouldBe(HttpStatusCode.OK);
        face.Channel.Received.Clear();
        await RefusedAsync(face, Modern.Request("tools/call").Header("Mcp-Name", "ECHO"), "Mcp-Name");
    }
}
