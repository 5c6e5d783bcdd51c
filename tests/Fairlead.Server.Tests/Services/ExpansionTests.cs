using Fairlead.Server.Services;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services;

public sealed class ExpansionTests
{
    [Theory]
    [InlineData("plain $5 and $NAME", "plain $5 and $NAME", "")]
    [InlineData("Bearer ${TOKEN}", "Bearer secret", "")]
    [InlineData("${env:TOKEN}", "secret", "")]
    [InlineData("${NONE:-fallback}", "fallback", "")]
    [InlineData("${EMPTY:-fallback}", "fallback", "")]
    [InlineData("${EMPTY}", "", "")]
    [InlineData("${env:NONE:-a:-b}", "a:-b", "")]
    [InlineData("${NONE}/${input:key}", "/", "NONE,input:key")]
    [InlineData("${FAIRLEAD_DATA}/files", "/data/files", "")]
    [InlineData("open ${TOKEN", "open ${TOKEN", "")]
    [InlineData("${TOKEN}${TOKEN}", "secretsecret", "")]
    [InlineData("${line#*id} ${id%%,*} ${#a}", "${line#*id} ${id%%,*} ${#a}", "")]
    [InlineData("${secret:its name:-none}", "none", "")]
    public void Expand_Forms_AreReplaced(string text, string expected, string missing)
    {
        var unset = new List<string>();
        Expansion
            .Expand(
                text,
                n =>
                    n switch
                    {
                        "TOKEN" => "secret",
                        "EMPTY" => "",
                        "FAIRLEAD_DATA" => "/data",
                        _ => null,
                    },
                unset
            )
            .ShouldBe(expected);
        string.Join(',', unset).ShouldBe(missing);
    }

    [Fact]
    public void Expand_ValueWithAReference_IsNotExpandedAgain() =>
        Expansion.Expand("${A}", _ => "${B}", []).ShouldBe("${B}");
}
