using System.Text;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Fairlead.Protocol.Tests;

/// <summary>Escapes are checked and replaced at their places, so that no reader stumbles over them (security.md §3).</summary>
public sealed class PlainJsonTests
{
    private static (string Text, PlainJsonFault Fault) Plain(string json)
    {
        using var plain = PlainJson.Of(Encoding.UTF8.GetBytes(json));
        return (Encoding.UTF8.GetString(plain.Bytes), plain.Fault);
    }

    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"b"}""")]
    [InlineData("""{"a":"\"\\\/\b\f\n\r\t"}""", """{"a":"xxxxxxxxxxxxxxxx"}""")]
    [InlineData("""{"a":"\u00e9é\uD83D\uDE00."}""", """{"a":"xxxxxxéxxxxxxxxxxxx."}""")]
    [InlineData("""{"\\":1,"a\\":2}""", """{"xx":1,"axx":2}""")]
    public void Of_Escapes_BecomeLettersInTheirPlaces(string json, string expected) =>
        Plain(json).ShouldBe((expected, PlainJsonFault.None));

    [Theory]
    [InlineData("""["\q"]""", PlainJsonFault.BadEscape)]
    [InlineData("""["\u12G4"]""", PlainJsonFault.BadEscape)]
    [InlineData("""["\u 123"]""", PlainJsonFault.BadEscape)]
    [InlineData("""["\u12""", PlainJsonFault.BadEscape)]
    [InlineData("\"\\", PlainJsonFault.BadEscape)]
    [InlineData("""["\uD800"]""", PlainJsonFault.LoneSurrogate)]
    [InlineData("""["\uD800\n"]""", PlainJsonFault.LoneSurrogate)]
    [InlineData("""["\uD800\uD800"]""", PlainJsonFault.LoneSurrogate)]
    [InlineData("""["\uDC00\uD800"]""", PlainJsonFault.LoneSurrogate)]
    public void Of_WrongEscape_IsFound(string json, PlainJsonFault expected) => Plain(json).Fault.ShouldBe(expected);

    /// <summary>Whatever the bytes, the edge takes exactly what a strict document takes (security.md §0.1).</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_MangledMessages_AreJudgedAsByAStrictDocument(int seed)
    {
        const int messages = 40_000;
        const string alphabet = "\\\"u{}[]:,0dD8cCx tn/\u00e9";
        var random = new Random(seed);
        var good = 0;
        for (var i = 0; i < messages; i++)
        {
            var text = new StringBuilder(
                """{"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"\n","k\u0041":[1,"\uD83D\uDE00"],"kA\\":{"\"":0}}}"""
            );
            for (var changes = random.Next(4); changes > 0; changes--)
            {
                var at = random.Next(40, text.Length);
                if (random.Next(2) == 0)
                    text[at] = alphabet[random.Next(alphabet.Length)];
                else
                    text.Insert(at, alphabet[random.Next(alphabet.Length)]);
            }
            var json = text.ToString();
            var taken = EnvelopeReader.Read(Encoding.UTF8.GetBytes(json), EnvelopeLimits.Default, out _);
            // Types of params are the edge's own matter; here it is only about JSON.
            var isJson = taken is EnvelopeFault.None or EnvelopeFault.BadParams;
            isJson.ShouldBe(IsStrictJson(json), $"{json} {taken}");
            good += isJson ? 1 : 0;
        }
        good.ShouldBeInRange(messages / 10, messages * 9 / 10);
    }

    private static bool IsStrictJson(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(
                json,
                new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 }
            );
            return HasRealText(document.RootElement);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool HasRealText(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.Object => element.EnumerateObject().All(m => m.Name.Length >= 0 && HasRealText(m.Value)),
                JsonValueKind.Array => element.EnumerateArray().All(HasRealText),
                JsonValueKind.String => element.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
