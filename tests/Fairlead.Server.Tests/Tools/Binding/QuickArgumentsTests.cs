#pragma warning disable VSTHRD200 // The name of a tool is that of its method.
using System.ComponentModel.DataAnnotations;
using System.Text;
using Fairlead.Server.Tools;
using Fairlead.Toolkit;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Binding;

/// <summary>
/// The short way of arguments: whatever is sent, a tool answers as it does by the long way, which middleware makes it take
/// (R-24, P-86).
/// </summary>
public sealed class QuickArgumentsTests
{
    private sealed class Tools
    {
        [FairleadTool(Name = "sum")]
        public static double Sum(double[] numbers) => numbers.Sum();

        [FairleadTool(Name = "text")]
        public static string Text(string text, int times = 1) => string.Concat(Enumerable.Repeat(text, times));

        [FairleadTool(Name = "all")]
        public static string All(
            CallContext context,
            bool flag,
            int whole,
            long large,
            double number,
            string? note = null,
            double? maybe = null
        ) => FormattableString.Invariant($"{context.Name}{flag} {whole} {large} {number:R} {note ?? "-"} {maybe}");

        [FairleadTool(Name = "bounded")]
        public static int Bounded([Range(1, 3)] int most) => most;

        [FairleadTool(Name = "count")]
        public static long Count(long n) => n;
    }

    private sealed class PassOn : IToolMiddleware
    {
        public ValueTask<ToolResult> InvokeAsync(ToolRun run, ToolNext next) => next(run);
    }

    [Theory]
    [InlineData("sum", """{"numbers":[1,2,3.5]}""", "6.5")]
    [InlineData("sum", """{"numbers":[]}""", "0")]
    [InlineData("sum", """{"numbers":[999999999999999,-1,1e3,0.1,12345678901234567890]}""", null)]
    [InlineData("sum", """ { "numbers" : [ 1 , 2 ] } """, "3")]
    [InlineData("sum", """{"number\u0073":[4]}""", "4")]
    [InlineData("sum", """{"numbers":[1e400]}""", null)]
    [InlineData("sum", """{"numbers":[1,"2"]}""", null)]
    [InlineData("sum", """{"numbers":[1,null]}""", null)]
    [InlineData("sum", """{"numbers":[[1]]}""", null)]
    [InlineData("sum", """{"numbers":null}""", null)]
    [InlineData("sum", """{"numbers":3}""", null)]
    [InlineData("sum", """{"numbers":[1],"more":2}""", null)]
    [InlineData("sum", """{"numbers":[1],"numbers":[2]}""", null)]
    [InlineData("sum", "{}", null)]
    [InlineData("sum", "", null)]
    [InlineData("text", """{"text":"a\nb"}""", "a\nb")]
    [InlineData("text", """{"text":"\u00e9\ud83d\ude00","times":2}""", "é😀é😀")]
    [InlineData("text", """{"text":"\\u"}""", "\\u")]
    [InlineData("text", """{"text":"x","times":2.0}""", "xx")]
    [InlineData("text", """{"text":"x","times":2.5}""", null)]
    [InlineData("text", """{"text":"x","times":3000000000}""", null)]
    [InlineData("text", """{"text":7}""", null)]
    [InlineData("text", """{"text":"x","times":null}""", null)]
    [InlineData("text", """{"times":1,"text":"y"}""", "y")]
    [InlineData("all", """{"flag":true,"whole":-1,"large":9007199254740993,"number":0.1}""", null)]
    [InlineData("all", """{"flag":false,"whole":0,"large":1,"number":-0,"note":"n","maybe":2}""", null)]
    [InlineData("all", """{"flag":1,"whole":0,"large":1,"number":1}""", null)]
    [InlineData("all", """{"flag":true,"whole":0,"large":1,"number":1,"note":null,"maybe":null}""", null)]
    [InlineData("bounded", """{"most":3}""", "3")]
    [InlineData("bounded", """{"most":4}""", null)]
    [InlineData("count", """{"n":9223372036854775807}""", "9223372036854775807")]
    [InlineData("count", """{"n":9223372036854775808}""", null)]
    [InlineData("count", "[]", null)]
    [InlineData("count", """{"n":1""", null)]
    public async Task Answer_IsThatOfTheLongWay(string tool, string arguments, string? says)
    {
        var quick = await RunAsync(tool, arguments, goesLong: false);
        quick.ShouldBe(await RunAsync(tool, arguments, goesLong: true));
        if (says is not null)
            quick.ShouldBe($$"""{"content":[{"type":"text","text":{{Quoted(says)}}}]}""");
    }

    // Long lists grow their buffer, and give it back.
    [Fact]
    public async Task Numbers_OfALongList_AreAllThere() =>
        (
            await RunAsync("sum", $$"""{"numbers":[{{string.Join(',', Enumerable.Range(1, 10_000))}}]}""", false)
        ).ShouldBe("""{"content":[{"type":"text","text":"50005000"}]}""");

    private static string Quoted(string text) =>
        Encoding.UTF8.GetString(ResultWriter.Write(ToolResult.Of(text), wraps: false)) is var whole
            ? whole["{\"content\":[{\"type\":\"text\",\"text\":".Length..^3]
            : "";

    private static async Task<string> RunAsync(string name, string arguments, bool goesLong)
    {
        var tool = NativeTool.Of(new Tools()).Single(t => t.Name == name);
        if (goesLong)
            tool.Use([new PassOn()]);
        var result = await tool.RunAsync(Encoding.UTF8.GetBytes(arguments), new CallContext(EmptyProvider.Instance));
        return Encoding.UTF8.GetString(result.Json.Span);
    }
}
