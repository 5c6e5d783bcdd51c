using Fairlead.Protocol.Http;
using Shouldly;
using Xunit;

namespace Fairlead.Protocol.Tests;

/// <summary>R17, R18; the examples are those of the specification's table.</summary>
public sealed class HeaderTextTests
{
    [Theory]
    [InlineData("us-west1", "us-west1")]
    [InlineData("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?=")]
    [InlineData(" padded ", "=?base64?IHBhZGRlZCA=?=")]
    [InlineData("line1\nline2", "=?base64?bGluZTEKbGluZTI=?=")]
    [InlineData("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=")]
    public void Encode_SpecExamples_RoundTrip(string text, string header)
    {
        HeaderText.Encode(text).ShouldBe(header);
        HeaderText.TryDecode(header, out var back).ShouldBeTrue();
        back.ShouldBe(text);
    }

    [Theory]
    [InlineData("=?base64?%%%?=")]
    [InlineData("=?base64?/w==?=")]
    [InlineData("caf\u00e9")]
    [InlineData("a\u0001")]
    public void TryDecode_Malformed_IsRefused(string header) => HeaderText.TryDecode(header, out _).ShouldBeFalse();

    [Fact]
    public void TryDecode_UpperCaseSentinel_IsPlainText()
    {
        HeaderText.TryDecode("=?BASE64?SGk=?=", out var text).ShouldBeTrue();
        text.ShouldBe("=?BASE64?SGk=?=");
    }
}
