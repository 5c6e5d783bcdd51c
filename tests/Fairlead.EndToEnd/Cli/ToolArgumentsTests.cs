using System.Text.Json;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>Arguments of the command line are of the types the tool's schema says, wherever it says them .</summary>
public sealed class ToolArgumentsTests
{
    private static readonly JsonElement Schema = JsonElement.Parse(
        """
        {
          "properties": {
            "id": { "$ref": "#/$defs/Snowflake" },
            "maybe": { "anyOf": [{ "oneOf": [{ "$ref": "#/$defs/Snowflake" }] }, { "type": "null" }] },
            "count": { "allOf": [{ "type": "integer" }] },
            "self": { "$ref": "#/$defs/Self" },
            "gone": { "$ref": "#/$defs/Nowhere" }
          },
          "$defs": { "Snowflake": { "type": "string" }, "Self": { "$ref": "#/$defs/Self" } }
        }
        """
    );

    [Theory]
    [InlineData("id=123", "\"123\"")]
    [InlineData("maybe=123", "\"123\"")]
    [InlineData("maybe=null", "null")]
    [InlineData("count=7", "7")]
    [InlineData("self=7", "7")]
    [InlineData("gone=x", "\"x\"")]
    public void Value_OfATypeNamedElsewhere_IsOfThatType(string pair, string json) =>
        ToolArguments.Build([pair], Schema).EnumerateObject().Single().Value.GetRawText().ShouldBe(json);

    [Fact]
    public void Value_ThatDoesNotFit_IsRefused() =>
        Should.Throw<CliFailure>(() => ToolArguments.Build(["count=x"], Schema)).Message.ShouldContain("integer");
}
