using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

public sealed class WireMessageTests
{
    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{"a":[1]}}""", "Result", 7, """{"a":[1]}""")]
    [InlineData("""{"result":{},"id":7,"jsonrpc":"2.0"}""", "Result", 7, "{}")]
    [InlineData(
        """{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"x"}}""",
        "Error",
        7,
        """{"code":1,"message":"x"}"""
    )]
    [InlineData(
        """{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}""",
        "Error",
        0,
        """{"code":1,"message":"x"}"""
    )]
    [InlineData("""{"jsonrpc":"2.0","id":"s","method":"ping"}""", "Request", 0, "")]
    [InlineData(
        """{"jsonrpc":"2.0","method":"notifications\/progress","params":{"p":1}}""",
        "Notification",
        0,
        """{"p":1}"""
    )]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{},"extra":{"id":8}}""", "Result", 7, "{}")]
    [InlineData("""{"jsonrpc":"2.0","id":-7,"result":{}}""", "Result", 0, "{}")]
    [InlineData("""{"jsonrpc":"2.0","id":"7","result":{}}""", "Result", 0, "{}")]
    public void Scan_Messages_AreTold(string json, string kind, long id, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var parts = WireMessage.Scan(bytes);
        (parts.Kind.ToString(), parts.Id, Encoding.UTF8.GetString(bytes[parts.Body])).ShouldBe((kind, id, body));
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":17}""", 7)]
    [InlineData("""{"jsonrpc":"2.0","id":7}""", 7)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{},"error":{}}""", 7)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"id":8,"result":{}}""", 8)]
    [InlineData("""{"jsonrpc":"1.0","id":7,"result":{}}""", 7)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{}""", 7)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{}} x""", 7)]
    [InlineData("""{"jsonrpc":"2.0","id":[7],"result":{}}""", 0)]
    [InlineData("""{"jsonrpc":"2.0","method":7}""", 0)]
    [InlineData("""{"jsonrpc":"2.0","method":"ping","params":[1]}""", 0)]
    [InlineData("[]", 0)]
    [InlineData("{", 0)]
    [InlineData("", 0)]
    public void Scan_WhatIsNoMessage_IsInvalidWithItsIdWhereReadable(string json, long id)
    {
        var parts = WireMessage.Scan(Encoding.UTF8.GetBytes(json));
        (parts.Kind, parts.Id).ShouldBe((WireKind.Invalid, id));
    }

    [Fact]
    public void Scan_InvalidUtf8_FailsItsCall() // R25
    {
        byte[] bytes = [.. "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":\""u8, 0xC3, 0x28, .. "\"}}"u8];
        var parts = WireMessage.Scan(bytes);
        (parts.Kind, parts.Id).ShouldBe((WireKind.Invalid, 7));
    }

    [Fact]
    public void Request_Progress_PutsOurIdInThePlaceOfTheToken()
    {
        var parameters = """{"_meta":{"progressToken":"client"},"name":"x"}""";
        var at = parameters.IndexOf("\"client\"", StringComparison.Ordinal);
        using var message = WireWriter.Request(
            42,
            new ChannelCall
            {
                Method = McpMethod.ToolsCall,
                Params = Encoding.UTF8.GetBytes(parameters),
                ProgressToken = at..(at + 8),
            }
        );
        Encoding
            .UTF8.GetString(message.Span)
            .ShouldBe(
                """{"jsonrpc":"2.0","id":42,"method":"tools/call","params":{"_meta":{"progressToken":42},"name":"x"}}"""
            );
    }

    [Fact]
    public void Pending_EventAfterTheEnd_IsNotDelivered()
    {
        var calls = new PendingCalls(TimeProvider.System);
        var events = new CallRecorder();
        var pending = calls.Open(FixtureCalls.Tool(Era.Legacy, "x"), events).ShouldNotBeNull();
        pending.Deliver(McpMethod.NotificationsMessage, "{}"u8, default);
        calls.Take(pending.Id).ShouldBeSameAs(pending);
        calls.Take(pending.Id).ShouldBeNull();
        pending.End();
        pending.Deliver(McpMethod.NotificationsMessage, "{}"u8, default);
        events.Notifications.Count.ShouldBe(1);
    }

    [Fact]
    public void Pending_OpenAfterClose_IsRefused()
    {
        var calls = new PendingCalls(TimeProvider.System);
        calls.Close(ChannelFailure.Crashed, "gone");
        calls.Open(FixtureCalls.Tool(Era.Legacy, "x"), new CallRecorder()).ShouldBeNull();
        calls.Count.ShouldBe(0);
    }
}
