using System.Net;
using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Replies;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tests.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Requests, responses, notifications, codes (spec 2026-07-28 basic/index; R6, R7, R25…R28).</summary>
public sealed class MessageTests
{
    /// <summary>Every request method of the revision that answers with a result.</summary>
    public static TheoryData<string> Methods =>
        [
            "server/discover",
            "tools/list",
            "tools/call",
            "prompts/list",
            "prompts/get",
            "resources/list",
            "resources/templates/list",
            "resources/read",
            "completion/complete",
        ];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Result_OfEveryMethod_HasResultTypeAndTheId(string method)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.AskAsync(method, id: "\"x-1\"");
        reply.Status.ShouldBe(HttpStatusCode.OK);
        reply.Message.At("jsonrpc").GetString().ShouldBe("2.0");
        reply.Message.At("id").GetString().ShouldBe("x-1");
        reply.Result.At("resultType").GetString().ShouldBe("complete");
    }

    [Theory]
    [InlineData("1")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("9007199254740993")]
    [InlineData("\"\"")]
    [InlineData("\"1\"")]
    [InlineData("\"a b\\u00fc\\\"\"")]
    public async Task Id_StringOrInteger_ComesBackAsSent(string id)
    {
        await using var face = await Face.StartAsync();
        (await face.AskAsync("tools/list", id: id)).Message.At("id").GetRawText().ShouldBe(id);
        (await face.AskAsync("tools/call", id: id)).Message.At("id").GetRawText().ShouldBe(id);
        (await face.AskAsync("no/such", id: id)).Message.At("id").GetRawText().ShouldBe(id);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("1.5")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public async Task Id_NullOrOther_IsRefused(string id)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.AskAsync("tools/call", id: id);
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Code.ShouldBe(McpErrorCode.InvalidRequest);
        reply.Message.Has("id").ShouldBeFalse();
        face.Channel.Received.ShouldBeEmpty();
    }

    // Requests are independent: a client that uses an id twice hurts only itself, and a retry comes with a new one.
    [Fact]
    public async Task Id_UsedTwiceAtOnce_GetsTwoAnswers()
    {
        var both = new Barrier();
        await using var face = await Face.StartAsync(async call =>
        {
            await both.MeetAsync();
            return Face.Text(
                $$"""{"resultType":"complete","content":[],"x":{{call.Params.Contains("\"first\"", StringComparison.Ordinal).ToString().ToLowerInvariant()}}}"""
            );
        });
        var first = face.AskAsync("tools/call", ""","name":"echo","arguments":{"first":1}""", id: "7");
        var second = face.AskAsync("tools/call", ""","name":"echo","arguments":{}""", id: "7");
        (await first).Result.At("x").GetBoolean().ShouldBeTrue();
        (await second).Result.At("x").GetBoolean().ShouldBeFalse();
    }

    [Theory]
    [InlineData("no/such", "")]
    [InlineData("tools/call", ""","name":"none","arguments":{}""")]
    [InlineData("prompts/get", ""","name":"none" """)]
    [InlineData("resources/read", ""","uri":"test://none" """)]
    [InlineData("tools/list", ""","cursor":"bad" """)]
    public async Task Error_Always_HasIntegerCodeMessageAndTheId(string method, string parameters)
    {
        await using var face = await Face.StartAsync();
        var name = method switch
        {
            "resources/read" => "test://none",
            "tools/list" or "no/such" => null,
            _ => "none",
        };
        var reply = await face.SendAsync(Modern.Request(method, parameters, name, id: "\"e\""));
        reply.Message.At("id").GetString().ShouldBe("e");
        reply.Message.Has("result").ShouldBeFalse();
        reply.Code.ShouldBeLessThan(0);
        reply.Error.At("message").GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Error_OfUnreadableRequest_HasNoId()
    {
        await using var face = await Face.StartAsync();
        var reply = await face.SendAsync(Modern.Post("{\"jsonrpc\":\"2.0\",\"id\":"));
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Code.ShouldBe(McpErrorCode.ParseError);
        reply.Message.Has("id").ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}]""")]
    [InlineData("""{"id":1,"method":"tools/list"}""")]
    [InlineData("""{"jsonrpc":"1.0","id":1,"method":"tools/list"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":5}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list"} {}""")]
    public async Task Body_NotOneJsonRpcMessage_IsRefused(string body)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.SendAsync(Modern.Post(body).Header("MCP-Protocol-Version", Modern.Version));
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Code.ShouldBeOneOf(McpErrorCode.ParseError, McpErrorCode.InvalidRequest, McpErrorCode.InvalidParams);
        face.Channel.Received.ShouldBeEmpty();
        (await face.AskAsync("tools/call")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Body_NotUtf8_IsRefused()
    {
        await using var face = await Face.StartAsync();
        var bytes = Encoding.Latin1.GetBytes(
            $$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{{{{Modern.Meta}}}},"name":"echo","arguments":{"a":"é"}}}"""
        );
        var reply = await face.SendAsync(Modern.Post(bytes));
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Code.ShouldBe(McpErrorCode.ParseError);
        face.Channel.Received.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}""")]
    public async Task Body_ResponseOfTheClient_IsRefused(string body)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.SendAsync(Modern.Post(body).Header("MCP-Protocol-Version", Modern.Version));
        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Message.Has("id").ShouldBeFalse();
    }

    [Theory]
    [InlineData("notifications/cancelled", ""","params":{"requestId":1}""")]
    [InlineData("notifications/something/new", "")]
    public async Task Notification_Accepted_Is202WithoutBody(string method, string parameters)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.SendAsync(
            Modern
                .Post($$"""{"jsonrpc":"2.0","method":"{{method}}"{{parameters}}}""")
                .Header("MCP-Protocol-Version", Modern.Version)
        );
        reply.Status.ShouldBe(HttpStatusCode.Accepted);
        reply.Body.ShouldBeEmpty();
    }

    [Fact]
    public async Task Notification_NotAcceptable_IsA4xx()
    {
        await using var face = await Face.StartAsync();
        const string body = """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""";
        var unknown = await face.SendAsync(Modern.Post(body).Header("MCP-Protocol-Version", "1900-01-01"));
        ((int)unknown.Status).ShouldBeInRange(400, 499);
        unknown.Message.Has("id").ShouldBeFalse();
        ((int)(await face.SendAsync(Modern.Post(body))).Status).ShouldBeInRange(400, 499);
    }

    // Cancelling by notification means nothing on HTTP; it must not hurt what runs under the same id either.
    [Fact]
    public async Task Cancellation_OfNothing_IsIgnored()
    {
        var running = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        await using var face = await Face.StartAsync(async call =>
        {
            running.TrySetResult();
            await goOn.Task;
            return Face.Works(call, Revision.V20260728);
        });
        var call = face.AskAsync("tools/call", id: "5");
        await running.Task;
        foreach (
            var parameters in (string[])
                ["""{"requestId":5}""", """{"requestId":"no"}""", "{}", """{"requestId":null}"""]
        )
        {
            var reply = await face.SendAsync(
                Modern
                    .Post($$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{parameters}}}""")
                    .Header("MCP-Protocol-Version", Modern.Version)
            );
            reply.Status.ShouldBe(HttpStatusCode.Accepted, parameters);
        }
        goOn.SetResult();
        (await call).Result.At("resultType").GetString().ShouldBe("complete");
    }

    // R28: what we raise is JSON-RPC's own, defined by the specification for its case, or outside the reserved range.
    [Fact]
    public void OwnCodes_All_LieOutsideTheReservedRange()
    {
        foreach (var condition in Enum.GetValues<Condition>())
        {
            var code = ErrorTable.Of(condition).Code;
            var allowed = code switch
            {
                -32020 => condition == Condition.HeaderMismatch,
                -32021 => condition == Condition.CapabilityMissing,
                -32022 => condition == Condition.UnsupportedVersion,
                -32700 or -32600 or -32601 or -32602 or -32603 => true,
                _ => code is < -32768 or > -32000,
            };
            allowed.ShouldBeTrue($"{condition} is {code}");
        }
    }

    [Theory]
    [InlineData(Revision.V20260728, -32002, -32602)]
    [InlineData(Revision.V20260728, -32042, -32602)]
    [InlineData(Revision.V20260728, -32050, -32603)]
    [InlineData(Revision.V20260728, -32020, McpErrorCode.UpstreamProtocolError)]
    [InlineData(Revision.V20260728, -32022, McpErrorCode.UpstreamProtocolError)]
    [InlineData(Revision.V20251125, -32002, -32602)]
    [InlineData(Revision.V20251125, -32042, -32602)]
    [InlineData(Revision.V20251125, -32021, -32603)]
    // What JSON-RPC leaves to implementations means nothing to us: it passes as it is.
    [InlineData(Revision.V20260728, -32000, -32000)]
    [InlineData(Revision.V20260728, 17, 17)]
    public async Task ServiceCode_ThatMayNotBeEmitted_IsReplaced(Revision service, int raised, int shown)
    {
        await using var face = await Face.StartAsync(
            _ => Task.FromResult(ScriptedChannel.Error($$"""{"code":{{raised}},"message":"theirs"}""")),
            service
        );
        var reply = await face.AskAsync("tools/call");
        reply.Code.ShouldBe(shown);
        reply.Error.At("message").GetString().ShouldBe("theirs");
    }
}

/// <summary>Two calls that must be open at the same time.</summary>
internal sealed class Barrier
{
    private readonly TaskCompletionSource both = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int here;

    public Task MeetAsync()
    {
        if (Interlocked.Increment(ref here) == 2)
            both.SetResult();
        return both.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
