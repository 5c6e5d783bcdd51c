using System.Text;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Fairlead.Client.Tests;

public sealed class McpMessageTests
{
    // each kind there and back; members that are null are not written.
    [Theory]
    [InlineData(
        """{"jsonrpc":"2.0","id":"req_1","method":"initialize","params":{"protocolVersion":"2025-11-25"}}""",
        McpMessageKind.Request
    )]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", McpMessageKind.Notification)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/list"}""", McpMessageKind.Request)]
    [InlineData(
        """{"jsonrpc":"2.0","id":"req_2","method":"tools/call","params":{"name":"add"}}""",
        McpMessageKind.Request
    )]
    [InlineData("""{"jsonrpc":"2.0","id":"req_2","result":{"content":[]}}""", McpMessageKind.Result)]
    [InlineData(
        """{"jsonrpc":"2.0","id":"req_2","error":{"code":-32601,"message":"Method not found"}}""",
        McpMessageKind.Error
    )]
    [InlineData("""{"jsonrpc":"2.0","error":{"code":-32700,"message":"no","data":{"a":1}}}""", McpMessageKind.Error)]
    [InlineData(
        """{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}""",
        McpMessageKind.Notification
    )]
    public void Message_OfEachKind_ComesBackAsItWas(string json, McpMessageKind kind)
    {
        var message = McpMessage.Parse(Encoding.UTF8.GetBytes(json));
        message.Kind.ShouldBe(kind);
        message.ToString().ShouldBe(json);
    }

    // C-28
    [Fact]
    public void Message_InitializedOfOlderDocuments_IsTheNotification() =>
        McpMessage
            .Parse("""{"jsonrpc":"2.0","method":"initialized"}"""u8.ToArray())
            .Method.ShouldBe("notifications/initialized");

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("""{"id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"1.0","id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1}""")]
    public void Message_ThatIsNone_IsRefused(string text) =>
        Should.Throw<FormatException>(() => McpMessage.Parse(Encoding.UTF8.GetBytes(text)));

    // without a schema the tool takes an empty object; the output schema is kept.
    [Fact]
    public void Tool_Descriptor_HasItsSchemas()
    {
        var bare = KnownTool.Read(JsonElement.Parse("""{"name":"a"}"""))!.Tool;
        bare.InputSchema.GetRawText().ShouldBe("{}");
        bare.OutputSchema.ShouldBeNull();
        var full = KnownTool
            .Read(
                JsonElement.Parse(
                    """{"name":"b","description":"B","inputSchema":{"type":"object"},"outputSchema":{"type":"object","required":["x"]}}"""
                )
            )!
            .Tool;
        full.Description.ShouldBe("B");
        full.OutputSchema!.Value.GetProperty("required")[0].GetString().ShouldBe("x");
    }
}
