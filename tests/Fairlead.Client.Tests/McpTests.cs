using System.Text.Json;
using Fairlead.Protocol;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;
using static Fairlead.Client.Tests.GatewayDouble;

namespace Fairlead.Client.Tests;

// Spec 2026-07-28 basic/transports/streamable-http.
public sealed class McpTests(GatewayDouble gateway) : IClassFixture<GatewayDouble>, IDisposable
{
    private const string Hello = """{"content":[{"type":"text","text":"hello"}],"resultType":"complete"}""";

    private readonly HttpClient http = new() { BaseAddress = gateway.Address };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FairleadMcpClient Mcp(string? code = null, string? userToken = null) =>
        new FairleadClient(http).Mcp("mcp_key_abc", code, userToken);

    public void Dispose() => http.Dispose();

    private static JsonElement Id(Request request) => JsonElement.Parse(request.Body).GetProperty("id");

    private static Task ResultAsync(Request request, HttpResponse response, string result) =>
        JsonAsync(response, 200, $$"""{"jsonrpc":"2.0","id":{{Id(request)}},"result":{{result}}}""");

    private static Task ErrorAsync(Request request, HttpResponse response, int status, int code, string data = "{}") =>
        JsonAsync(
            response,
            status,
            $$$"""{"jsonrpc":"2.0","id":{{{Id(request)}}},"error":{"code":{{{code}}},"message":"no","data":{{{data}}}}}"""
        );

    // R13, R15, R16, R31
    [Fact]
    public async Task Call_CarriesItsHeadersAndMetadata()
    {
        gateway.Answer = (request, response) => ResultAsync(request, response, Hello);
        var result = await Mcp("docs", "user-token")
            .CallToolAsync("echo", JsonElement.Parse("""{"n":1.50}"""), cancellationToken: Token);
        result.Text.ShouldBe("hello");
        result.IsError.ShouldBeFalse();

        var sent = gateway.Requests[^1];
        sent.Path.ShouldBe("/mcp/docs");
        sent.Headers["MCP-Protocol-Version"].ShouldBe("2026-07-28");
        sent.Headers["Mcp-Method"].ShouldBe("tools/call");
        sent.Headers["Mcp-Name"].ShouldBe("echo");
        sent.Headers["Authorization"].ShouldBe("Bearer mcp_key_abc");
        sent.Headers["X-User-Token"].ShouldBe("user-token");
        sent.Headers["Content-Type"].ShouldBe("application/json");
        sent.Headers["Accept"].ShouldBe("application/json, text/event-stream");
        var body = JsonElement.Parse(sent.Body);
        body.GetProperty("method").GetString().ShouldBe("tools/call");
        var parameters = body.GetProperty("params");
        parameters.GetProperty("name").GetString().ShouldBe("echo");
        parameters.GetProperty("arguments").GetRawText().ShouldBe("""{"n":1.50}""");
        var meta = parameters.GetProperty("_meta");
        meta.GetProperty("io.modelcontextprotocol/protocolVersion").GetString().ShouldBe("2026-07-28");
        meta.GetProperty("io.modelcontextprotocol/clientInfo")
            .GetProperty("name")
            .GetString()
            .ShouldBe("Fairlead.Client");
        meta.GetProperty("io.modelcontextprotocol/clientCapabilities").GetRawText().ShouldBe("{}");
        meta.TryGetProperty("progressToken", out _).ShouldBeFalse();
    }

    // R17
    [Fact]
    public async Task Call_OfANameOutsideAscii_EncodesTheHeader()
    {
        gateway.Answer = (request, response) => ResultAsync(request, response, Hello);
        await Mcp().CallToolAsync("查询", cancellationToken: Token);
        gateway.Requests[^1].Headers["Mcp-Name"].ShouldBe("=?base64?5p+l6K+i?=");
        gateway.Requests[^1].Path.ShouldBe("/mcp");
    }

    [Fact]
    public async Task Call_AnsweredAsStream_TellsProgressInOrder()
    {
        gateway.Answer = async (request, response) =>
        {
            response.ContentType = "text/event-stream";
            var token = JsonElement
                .Parse(request.Body)
                .GetProperty("params")
                .GetProperty("_meta")
                .GetProperty("progressToken");
            await response.WriteAsync(": keep-alive\n\n");
            for (var i = 1; i <= 2; i++)
                await response.WriteAsync(
                    $$$"""
                    event: message
                    data: {"jsonrpc":"2.0","method":"notifications/progress",
                    data: "params":{"progressToken":{{{token}}},"progress":{{{i}}},"total":2,"message":"step {{{i}}}"}}


                    """
                );
            await response.WriteAsync($$"""data: {"jsonrpc":"2.0","id":{{Id(request)}},"result":{{Hello}}}""" + "\n\n");
        };
        var seen = new Seen();
        var result = await Mcp().CallToolAsync("slow", default, seen, Token);
        result.Text.ShouldBe("hello");
        seen.ShouldBe([new McpProgress(1, 2, "step 1"), new McpProgress(2, 2, "step 2")]);
    }

    [Theory]
    [InlineData(
        "text/event-stream",
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n"
    )]
    [InlineData("text/event-stream", "data: nonsense\n\n")]
    [InlineData("application/json", "nonsense")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", "{\"jsonrpc\":\"2.0\",\"id\":1}")]
    [InlineData("text/html", "<html>")]
    public async Task Call_WithoutAnAnswer_Fails(string type, string body)
    {
        gateway.Answer = (_, response) =>
        {
            response.ContentType = type;
            return response.WriteAsync(body);
        };
        var failed = await Should.ThrowAsync<FairleadMcpException>(() =>
            Mcp().CallToolAsync("echo", cancellationToken: Token)
        );
        failed.Code.ShouldBeNull();
    }

    [Fact]
    public async Task Call_Refused_ThrowsCodeReasonAndStatus()
    {
        gateway.Answer = (request, response) =>
            ErrorAsync(request, response, 403, McpErrorCode.PolicyDenied, """{"reason":"group_disabled"}""");
        var failed = await Should.ThrowAsync<FairleadMcpException>(() => Mcp().ListToolsAsync(Token));
        failed.Code.ShouldBe(McpErrorCode.PolicyDenied);
        failed.Reason.ShouldBe("group_disabled");
        ((int)failed.Status).ShouldBe(403);
    }

    [Fact]
    public async Task Call_ThatFailsInTheTool_IsAResult()
    {
        gateway.Answer = (request, response) =>
            ResultAsync(request, response, """{"isError":true,"content":[{"type":"text","text":"no such file"}]}""");
        var result = await Mcp().CallToolAsync("read", cancellationToken: Token);
        result.IsError.ShouldBeTrue();
        result.Text.ShouldBe("no such file");
    }

    [Fact]
    public async Task Call_ThatAsksForInput_FailsClearly()
    {
        gateway.Answer = (request, response) =>
            ResultAsync(request, response, """{"resultType":"input_required","inputRequests":{},"requestState":"x"}""");
        var failed = await Should.ThrowAsync<FairleadMcpException>(() =>
            Mcp().CallToolAsync("ask", cancellationToken: Token)
        );
        failed.Message.ShouldContain("input");
    }

    // R19: the schema is learnt when the gateway says that headers are missing, and remembered.
    [Fact]
    public async Task Call_WithMirroredParameters_LearnsThemOnce()
    {
        gateway.Answer = (request, response) =>
            request.Headers["Mcp-Method"] == "tools/list" ? ResultAsync(request, response, MirroringTool)
            : request.Headers.GetValueOrDefault("Mcp-Param-Region") == "eu" ? ResultAsync(request, response, Hello)
            : ErrorAsync(request, response, 400, McpErrorCode.HeaderMismatch);
        var before = gateway.Requests.Count;
        var mcp = Mcp();
        var arguments = JsonElement.Parse("""{"region":"eu"}""");
        (await mcp.CallToolAsync("query", arguments, cancellationToken: Token)).Text.ShouldBe("hello");
        (gateway.Requests.Count - before).ShouldBe(3);
        (await mcp.CallToolAsync("query", arguments, cancellationToken: Token)).Text.ShouldBe("hello");
        (gateway.Requests.Count - before).ShouldBe(4);
    }

    [Fact]
    public async Task Call_WhoseHeadersStayWrong_IsNotRepeatedForEver()
    {
        gateway.Answer = (request, response) =>
            request.Headers["Mcp-Method"] == "tools/list"
                ? ResultAsync(request, response, MirroringTool)
                : ErrorAsync(request, response, 400, McpErrorCode.HeaderMismatch);
        var before = gateway.Requests.Count;
        var failed = await Should.ThrowAsync<FairleadMcpException>(() =>
            Mcp().CallToolAsync("query", JsonElement.Parse("""{"region":"eu"}"""), cancellationToken: Token)
        );
        failed.Code.ShouldBe(McpErrorCode.HeaderMismatch);
        (gateway.Requests.Count - before).ShouldBe(3);
    }

    private const string MirroringTool = """
        {"tools":[{"name":"query","inputSchema":{"type":"object",
        "properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}]}
        """;

    // R20
    [Fact]
    public async Task List_OfManyPages_LeavesOutToolsThatMustNotBeCalled()
    {
        gateway.Answer = (request, response) =>
            ResultAsync(
                request,
                response,
                JsonElement.Parse(request.Body).GetProperty("params").TryGetProperty("cursor", out var cursor)
                && cursor.GetString() == "p2"
                    ? """{"tools":[{"name":"b","title":"B","description":"does b","inputSchema":{"type":"object"}}]}"""
                    : """
                    {"tools":[{"name":"a"},{"name":"bad","inputSchema":{"type":"object",
                    "properties":{"x":{"type":"string","x-mcp-header":"not a token"}}}}],"nextCursor":"p2"}
                    """
            );
        var tools = await Mcp().ListToolsAsync(Token);
        tools.Select(t => t.Name).ShouldBe(["a", "b"]);
        tools[1].Title.ShouldBe("B");
        tools[1].Description.ShouldBe("does b");
    }

    // R11
    [Fact]
    public async Task Call_Cancelled_ClosesTheResponse()
    {
        var closed = new TaskCompletionSource();
        using var stop = new CancellationTokenSource();
        gateway.Answer = async (request, response) =>
        {
            request.Aborted.Register(closed.SetResult);
            response.ContentType = "text/event-stream";
            await response.Body.FlushAsync(CancellationToken.None);
            await stop.CancelAsync();
            await request.GoneAsync();
        };
        await Should.ThrowAsync<OperationCanceledException>(() =>
            Mcp().CallToolAsync("slow", default, null, stop.Token)
        );
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(10), Token);
    }

    [Fact]
    public async Task Call_WithArgumentsThatAreNoObject_IsRefusedHere() =>
        await Should.ThrowAsync<ArgumentException>(() =>
            Mcp().CallToolAsync("echo", JsonElement.Parse("[1]"), cancellationToken: Token)
        );

    private sealed class Seen : List<McpProgress>, IProgress<McpProgress>
    {
        public void Report(McpProgress value) => Add(value);
    }
}
