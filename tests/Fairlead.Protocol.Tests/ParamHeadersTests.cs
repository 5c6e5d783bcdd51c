using System.Text;
using Fairlead.Protocol.Http;
using Shouldly;
using Xunit;

namespace Fairlead.Protocol.Tests;

public sealed class ParamHeadersTests
{
    private const string Two =
        """{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"page":{"type":"object","properties":{"size":{"x-mcp-header":"Size","type":"integer"}}}}}""";

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static ParamHeaders Rules(string schema = Two) => ParamHeaders.Read(Utf8(schema), out _).ShouldNotBeNull();

    [Fact]
    public void Read_AnnotatedProperties_GivesHeaderAndPath() // R20
    {
        var rules = Rules().Rules;
        rules.Select(r => r.Header).ShouldBe(["Mcp-Param-Region", "Mcp-Param-Size"]);
        rules[1].Path.ShouldBe(["page", "size"]);
    }

    [Theory]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":""}}}""", "header name")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":"A B"}}}""", "header name")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":"A\r\nB"}}}""", "header name")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":7}}}""", "header name")]
    [InlineData("""{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}""", "string, integer or boolean")]
    [InlineData("""{"properties":{"a":{"type":"object","x-mcp-header":"A"}}}""", "string, integer or boolean")]
    [InlineData("""{"properties":{"a":{"x-mcp-header":"A"}}}""", "string, integer or boolean")]
    [InlineData(
        """{"properties":{"a":{"type":["string","integer"],"x-mcp-header":"A"}}}""",
        "string, integer or boolean"
    )]
    [InlineData(
        """{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}""",
        "twice"
    )]
    [InlineData("""{"properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}}""", "reachable")]
    [InlineData("""{"oneOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}""", "reachable")]
    [InlineData("""{"$defs":{"d":{"type":"string","x-mcp-header":"A"}}}""", "reachable")]
    [InlineData("""{"if":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}}""", "reachable")]
    [InlineData("""{"type":"string","x-mcp-header":"A"}""", "reachable")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":1e999}}}""", "header name")]
    [InlineData("""{"properties":{"a":{"type":"number","\u0078-mcp-header":"A"}}}""", "string, integer or boolean")]
    public void Read_BrokenRule_NamesIt(string schema, string reason) // R20
    {
        ParamHeaders.Read(Utf8(schema), out var invalid).ShouldBeNull();
        invalid.ShouldNotBeNull().ShouldContain(reason);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"x-mcp-header":{"type":"object"}}}""")]
    [InlineData("""{"properties":{"a":{"type":"object","default":{"x-mcp-header":7}}}}""")]
    [InlineData("""{"properties":{"a":{"enum":[{"x-mcp-header":7}]}}}""")]
    [InlineData("""{"$defs":{"x-mcp-header":{"type":"string"}}}""")]
    [InlineData("{}")]
    public void Read_NamesAndDataThatLookAlike_AreNoAnnotations(string schema) => Rules(schema).Rules.ShouldBeEmpty();

    [Fact]
    public void Build_ValuesAtTheirPaths_AreEncoded() // R18, R19
    {
        Rules()
            .Build(Utf8("""{"region":"Zürich","page":{"size":42.0}}"""))
            .ShouldBe([new("Mcp-Param-Region", "=?base64?WsO8cmljaA==?="), new("Mcp-Param-Size", "42")]);
    }

    [Theory]
    [InlineData("""{"region":null,"page":{}}""")]
    [InlineData("""{"page":"not an object"}""")]
    [InlineData("{}")]
    [InlineData("")]
    public void Build_AbsentOrNull_OmitsTheHeader(string arguments) => Rules().Build(Utf8(arguments)).ShouldBeNull();

    [Theory]
    [InlineData("""{"region":"eu"}""", "eu", null, null)]
    [InlineData("""{"page":{"size":42}}""", null, "42.0", null)]
    [InlineData("""{"region":"ü"}""", "=?base64?w7w=?=", null, null)]
    [InlineData("{}", null, null, null)]
    [InlineData("""{"region":"eu"}""", null, null, "missing")]
    [InlineData("""{"region":"eu"}""", "us", null, "does not match")]
    [InlineData("""{"region":"eu"}""", "=?base64?!?=", null, "invalid")]
    [InlineData("""{"region":null}""", "eu", null, "does not match")]
    [InlineData("""{"page":{"size":42}}""", null, "43", "does not match")]
    [InlineData("""{"region":"42"}""", "42.0", null, "does not match")]
    public void Mismatch_HeadersAgainstBody_TellsWhatDiffers(
        string arguments,
        string? region,
        string? size,
        string? says
    ) // R19
    {
        var mismatch = Rules().Mismatch(Utf8(arguments), h => h == "Mcp-Param-Region" ? region : size);
        if (says is null)
            mismatch.ShouldBeNull();
        else
            mismatch.ShouldNotBeNull().ShouldContain(says);
    }
}
