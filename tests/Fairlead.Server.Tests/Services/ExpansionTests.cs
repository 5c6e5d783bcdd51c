using Fairlead.Server.Services;
using Fairlead.Server.Services.Supervision;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services;

public sealed class ExpansionTests
{
    [Theory]
    [InlineData("FAIRLEAD__Storage__Connection")]
    [InlineData("FAIRLEAD_MASTER_KEY_FILE")]
    [InlineData("FAIRLEAD_ADMIN_PASSWORD")]
    [InlineData("FAIRLEAD_DEFAULT_KEY")]
    public void Variable_OfTheGatewayItself_IsNotForServices(string name)
    {
        Expansion.Variable(name, _ => "canary").ShouldBeNull();
        Expansion.Variable("API_KEY", _ => "value").ShouldBe("value");
    }

    [Fact]
    public void Masked_KeysOfSeveralLines_AreHiddenLineByLineAndTheLongestFirst()
    {
        var hidden = ServiceConnector.Masked([
            "-----BEGIN-----\r\ncanary-line-1\ncanary-line-2\n",
            "canary-line",
            "short",
        ]);
        ServiceConnector.Redact("at canary-line-2: canary-line, short", hidden).ShouldBe("at ***: ***, short");
    }

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
