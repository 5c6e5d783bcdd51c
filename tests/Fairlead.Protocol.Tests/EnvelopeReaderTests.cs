using System.Text;
using Shouldly;
using Xunit;

namespace Fairlead.Protocol.Tests;

/// <summary>The strict reader at the edge (security.md §0.1, R6, R25…R27).</summary>
public sealed class EnvelopeReaderTests
{
    private static EnvelopeFault Read(string json, out Envelope envelope) =>
        EnvelopeReader.Read(Encoding.UTF8.GetBytes(json), EnvelopeLimits.Default, out envelope);

    private static string Raw(Envelope e, Slice s) => Encoding.UTF8.GetString(s.Of(e.Message.Span));

    [Fact]
    public void Read_ModernToolCall_FindsEveryPlace()
    {
        var fault = Read(
            """
            {"jsonrpc":"2.0","id":"a-1","method":"tools/call","params":{"_meta":{"progressToken":7,
            "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},
            "io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"info","traceparent":"00-x"},
            "name":"echo","arguments":{"text":"hé"},"requestState":"s"}}
            """,
            out var e
        );

        fault.ShouldBe(EnvelopeFault.None);
        e.Kind.ShouldBe(MessageKind.Request);
        e.Method.ShouldBe(McpMethod.ToolsCall);
        Raw(e, e.Id).ShouldBe("\"a-1\"");
        e.Text(e.Name).ShouldBe("echo");
        Raw(e, e.Arguments).ShouldBe("{\"text\":\"hé\"}");
        Raw(e, e.ProgressToken).ShouldBe("7");
        e.Text(e.MetaVersion).ShouldBe("2026-07-28");
        Raw(e, e.ClientInfo).ShouldBe("""{"name":"c","version":"1"}""");
        Raw(e, e.ClientCapabilities).ShouldBe("{}");
        e.Text(e.LogLevel).ShouldBe("info");
        e.Text(e.TraceParent).ShouldBe("00-x");
        Raw(e, e.Params).ShouldStartWith("{\"_meta\"");
        Raw(e, e.Params).ShouldEndWith("\"requestState\":\"s\"}");
        e.IsRetry.ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", MessageKind.Notification)]
    [InlineData("""{"jsonrpc":"2.0","id":3,"result":{}}""", MessageKind.Result)]
    [InlineData("""{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":""}}""", MessageKind.Error)]
    [InlineData("""{"id":-3,"params":null,"method":"ping","jsonrpc":"2.0"}""", MessageKind.Request)]
    public void Read_EachKind_IsToldApart(string json, MessageKind kind)
    {
        Read(json, out var e).ShouldBe(EnvelopeFault.None);
        e.Kind.ShouldBe(kind);
    }

    [Theory]
    [InlineData("", EnvelopeFault.NotJson)]
    [InlineData("{", EnvelopeFault.NotJson)]
    [InlineData("{} x", EnvelopeFault.NotJson)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping",}""", EnvelopeFault.NotJson)]
    [InlineData("""{"jsonrpc":"2.0",/**/"id":1,"method":"ping"}""", EnvelopeFault.NotJson)]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"ping"}]""", EnvelopeFault.Batch)]
    [InlineData("[]", EnvelopeFault.Batch)]
    [InlineData("3", EnvelopeFault.NotObject)]
    [InlineData("null", EnvelopeFault.NotObject)]
    [InlineData("""{"id":1,"method":"ping"}""", EnvelopeFault.NotJsonRpc)]
    [InlineData("""{"jsonrpc":"1.0","id":1,"method":"ping"}""", EnvelopeFault.NotJsonRpc)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""", EnvelopeFault.BadId)]
    [InlineData("""{"jsonrpc":"2.0","id":1.0,"method":"ping"}""", EnvelopeFault.BadId)]
    [InlineData("""{"jsonrpc":"2.0","id":1e3,"method":"ping"}""", EnvelopeFault.BadId)]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"ping"}""", EnvelopeFault.BadId)]
    [InlineData("""{"jsonrpc":"2.0","id":1}""", EnvelopeFault.NoMethod)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":5}""", EnvelopeFault.NoMethod)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}""", EnvelopeFault.NoMethod)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"METHOD":"ping"}""", EnvelopeFault.NoMethod)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}""", EnvelopeFault.BadParams)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}""", EnvelopeFault.BadParams)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}""", EnvelopeFault.DuplicateKey)]
    [InlineData(
        """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":{"b":1,"b":2}}}""",
        EnvelopeFault.DuplicateKey
    )]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call"}""", EnvelopeFault.DuplicateKey)]
    [InlineData(
        """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"m\u0065":1,"me":2}}""",
        EnvelopeFault.DuplicateKey
    )]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\ud800"}}""", EnvelopeFault.NotUnicode)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\udc00\ud800"}}""", EnvelopeFault.NotUnicode)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"\ud800x":1}}""", EnvelopeFault.NotUnicode)]
    public void Read_BadMessage_IsRefusedForItsReason(string json, EnvelopeFault expected) =>
        Read(json, out _).ShouldBe(expected);

    [Fact]
    public void Read_PairedSurrogateEscape_IsAccepted() =>
        Read("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\ud83d\ude00 \\ud800"}}""", out _)
            .ShouldBe(EnvelopeFault.None);

    [Fact]
    public void Read_InvalidUtf8_IsRefused()
    {
        var bytes = Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"x"}}""");
        bytes[Array.LastIndexOf(bytes, (byte)'x')] = 0xC3;
        EnvelopeReader.Read(bytes, EnvelopeLimits.Default, out _).ShouldBe(EnvelopeFault.NotUnicode);
    }

    [Theory]
    [InlineData(61, EnvelopeFault.None)]
    [InlineData(64, EnvelopeFault.TooDeep)]
    public void Read_Depth_IsBounded(int arrays, EnvelopeFault expected)
    {
        var nested = new string('[', arrays) + new string(']', arrays);
        Read($$$"""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":{{{nested}}}}}""", out _).ShouldBe(expected);
    }

    [Theory]
    [InlineData(9_995, EnvelopeFault.None)]
    [InlineData(10_001, EnvelopeFault.TooManyMembers)]
    public void Read_Members_AreBounded(int items, EnvelopeFault expected)
    {
        var list = string.Join(',', Enumerable.Repeat("0", items));
        Read($$$"""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[{{{list}}}]}}""", out _).ShouldBe(expected);
    }

    [Theory]
    [InlineData(17)]
    [InlineData(500)]
    public void Read_LargeObject_FindsItsDuplicateAndNoOther(int size)
    {
        var members = Enumerable.Range(0, size).Select(i => $"\"k{i}\":{i}").ToList();
        Read(With(members), out _).ShouldBe(EnvelopeFault.None);
        members.Add($"\"k{size / 2}\":0");
        Read(With(members), out _).ShouldBe(EnvelopeFault.DuplicateKey);

        static string With(List<string> m) =>
            $$$$"""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":{{{{{string.Join(',', m)}}}}}}}""";
    }

    [Fact]
    public void Read_LongId_IsRefused() =>
        Read($$"""{"jsonrpc":"2.0","id":"{{new string('x', 257)}}","method":"ping"}""", out _)
            .ShouldBe(EnvelopeFault.BadId);

    [Fact]
    public void Read_Completion_TakesNameFromRef()
    {
        Read(
            """{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"v"}}}""",
            out var e
        );
        e.Text(e.Name).ShouldBe("p");
    }
}
