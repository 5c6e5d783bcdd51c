using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>Messages of services: checked, their parts raw (R25, security.md §0).</summary>
public sealed class WireMessageEscapeTests
{
    private static WireMessage Scan(string json) => WireMessage.Scan(Encoding.UTF8.GetBytes(json));

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{"text":"a\nb\"}\\"}}""", """{"text":"a\nb\"}\\"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{"cut":"\ud83d"}}""", """{"cut":"\ud83d"}""")]
    [InlineData("""{"json\u0072pc":"2.0","i\u0064":7,"result":{"a":"\\"}}""", """{"a":"\\"}""")]
    public void Scan_ResultWithEscapes_IsTheBytesThatCame(string json, string expected)
    {
        var message = Scan(json);

        message.Kind.ShouldBe(WireKind.Result);
        message.Id.ShouldBe(7);
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(json)[message.Body]).ShouldBe(expected);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications\/progress","params":{"a":"\t"}}""")]
    [InlineData("""{"jsonrpc":"2\u002e0","method":"notifications\u002Fprogress"}""")]
    public void Scan_MethodWithEscapes_IsKnown(string json) =>
        (Scan(json).Kind, Scan(json).Method).ShouldBe((WireKind.Notification, McpMethod.NotificationsProgress));

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{"a":"\q"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{\"a\":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"id":8,"result":{"a":"\n"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{"a":"\n"}""")]
    public void Scan_BrokenMessage_IsInvalidButKeepsTheIdItHasRead(string json)
    {
        Scan(json).Kind.ShouldBe(WireKind.Invalid);
        Scan(json).Id.ShouldBeGreaterThan(0);
    }
}
