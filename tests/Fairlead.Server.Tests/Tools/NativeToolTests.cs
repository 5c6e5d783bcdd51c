using System.ComponentModel;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Native;
using Fairlead.Toolkit;
using ModelContextProtocol.Server;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>What a model is told when it calls a native tool wrongly: the parameter's name, no text of the runtime.</summary>
public sealed class NativeToolTests
{
    private static readonly IReadOnlyList<NativeTool> All =
    [
        .. NativeTool.Of(new CalculatorTools()),
        .. NativeTool.Of(new ClockTools(TimeProvider.System)),
        .. NativeTool.Of(new SearchTools()),
        .. NativeTool.Of(new Odd()),
    ];

    [Theory]
    [InlineData(
        "add",
        "{}",
        "The parameter 'numbers' is missing: an array of numbers. The numbers to add; none gives 0."
    )]
    [InlineData("add", null, "The parameter 'numbers' is missing")]
    [InlineData("add", "[1,2]", "'arguments' must be an object of the tool's parameters, not an array.")]
    [InlineData("add", "7", "'arguments' must be an object")]
    [InlineData("add", """{"numbers":"1,2"}""", "The parameter 'numbers' must be an array of numbers, not a string.")]
    [InlineData("add", """{"numbers":null}""", "The parameter 'numbers' must be an array of numbers, not null.")]
    [InlineData("add", """{"numbers":[1,"2"]}""", "The parameter 'numbers[1]' must be a number, not a string.")]
    [InlineData("add", """{"numbers":[1e999]}""", "The parameter 'numbers[0]' is too large for a number.")]
    [InlineData("add", """{"numbers":[1],"b":2}""", "There is no parameter 'b'. The tool takes: numbers.")]
    [InlineData("add", """{"numbers":[1e308,1e308]}""", "The sum is too large for a number")]
    [InlineData("current_time", """{"zone":7}""", "The parameter 'zone' must be a string, not the number 7.")]
    [InlineData("search", """{"query":"x","limit":3000000000}""", "The parameter 'limit' must be a whole number")]
    [InlineData("search", """{"query":"x","limit":1.5}""", "The parameter 'limit' must be a whole number")]
    [InlineData("nothing", """{"a":1}""", "There is no parameter 'a'. The tool takes none.")]
    [InlineData("infinite", "{}", "The result holds a number that is not finite.")]
    [InlineData("broken", "{}", "The tool failed (InvalidOperationException)")]
    public async Task Run_Wrongly_NamesTheMistake(string tool, string? arguments, string said)
    {
        var (isError, text) = await RunAsync(tool, arguments);
        isError.ShouldBeTrue(text);
        text.ShouldStartWith(said);
    }

    [Theory]
    [InlineData("add", """{"numbers":[1,2,3.5]}""", "6.5")]
    [InlineData("add", """{"numbers":[]}""", "0")]
    [InlineData("nothing", null, "done")]
    [InlineData("nothing", "{}", "done")]
    public async Task Run_Rightly_Answers(string tool, string? arguments, string expected) =>
        (await RunAsync(tool, arguments)).ShouldBe((false, expected));

    [Fact]
    public void Definition_OfAToolThatOnlyReads_IsNotDestructive()
    {
        foreach (var tool in All)
        {
            var hints = JsonElement.Parse(tool.Definition.Span).GetProperty("annotations");
            (
                hints.GetProperty("readOnlyHint").GetBoolean() && hints.GetProperty("destructiveHint").GetBoolean()
            ).ShouldBeFalse(tool.Name);
        }
        Hints("add").GetProperty("readOnlyHint").GetBoolean().ShouldBeTrue();
        Hints("nothing").GetProperty("destructiveHint").GetBoolean().ShouldBeTrue();

        static JsonElement Hints(string name) =>
            JsonElement.Parse(All.Single(t => t.Name == name).Definition.Span).GetProperty("annotations");
    }

    private static async Task<(bool IsError, string Text)> RunAsync(string tool, string? arguments)
    {
        var result = JsonElement.Parse(
            (
                await All.Single(t => t.Name == tool)
                    .RunAsync(
                        arguments is null ? default : Encoding.UTF8.GetBytes(arguments),
                        new CallContext(
                            EmptyProvider.Instance,
                            cancellationToken: TestContext.Current.CancellationToken
                        )
                    )
            )
                .Json
                .Span
        );
        return (
            result.TryGetProperty("isError", out var error) && error.GetBoolean(),
            result.GetProperty("content")[0].GetProperty("text").GetString()!
        );
    }

    private sealed class Odd
    {
        [McpServerTool(Name = "nothing"), Description("Takes nothing.")]
        public static string Nothing() => "done";

        [McpServerTool(Name = "infinite"), Description("Not finite.")]
        public static double Infinite() => double.PositiveInfinity;

        [McpServerTool(Name = "broken"), Description("Fails.")]
        public static string Broken() => throw new InvalidOperationException("canary");
    }
}
