using Fairlead.Server.Gateway.Finding;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>Search by words over names, titles and descriptions, in Chinese and English .</summary>
public sealed class ToolIndexTests
{
    private static readonly (string Name, string Title, string Description)[] Tools =
    [
        ("read_file", "", "Reads a file from disk."),
        ("listDirectories", "", "Lists what is in a folder."),
        ("query_weather", "", "查询一个城市的天气预报。"),
        ("book", "Book an appointment", "预约一次治疗，可以选择医生。"),
        ("send_mail", "", "Sends a mail about a file to somebody."),
        ("HTTPRequest2", "", "Asks a server for a page."),
    ];

    private static string Find(string query) =>
        string.Join(" ", new ToolIndex(Tools).Find(query).Select(i => Tools[i].Name));

    [Theory]
    [InlineData("read", "read_file")]
    [InlineData("file", "read_file send_mail")] // in a name it counts more
    [InlineData("FILES", "read_file send_mail")]
    [InlineData("directory", "listDirectories")] // camelCase, plural
    [InlineData("dir", "listDirectories")] // the beginning of a word
    [InlineData("appointment", "book")] // a title
    [InlineData("天气", "query_weather")]
    [InlineData("帮我查询天气", "query_weather")]
    [InlineData("医生预约", "book")]
    [InlineData("ｍａｉｌ", "send_mail")] // full-width letters
    [InlineData("http request", "HTTPRequest2")]
    [InlineData("mail file", "send_mail read_file")] // all words before one of them
    [InlineData("send_mail", "send_mail")]
    [InlineData("nothing-like-it", "")]
    [InlineData("...", "")]
    [InlineData("气天", "")] // signs in another order are another word
    public void Find_ByWords_GivesTheBestFirst(string query, string names) => Find(query).ShouldBe(names);

    [Fact]
    public void Find_WithoutWords_GivesAllInTheirOrder() =>
        Find(" ").ShouldBe(string.Join(" ", Tools.Select(t => t.Name)));

    [Fact]
    public void Find_ByAnExactName_IsFirst()
    {
        (string, string, string)[] tools =
        [
            ("get_all", "", "get get"),
            ("get_it_all", "", "get all"),
            ("get", "", "x"),
        ];
        new ToolIndex(tools).Find("get")[0].ShouldBe(2);
    }

    [Fact]
    public void Words_OfRareSigns_StayWhole() => SearchWords.OfText("𠮷野家").ShouldContain("𠮷野");
}
