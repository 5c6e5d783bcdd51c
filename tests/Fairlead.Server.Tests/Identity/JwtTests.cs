using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Identity;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Identity;

public sealed class JwtTests
{
    // RFC 7515 appendix A.1.
    private const string RfcToken =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    private static readonly byte[] RfcKey = Base64Url.DecodeFromChars(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    );

    [Fact]
    public void Token_OfTheRfc_Verifies()
    {
        Jwt.TryVerify(RfcToken, RfcKey, out JsonDocument? payload).ShouldBeTrue();
        using (payload)
        {
            payload!.RootElement.GetProperty("iss").GetString().ShouldBe("joe");
            payload.RootElement.GetProperty("exp").GetInt64().ShouldBe(1300819380);
        }
    }

    [Fact]
    public void Token_WithAnyCharacterChanged_IsRefused() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(
                Gen.Choose(0, RfcToken.Length - 1).ToArbitrary(),
                Gen.Elements("ABkx09_-.=+/ ".ToCharArray()).ToArbitrary(),
                static (at, with) =>
                {
                    string changed = RfcToken[..at] + with + RfcToken[(at + 1)..];
                    Jwt.TryVerify(changed, RfcKey, out _).ShouldBe(changed == RfcToken);
                }
            )
        );

    [Theory]
    [InlineData("""{"alg":"none"}""")]
    [InlineData("""{"alg":"HS384"}""")]
    [InlineData("""{"alg":"RS256"}""")]
    [InlineData("""{"alg":"hs256"}""")]
    [InlineData("""{"alg":null}""")]
    [InlineData("""{"typ":"JWT"}""")]
    [InlineData("""{"alg":"HS256","alg":"HS256"}""")]
    [InlineData("""{"alg":"HS256","crit":["exp"]}""")]
    [InlineData("""{"alg":"HS256","crit":[]}""")]
    [InlineData("""{"alg":"HS256","typ":"at+jwt"}""")]
    [InlineData("""["HS256"]""")]
    [InlineData("not json")]
    public void Header_OtherThanOurs_IsRefusedThoughTheSignatureFits(string header) =>
        Jwt.TryVerify(Forge(header, """{"user_id":"x"}"""), RfcKey, out _).ShouldBeFalse();

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{")]
    public void Payload_NotOneCleanObject_IsRefused(string payload) =>
        Jwt.TryVerify(Forge("""{"alg":"HS256"}""", payload), RfcKey, out _).ShouldBeFalse();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b.c.d")]
    [InlineData("eyJhbGciOiJub25lIn0.e30.")]
    public void Text_NotAToken_IsRefused(string text) => Jwt.TryVerify(text, RfcKey, out _).ShouldBeFalse();

    [Fact]
    public void Text_ThatIsTooLong_IsRefusedUnread() =>
        Jwt.TryVerify(Forge("""{"alg":"HS256"}""", $$"""{"a":"{{new string('x', 4096)}}"}"""), RfcKey, out _)
            .ShouldBeFalse();

    private static string Forge(string header, string payload)
    {
        string text =
            $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        return $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(RfcKey, Encoding.UTF8.GetBytes(text)))}";
    }
}
