using System.Text;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Fairlead.Protocol.Tests;

public sealed class JsonScanTests
{
    private static string? Find(string json, string key)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var found = JsonScan.Find(bytes, Encoding.UTF8.GetBytes(key));
        return found.Present ? Encoding.UTF8.GetString(found.Of(bytes)) : null;
    }

    [Theory]
    [InlineData("""{"a":1}""", "a", "1")]
    [InlineData(""" { "a" : -1.5e3 , "b" : true } """, "a", "-1.5e3")]
    [InlineData(""" { "a" : -1.5e3 , "b" : true } """, "b", "true")]
    [InlineData("""{"x":{"a":1,"y":[{"a":"}]"}]},"a":"2"}""", "a", "\"2\"")]
    [InlineData("""{"x":["\"a\":3,{[","\\"],"a":{"b":[]}}""", "a", """{"b":[]}""")]
    [InlineData("""{"x":"\\\"","a":[1,[2],{"c":"]"}]}""", "a", """[1,[2],{"c":"]"}]""")]
    [InlineData("""{"\u0061":null}""", "a", "null")]
    [InlineData("""{"b":1}""", "a", null)]
    [InlineData("{}", "a", null)]
    [InlineData(" { } ", "a", null)]
    [InlineData("""["a",1]""", "a", null)]
    [InlineData("\"a\"", "a", null)]
    [InlineData("", "a", null)]
    public void Find_Member_IsTheValueOfTheOuterObject(string json, string key, string? expected) =>
        Find(json, key).ShouldBe(expected);

    [Fact]
    public void Find_AnyMemberOfAnyDocument_IsWhatADocumentFinds()
    {
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var json = Object(random, depth: 4);
            using var document = JsonDocument.Parse(json);
            foreach (var member in document.RootElement.EnumerateObject())
                Find(json, member.Name).ShouldBe(member.Value.GetRawText(), json);
            Find(json, "missing").ShouldBeNull();
        }
    }

    private static string Object(Random random, int depth) =>
        $"{{{Space(random)}{string.Join(',', Enumerable.Range(0, random.Next(5)).Select(i => $"{Space(random)}\"k{i}\\n\"{Space(random)}:{Space(random)}{Value(random, depth)}{Space(random)}"))}}}";

    private static string Value(Random random, int depth) =>
        random.Next(depth > 0 ? 7 : 5) switch
        {
            0 => "12",
            1 => "null",
            2 => """
                "a\"}]{[,"
                """,
            3 => "\"\\\\\"",
            4 => "\"\"",
            5 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth - 1)))}]",
            _ => Object(random, depth - 1),
        };

    private static string Space(Random random) => random.Next(3) == 0 ? " \n" : "";
}
