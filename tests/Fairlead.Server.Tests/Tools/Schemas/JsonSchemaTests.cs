using System.Text.Json;
using Fairlead.Server.Tools.Schemas;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Schemas;

/// <summary>Our validator of JSON Schema 2020-12: what it says, where, and that nothing makes it run long or fetch (R-03).</summary>
public sealed class JsonSchemaTests
{
    private static JsonSchema Schema(string json) => JsonSchema.Compile(JsonElement.Parse(json));

    private static SchemaFault? Check(string schema, string value) => Schema(schema).Check(JsonElement.Parse(value));

    [Theory]
    [InlineData("""{"type":"integer"}""", "1.0", null)]
    [InlineData("""{"type":["integer","null"]}""", "1.5", "type")]
    [InlineData("""{"enum":[1,{"a":[2]}]}""", """{"a":[2.0]}""", null)]
    [InlineData("""{"const":"x"}""", "\"y\"", "const")]
    [InlineData("""{"multipleOf":0.01}""", "4.35", null)]
    [InlineData("""{"multipleOf":0.01}""", "4.351", "multipleOf")]
    [InlineData("""{"minimum":9007199254740993}""", "9007199254740992", "minimum")]
    [InlineData("""{"exclusiveMaximum":3}""", "3", "exclusiveMaximum")]
    [InlineData("""{"maxLength":1}""", "\"😀\"", null)]
    [InlineData("""{"pattern":"^\\d+$"}""", "\"٣\"", "pattern")]
    [InlineData("""{"pattern":"^(?=a)a$"}""", "\"a\"", null)]
    [InlineData("""{"uniqueItems":true}""", """[{"a":1,"b":2},{"b":2.0,"a":1}]""", "uniqueItems")]
    [InlineData("""{"contains":{"type":"string"},"maxContains":1}""", """["a",1]""", null)]
    [InlineData("""{"contains":{"type":"string"},"minContains":2}""", """["a",1]""", "contains")]
    [InlineData("""{"prefixItems":[{"type":"string"}],"items":false}""", """["a",1]""", "false")]
    [InlineData("""{"oneOf":[{"type":"number"},{"type":"integer"}]}""", "1", "oneOf")]
    [InlineData("""{"not":{"type":"string"}}""", "\"a\"", "not")]
    [InlineData("""{"if":{"required":["a"]},"then":{"required":["b"]}}""", """{"a":1}""", "required")]
    [InlineData("""{"dependentRequired":{"a":["b"]}}""", """{"a":1}""", "dependentRequired")]
    [InlineData(
        """{"patternProperties":{"^n":{"type":"number"}},"additionalProperties":false}""",
        """{"n1":1,"x":1}""",
        "additionalProperties"
    )]
    [InlineData("""{"propertyNames":{"maxLength":1}}""", """{"ab":1}""", "propertyNames")]
    [InlineData(
        """{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}""",
        """{"a":1,"b":1}""",
        "unevaluatedProperties"
    )]
    [InlineData("""{"$defs":{"s":{"type":"string"}},"items":{"$ref":"#/$defs/s"}}""", "[1]", "type")]
    [InlineData(
        """{"$id":"http://a.example/x","$defs":{"s":{"$anchor":"t","type":"string"}},"$ref":"x#t"}""",
        "1",
        "type"
    )]
    public void Check_OfAValue_SaysTheKeyword(string schema, string value, string? keyword) =>
        (Check(schema, value)?.Keyword).ShouldBe(keyword);

    [Fact]
    public void Check_OfAWrongValue_SaysWhere()
    {
        var fault = Check(
            """{"properties":{"a":{"items":{"properties":{"b":{"type":"string"}},"required":["c"]}}}}""",
            """{"a":[{"b":"x","c":1},{"b":2}]}"""
        )!;
        (fault.Path, fault.Keyword, fault.Value.GetInt32()).ShouldBe(("a[1].b", "type", 2));
    }

    // Nothing is fetched, and nothing that is no schema is taken for one.
    [Theory]
    [InlineData("""{"$ref":"http://127.0.0.1:9/schema"}""", "not fetched")]
    [InlineData("""{"$ref":"other.json"}""", "not fetched")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "not there")]
    [InlineData("""{"$ref":"#none"}""", "not there")]
    [InlineData("""{"type":"text"}""", "no type")]
    [InlineData("""{"items":7}""", "object or a boolean")]
    [InlineData("""{"pattern":"("}""", "cannot be read")]
    public void Compile_OfWhatCannotBeUsed_IsRefused(string schema, string why) =>
        Should.Throw<FormatException>(() => Schema(schema)).Message.ShouldContain(why);

    // Each of these would run for ever, or until the stack ends.
    [Fact]
    public void Check_OfAnEndlessSchema_IsBounded()
    {
        Check("""{"$ref":"#"}""", "1")!.Keyword.ShouldBe("depth");
        // 2 to the power of 40 ways to look at one value.
        var defs = string.Join(
            ',',
            Enumerable
                .Range(0, 40)
                .Select(i =>
                    $$"""
                        "d{{i}}":{"anyOf":[{"$ref":"#/$defs/d{{i + 1}}"},{"$ref":"#/$defs/d{{i + 1}}"}]}
                        """
                )
                .Append("\"d40\":false")
        );
        Check($$$"""{"$ref":"#/$defs/d0","$defs":{{{{defs}}}}}""", "1")!.Keyword.ShouldBe("effort");
        // "not" turns a failure round, never the end of our patience.
        Check($$$"""{"not":{"$ref":"#/$defs/d0"},"$defs":{{{{defs}}}}}""", "1")!.Keyword.ShouldBe("effort");
    }

    [Fact]
    public void Check_OfAPatternThatBacktracks_IsBounded()
    {
        var text = JsonSerializer.Serialize(new string('a', 5000) + "!");
        Check("""{"pattern":"^(a+)+$"}""", text)!.Keyword.ShouldBe("pattern");
        // Looks ahead, so it cannot run in linear time: the clock ends it.
        Check("""{"pattern":"^(?=(a+)+$)a+$"}""", text)!.Keyword.ShouldBe("effort");
    }
}
