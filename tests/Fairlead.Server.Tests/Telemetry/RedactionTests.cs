using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Telemetry.Redact;
using Fairlead.Toolkit.Protection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

/// <summary>Masked bodies (A-60, P-81…P-85, C-37).</summary>
public sealed class RedactionTests
{
    private static string Mask(string json, int max = Redaction.DefaultLimit) =>
        Encoding.UTF8.GetString(Redaction.Mask(Encoding.UTF8.GetBytes(json), max));

    [Theory]
    [InlineData("""{"a":[1,-2.5e3,true,false,null,"x\n\"\\é"],"b":{},"c":[]}""")]
    [InlineData("""{"timestamp":1732166400000,"max_tokens":100,"note":"a short text, 12345 items"}""")]
    [InlineData("\"text\"")]
    [InlineData("7")]
    [InlineData("""{"progressToken":17}""")]
    public void Body_WithoutSecrets_IsKeptAsItIs(string json) => Mask(json).ShouldBe(json);

    [Theory]
    [InlineData("""{"password":"hunter2"}""", """{"password":"****"}""")]
    [InlineData("""{"Db-Password":123456}""", """{"Db-Password":"****"}""")]
    [InlineData("""{"X-API-Key":{"a":["b"]},"z":1}""", """{"X-API-Key":"****","z":1}""")]
    [InlineData("""{"clientSecret":["a","b"],"z":[1]}""", """{"clientSecret":"****","z":[1]}""")]
    [InlineData("""{"pass\u0077ord":"hunter2"}""", """{"password":"****"}""")]
    [InlineData("""{"access_token":null,"apiKey":true}""", """{"access_token":null,"apiKey":true}""")]
    [InlineData("""{"密码":"hunter2"}""", """{"密码":"****"}""")]
    [InlineData("""{"phone":13812348888,"id":13812348888}""", """{"phone":"138****8888","id":13812348888}""")]
    [InlineData("""{"mcp_key_abcdef":1}""", """{"mcp_key_****":1}""")]
    public void Value_OfASecretKey_IsMasked(string json, string expected) => Mask(json).ShouldBe(expected);

    [Theory]
    [InlineData("Authorization: Basic dXNlcjpw", "Authorization: ****")]
    [InlineData("sent bearer abc.def to x", "sent bearer **** to x")]
    [InlineData("key mcp_key_a-b_c9 here", "key mcp_key_**** here")]
    [InlineData("is eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl ok", "is **** ok")]
    [InlineData("ghp_0123456789abcdef", "ghp_****")]
    [InlineData("GET /x?token=abc&y=2", "GET /x?token=****&y=2")]
    [InlineData("postgres://app:s3cret@db:5432/x", "postgres://****@db:5432/x")]
    [InlineData("mail alice@x.com, al@x.com", "mail a***e@x.com, **@x.com")]
    [InlineData("mail alice@163.com, alice@10.0.0.1", "mail a***e@163.com, a***e@10.0.0.1")]
    [InlineData("npx -y @scope/server-memory@2026.8.31", "npx -y @scope/server-memory@2026.8.31")]
    [InlineData("pkg@1.2.3-beta.1 tool@3 tool@latest", "pkg@1.2.3-beta.1 tool@3 tool@latest")]
    [InlineData("alice@latest.com, alice@3-point.com", "a***e@latest.com, a***e@3-point.com")]
    [InlineData("call 13812348888 now", "call 138****8888 now")]
    [InlineData("tel13812348888", "tel138****8888")]
    [InlineData("+49 (30) 1234-56", "+**********")]
    [InlineData("+49 1234", "+49 1234")]
    [InlineData("+49 (30) 1234-56789", "+493****6789")]
    [InlineData("id 110101199003071234 or 11010119900307123X", "id 110101********1234 or 110101********123X")]
    [InlineData("card 6222021234567890", "card ************7890")]
    [InlineData("at 2026-03-10T12:00:00Z, 1234567890 bytes", "at 2026-03-10T12:00:00Z, 1234567890 bytes")]
    [InlineData("mailbox @home and a@ b", "mailbox @home and a@ b")]
    [InlineData("Unexpected token '<' at 3", "Unexpected token '<' at 3")]
    [InlineData("", "")]
    public void Text_WithASecret_IsMasked(string text, string expected)
    {
        TextMask.Apply(text).ShouldBe(expected);
        var inJson = Mask(JsonSerializer.Serialize(new { text }));
        JsonDocument.Parse(inJson).RootElement.GetProperty("text").GetString().ShouldBe(expected);
    }

    [Fact]
    public void Json_InsideAString_IsMasked()
    {
        var inner = JsonSerializer.Serialize(new { password = "a\"canary\"b", user = "u" });
        var twice = JsonSerializer.Serialize(new { text = inner });
        var outer = Mask(JsonSerializer.Serialize(new { content = new[] { new { text = twice } } }));
        outer.ShouldNotContain("canary");
        outer.ShouldContain("user");
        TextMask.Apply(twice)!.ShouldNotContain("canary");
        TextMask.Apply("""{\"password\":\"a\\\"canary\",\"x\":1}""").ShouldBe("""{\"password\":\"****\",\"x\":1}""");
        TextMask.Apply("""{"password":"a\\","x":1}""").ShouldBe("""{"password":"****","x":1}""");
        TextMask.Apply("""\nBearer canary \u0022Bearer canary \nmcp_key_canary""")!.ShouldNotContain("canary");
    }

    [Fact]
    public void Text_OfAStore_HasNoCharactersItRefuses() => TextMask.Apply("a\0b\ud800c").ShouldBe("a\uFFFDb\uFFFDc");

    [Theory]
    [InlineData("alice@x.com", "a***e@x.com")] // P-81
    [InlineData("al@x.com", "**@x.com")]
    [InlineData("alice", "*****")] // C-37
    public void Email_IsMasked(string value, string expected) => PersonalData.Email(value).ShouldBe(expected);

    [Fact] // P-82, P-83, P-84, C-37
    public void PersonalData_IsMasked_AndShortValuesWhole()
    {
        PersonalData.Phone("13812348888").ShouldBe("138****8888");
        PersonalData.Phone("1381234888").ShouldBe("**********");
        PersonalData.IdCard("110101199003071234").ShouldBe("110101********1234");
        PersonalData.IdCard("11010119900307123").ShouldBe(new string('*', 17));
        PersonalData.BankCard("6222021234567890").ShouldBe("************7890");
        PersonalData.BankCard("622202123456789").ShouldBe(new string('*', 15));
        PersonalData.Password("hunter2").ShouldBe("*******");
    }

    [Theory]
    [InlineData("not json at all, password=hunter2")]
    [InlineData("{\"password\":\"hunter2\"")]
    [InlineData("{\"a\":\"\xff hunter")]
    public void Body_ThatIsNotJson_BecomesAMaskedString(string body)
    {
        var masked = Mask(body);
        JsonDocument.Parse(masked).RootElement.ValueKind.ShouldBe(JsonValueKind.String);
        masked.ShouldNotContain("hunter2");
    }

    [Fact]
    public void Body_Empty_IsNull() => Mask("").ShouldBe("\"\"");

    [Theory]
    [InlineData("""{"a":"LONG"}""")]
    [InlineData("""["LONG",1]""")]
    [InlineData("""{"a":[{"b":"LONG"}],"c":1}""")]
    [InlineData("\"LONG\"")]
    public void Body_TooLong_IsCutBetweenCharactersAndMarked(string shape)
    {
        for (var shift = 0; shift < 8; shift++)
        {
            var json = shape.Replace(
                "LONG",
                new string('x', shift) + string.Concat(Enumerable.Repeat("é€\\n😀", 2000)),
                StringComparison.Ordinal
            );
            var masked = Redaction.Mask(Encoding.UTF8.GetBytes(json));
            masked.Length.ShouldBeInRange(4060, 4096);
            var text = new UTF8Encoding(false, true).GetString(masked);
            text.ShouldContain("…");
            JsonDocument.Parse(text);
        }
    }

    [Fact]
    public void Body_Deep_IsKeptValid()
    {
        Mask(new string('[', 64) + new string(']', 64)).ShouldBe(new string('[', 64) + new string(']', 64));
        JsonDocument.Parse(Mask(new string('[', 70) + new string(']', 70)));
    }

    [Theory]
    [InlineData("@")]
    [InlineData("a@")]
    [InlineData("a:")]
    [InlineData("//:a@")]
    [InlineData("+1 ")]
    [InlineData("+(")]
    [InlineData("eyJ.")]
    [InlineData("bearer ")]
    [InlineData("token=")]
    [InlineData("\\\"")]
    [InlineData("token\\")]
    [InlineData("1a")]
    [InlineData("'token':'")]
    public void Text_MadeToBeSlow_TakesTimeOfItsLength(string unit)
    {
        // A pass over these 4 MB takes some 50 ms; a quadratic one would take hours.
        var text = string.Concat(Enumerable.Repeat(unit, 4_000_000 / unit.Length));
        var watch = Stopwatch.StartNew();
        TextMask.Apply(text);
        Mask(JsonSerializer.Serialize(text));
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
    }
}
