using System.Net;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tests.Gateway;
using Shouldly;
using Xunit;

namespace Fairlead.Conformance;

/// <summary>Tools, prompts, resources, completions (spec 2026-07-28 server/*; R35, R91, R92).</summary>
public sealed class ItemTests
{
    [Fact]
    public async Task Tool_Unknown_IsInvalidParams()
    {
        await using var face = await Face.StartAsync();
        var reply = await face.AskAsync("tools/call", ""","name":"nope","arguments":{}""", "nope");
        reply.Status.ShouldBe(HttpStatusCode.OK);
        reply.Code.ShouldBe(McpErrorCode.InvalidParams);
        face.Channel.Received.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("tools/call", ""","arguments":{}""")]
    [InlineData("tools/call", ""","name":7""")]
    [InlineData("prompts/get", "")]
    [InlineData("resources/read", ""","uri":null""")]
    [InlineData("completion/complete", "")]
    public async Task Request_WithoutItsName_IsRefused(string method, string parameters)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.SendAsync(Modern.Request(method, parameters).Header("Mcp-Name", "x"));
        reply.Code.ShouldBeOneOf(McpErrorCode.InvalidParams, McpErrorCode.HeaderMismatch, McpErrorCode.InvalidRequest);
        face.Channel.Received.ShouldBeEmpty();
    }

    [Fact]
    public async Task Prompt_Unknown_IsInvalidParams()
    {
        await using var face = await Face.StartAsync();
        var reply = await face.AskAsync("prompts/get", ""","name":"nope" """, "nope");
        reply.Code.ShouldBe(McpErrorCode.InvalidParams);
        face.Channel.Received.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Revision.V20260728, -32602)]
    [InlineData(Revision.V20251125, -32002)]
    public async Task Resource_Missing_IsInvalidParamsNeverEmpty(Revision service, int code)
    {
        await using var face = await Face.StartAsync(
            _ => Task.FromResult(ScriptedChannel.Error($$"""{"code":{{code}},"message":"Resource not found"}""")),
            service
        );
        // Nobody publishes the first, its owner does not have the second.
        foreach (var uri in (string[])["test://none", "test://item/9"])
        {
            var reply = await face.AskAsync("resources/read", $",\"uri\":\"{uri}\"", uri);
            reply.Code.ShouldBe(McpErrorCode.InvalidParams);
            reply.Message.Has("result").ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("test://item/../note2")]
    [InlineData("test://item/a/../../etc")]
    [InlineData("test://item/%2e%2e/%2e%2e/etc/../x")]
    [InlineData("TEST://note")]
    [InlineData("note")]
    public async Task Resource_NobodyPublished_ReachesNoService(string uri)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.AskAsync("resources/read", $",\"uri\":\"{uri}\"", uri);
        reply.Code.ShouldBe(McpErrorCode.InvalidParams);
        face.Channel.Received.ShouldBeEmpty();
    }

    [Fact]
    public async Task Tool_Definition_HasAnObjectSchema()
    {
        await using var face = await Face.StartAsync();
        foreach (var tool in (await face.AskAsync("tools/list")).Result.At("tools").EnumerateArray())
            tool.At("inputSchema", "type").GetString().ShouldBe("object");
    }

    // R35: schemas are the client's and the owner's business; nothing here looks a reference up.
    [Fact]
    public async Task Schema_WithRemoteReference_PassesAndIsNotFetched()
    {
        await using var trap = await HttpTrap.StartAsync();
        var schema = $$$$"""{"type":"object","properties":{"a":{"$ref":"{{{{trap.Address}}}}schema.json"}}}""";
        var tool = $$"""{"name":"echo","description":"d","inputSchema":{{schema}},"outputSchema":{{schema}}}""";
        await using var face = await Face.StartAsync(
            call =>
                Task.FromResult(Face.Text("""{"resultType":"complete","content":[],"structuredContent":{"a":1}}""")),
            tools: tool
        );
        (await face.AskAsync("tools/list")).Result.At("tools")[0].At("inputSchema").GetRawText().ShouldBe(schema);
        (await face.AskAsync("tools/call", ""","name":"echo","arguments":{"a":2}""")).Status.ShouldBe(
            HttpStatusCode.OK
        );
        trap.Requests.ShouldBe(0);
    }

    [Theory]
    [InlineData("""{"readOnlyHint":true,"idempotentHint":true}""")]
    [InlineData("""{"destructiveHint":true}""")]
    public async Task Annotations_OfATool_ChangeNothing(string annotations)
    {
        var tool =
            $$$"""{"name":"echo","description":"d","inputSchema":{"type":"object"},"annotations":{{{annotations}}}}""";
        await using var face = await Face.StartAsync(
            _ => Task.FromResult(ChannelReply.Fail(ChannelFailure.Crashed, dispatched: true)),
            tools: tool
        );
        (await face.AskAsync("tools/list")).Result.At("tools")[0].At("annotations").GetRawText().ShouldBe(annotations);
        // An unknown outcome is not tried again, whatever the tool says of itself.
        (await face.AskAsync("tools/call"))
            .Error.At("data", "outcome")
            .GetString()
            .ShouldBe("unknown");
        face.Channel.Received.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"type":"ref/prompt","name":"secret"}""")]
    [InlineData("""{"type":"ref/resource","uri":"test://secret/{id}"}""")]
    public async Task Completion_OfWhatIsNotPublished_IsRefused(string reference)
    {
        await using var face = await Face.StartAsync();
        var reply = await face.AskAsync(
            "completion/complete",
            $$""","ref":{{reference}},"argument":{"name":"id","value":""}"""
        );
        reply.Code.ShouldBe(McpErrorCode.InvalidParams);
        face.Channel.Received.ShouldBeEmpty();
        var good = await face.AskAsync(
            "completion/complete",
            ""","ref":{"type":"ref/resource","uri":"test://item/{id}"},"argument":{"name":"id","value":""}"""
        );
        good.Result.At("completion", "values").GetArrayLength().ShouldBe(1);
    }
}
