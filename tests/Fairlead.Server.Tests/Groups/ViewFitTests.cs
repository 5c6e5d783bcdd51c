using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Groups.Views;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Groups;

/// <summary>What callers see of a tool through a view, and when a view does not fit it .</summary>
public sealed class ViewFitTests
{
    private const string Input = """
        {"type":"object","properties":{"path":{"type":"string"},"root":{"type":"string","pattern":"^/"},
        "depth":{"$ref":"#/$defs/count"},"mode":{"enum":["r","w"]},"token":{"type":"string","minLength":4}},
        "required":["path","root"],"$defs":{"count":{"type":"integer","minimum":1}},"additionalProperties":false}
        """;

    private static string Tool(string input) =>
        $$$"""{"name":"t","title":"own","description":"d","inputSchema":{{{input}}},"outputSchema":{"type":"object"},"annotations":{"title":"own","readOnlyHint":false,"x":1}}""";

    private static CompiledView Compile(ToolViewConfig view, string input = Input, string? secret = "top-secret") =>
        CompiledView.Of(Encoding.UTF8.GetBytes(Tool(input)), view, name => name == "S" ? secret : null);

    private static ToolViewConfig Fixing(params (string Name, string Json)[] values) =>
        new() { Fixed = values.ToImmutableSortedDictionary(v => v.Name, v => JsonElement.Parse(v.Json)) };

    private static string Schema(CompiledView view) =>
        JsonElement.Parse(view.Definition.Span).GetProperty("inputSchema").GetRawText();

    [Fact]
    public void View_HidesAndFixes_SchemaHasNeither()
    {
        CompiledView view = Compile(Fixing(("root", "\"/srv\"")) with { Hidden = ["mode", "token"] });
        view.Problems.ShouldBeEmpty();
        Schema(view)
            .ShouldBe(
                """{"type":"object","properties":{"path":{"type":"string"},"depth":{"$ref":"#/$defs/count"}},"required":["path"],"$defs":{"count":{"type":"integer","minimum":1}},"additionalProperties":false}"""
            );
        view.Parameters.ShouldBe(["path", "depth"]);
    }

    [Fact]
    public void View_Annotates_OnlyWhatItSays()
    {
        // A view that says nothing of it leaves the owner's word.
        CompiledView view = Compile(
            new()
            {
                Title = "Read a file",
                ReadOnlyHint = true,
                OpenWorldHint = false,
            }
        );
        Encoding
            .UTF8.GetString(view.Definition.Span)
            .ShouldBe(
                $$$"""{"title":"Read a file","name":"t","description":"d","inputSchema":{{{Input.ReplaceLineEndings("")}}},"outputSchema":{"type":"object"},"annotations":{"title":"Read a file","x":1,"readOnlyHint":true,"openWorldHint":false}}"""
            );
    }

    [Theory]
    [InlineData("root", "\"srv\"", "must match")]
    [InlineData("root", "1", "must be a string")]
    [InlineData("depth", "0", "at least 1")]
    [InlineData("mode", "\"x\"", "one of")]
    [InlineData("other", "1", "no parameter 'other'")]
    public void Fixed_ValueOfAnotherKind_HoldsTheTool(string name, string value, string says)
    {
        ViewProblem problem = Compile(Fixing((name, value))).Problems.ShouldHaveSingleItem();
        problem.Field.ShouldBe($"view.fixed.{name}");
        problem.Text.ShouldContain(says);
        problem.Holds.ShouldBeTrue();
    }

    [Theory]
    [InlineData("path", "needs the parameter 'path'", true)]
    [InlineData("gone", "no parameter 'gone'", false)]
    public void Hidden_ParameterNeededOrGone_IsToldAndOnlyTheFirstHolds(string name, string says, bool holds)
    {
        CompiledView view = Compile(new() { Hidden = [name] });
        ViewProblem problem = view.Problems.ShouldHaveSingleItem();
        (problem.Field, problem.Holds, view.IsHeld).ShouldBe(("view.hidden", holds, holds));
        problem.Text.ShouldContain(says);
    }

    [Fact]
    public void Fixed_Secret_IsPutInAndNeverTold()
    {
        CompiledView view = Compile(Fixing(("token", "\"Bearer ${secret:S}\"")), secret: "a\"b");
        view.Problems.ShouldBeEmpty();
        view.Values.Single().Json.GetString().ShouldBe("Bearer a\"b");
        Encoding.UTF8.GetString(view.Definition.Span).ShouldNotContain("secret");

        Compile(Fixing(("token", "\"${secret:S}\"")), secret: "xyz")
            .Problems.ShouldHaveSingleItem()
            .Text.ShouldNotContain("xyz");
        ViewProblem missing = Compile(Fixing(("token", "\"${secret:S}\"")), secret: null)
            .Problems.ShouldHaveSingleItem();
        missing.Text.ShouldContain("no secret S");
        missing.Holds.ShouldBeTrue();
    }

    // What names a hidden parameter elsewhere in the schema is taken out or said without it; never is it stricter than the tool.
    [Theory]
    [InlineData(
        """{"properties":{"k":{},"b":{},"c":{}},"oneOf":[{"properties":{"k":{"const":"x"},"b":{"type":"string"}},"required":["k","b"]},{"properties":{"k":{"const":"y"}},"required":["c"]}]}""",
        """{"properties":{"b":{},"c":{}},"oneOf":[{"properties":{"b":{"type":"string"}},"required":["b"]}]}"""
    )]
    [InlineData(
        """{"properties":{"k":{},"b":{}},"dependentRequired":{"k":["b"],"b":["k"]},"minProperties":2,"examples":[{"k":1}]}""",
        """{"properties":{"b":{}},"required":["b"],"dependentRequired":{}}"""
    )]
    [InlineData(
        """{"properties":{"k":{},"b":{}},"if":{"required":["k"]},"then":{"required":["b"]},"not":{"required":["k"]}}""",
        """{"properties":{"b":{}}}"""
    )]
    [InlineData(
        """{"properties":{"k":{},"b":{}},"if":{"required":["b"]},"then":{"required":["k"]},"allOf":[{"required":["k","b"]}]}""",
        """{"properties":{"b":{}},"if":{"required":["b"]},"then":{},"allOf":[{"required":["b"]}]}"""
    )]
    public void Schema_OfFixedParameter_NamesItNowhere(string own, string seen) =>
        Schema(Compile(Fixing(("k", "\"x\"")), own)).ShouldBe(seen);

    [Fact]
    public void Tool_WithoutInputSchema_HasNoParameters()
    {
        //
        CompiledView view = CompiledView.Of("""{"name":"t"}"""u8.ToArray(), new() { Hidden = ["a"] }, static _ => null);
        view.Problems.ShouldHaveSingleItem().Text.ShouldContain("it takes none");
        view.IsHeld.ShouldBeFalse();
    }

    [Fact]
    public void Definition_ThatNoTextCanHold_HoldsTheTool()
    {
        CompiledView view = Compile(
            new() { Hidden = ["a"] },
            """{"properties":{"a":{},"b":{}},"required":["\ud800"]}"""
        );
        view.IsHeld.ShouldBeTrue();
        view.Problems.ShouldHaveSingleItem().Field.ShouldBe("view");
    }
}
