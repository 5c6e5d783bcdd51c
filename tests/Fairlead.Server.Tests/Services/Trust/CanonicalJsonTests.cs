using System.Text;
using Fairlead.Server.Services.Trust;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Trust;

/// <summary>The form hashes are taken of (security.md section 4.1, RFC 8785).</summary>
public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{ "b" : 1, "a" : [ true , null ] }""", """{"a":[true,null],"b":1}""")]
    [InlineData("""{"é":1,"z":2,"€":3,"\r":4}""", """{"\r":4,"z":2,"é":1,"€":3}""")]
    [InlineData("""{"a":{"y":1,"x":2}}""", """{"a":{"x":2,"y":1}}""")]
    [InlineData("""["\u0061\/"]""", """["a/"]""")]
    public void Write_AnyForm_IsTheCanonicalOne(string json, string canonical) => Of(json).ShouldBe(canonical);

    // RFC 8785 appendix B and section 3.2.2.3.
    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0")]
    [InlineData("1.0", "1")]
    [InlineData("1e2", "100")]
    [InlineData("1E30", "1e+30")]
    [InlineData("4.50", "4.5")]
    [InlineData("2e-3", "0.002")]
    [InlineData("0.000000000000000000000000001", "1e-27")]
    [InlineData("0.000001", "0.000001")]
    [InlineData("0.0000001", "1e-7")]
    [InlineData("333333333.33333329", "333333333.3333333")]
    [InlineData("1e21", "1e+21")]
    [InlineData("123456789012345680000", "123456789012345680000")]
    [InlineData("5e-324", "5e-324")]
    [InlineData("-1.7976931348623157e308", "-1.7976931348623157e+308")]
    [InlineData("9007199254740993", "9007199254740993")] // no double holds it: two numbers are never one
    [InlineData("1e400", "1e400")]
    public void Write_Number_IsAsEcmaScriptWritesIt(string number, string canonical) => Of(number).ShouldBe(canonical);

    // Vectors of Python's unicodedata (Unicode 14).
    [Theory]
    [InlineData("e\u0301", "é")]
    [InlineData("\u2126", "Ω")]
    [InlineData("\u1100\u1161\u11a8", "각")]
    [InlineData("\uac00\u11a8", "각")]
    [InlineData("a\u0323\u0307", "ạ\u0307")]
    [InlineData("a\u0307\u0323", "ạ\u0307")]
    [InlineData("s\u0323\u0307", "ṩ")]
    [InlineData("s\u0307\u0323", "ṩ")]
    [InlineData("\u0915\u093c", "\u0915\u093c")] // excluded from composition
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("\ufb1d", "\u05d9\u05b4")]
    [InlineData("a\u0315\u0300\u05ae\u0301", "à\u05ae\u0301\u0315")]
    [InlineData("\ud834\udd5e", "\ud834\udd57\ud834\udd65")]
    [InlineData("𝒳 plain", "𝒳 plain")]
    public void Text_OfAnyForm_IsComposed(string text, string composed) => ComposedText.Of(text).ShouldBe(composed);

    [Fact]
    public void Write_LoneSurrogateAndDoubleKey_KeepsBothApart()
    {
        Of("""{"a":"\ud800"}""").ShouldNotBe(Of("""{"a":"\ud801"}"""));
        Of("""{"a":1,"a":2}""").ShouldNotBe(Of("""{"a":2}"""));
    }

    private static string Of(string json) => Encoding.UTF8.GetString(CanonicalJson.Write(Encoding.UTF8.GetBytes(json)));
}
