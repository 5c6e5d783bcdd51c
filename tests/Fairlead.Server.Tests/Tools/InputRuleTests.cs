#pragma warning disable VSTHRD200 // The name of a tool is that of its method.
using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tools;
using Fairlead.Testing;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Protection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>Rules an author puts on what a tool takes (P-86…P-88, C-35).</summary>
public sealed class InputRuleTests
{
    /// <summary>A user as a form has it.</summary>
    /// <param name="Name">Who.</param>
    /// <param name="Address">Where mail goes.</param>
    /// <param name="Age">In years; need not be said.</param>
    public sealed record Person(
        [property: UserName] string Name,
        [property: Email] string Address,
        [property: Range(0, 150)] int? Age = null
    );

    /// <summary>What is looked for.</summary>
    public sealed record Filter([property: SqlSensitive] string Where, string Note = "");

    private sealed class Forms
    {
        [FairleadTool(Name = "user")]
        public static string User(
            [UserName] string name,
            [Range(0, 150)] int? age = null,
            [Email] string? mail = null
        ) => $"{name} {age} {mail}";

        [FairleadTool(Name = "person")]
        public static string Of(Person person) => person.Name;

        [FairleadTool(Name = "file")]
        public static string File([FileName, StringLength(255)] string name) => name;

        [FairleadTool(Name = "query")]
        public static string Query(
            [SqlSensitive] string filter,
            string note = "",
            [SqlSensitive] string[]? more = null
        ) => $"{filter}{note}{more?.Length}";

        [FairleadTool(Name = "search")]
        public static string Search(Filter filter) => filter.Where;
    }

    private static NativeTool Tool(string name) => NativeTool.Of(new Forms()).Single(t => t.Name == name);

    private static async Task<(bool IsError, string Text)> RunAsync(NativeTool tool, object arguments)
    {
        var run = await tool.RunAsync(
            JsonSerializer.SerializeToUtf8Bytes(arguments),
            new CallContext(EmptyProvider.Instance)
        );
        var json = JsonElement.Parse(run.Json.Span);
        return (
            json.TryGetProperty("isError", out var error) && error.GetBoolean(),
            json.GetProperty("content")[0].GetProperty("text").GetString()!
        );
    }

    private static async Task CheckAsync(NativeTool tool, object arguments, bool fits, string parameter)
    {
        var (isError, text) = await RunAsync(tool, arguments);
        isError.ShouldBe(!fits, text);
        if (!fits)
            text.ShouldStartWith($"The parameter '{parameter}");
    }

    [Theory] // P-86: boundaries 2/3/50/51
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(50, true)]
    [InlineData(51, false)]
    public async Task UserName_OfALength_IsTakenOrNot(int length, bool fits)
    {
        var name = new string('a', length);
        await CheckAsync(Tool("user"), new { name }, fits, "name'");
        await CheckAsync(Tool("person"), new { person = new { name, address = "a@b.de" } }, fits, "person.name'");
    }

    [Theory] // P-86
    [InlineData("Ann_42", true)]
    [InlineData("___", true)]
    [InlineData("an n", false)]
    [InlineData("ann-42", false)]
    [InlineData("änn", false)]
    [InlineData("ann\n", false)]
    [InlineData("٣٣٣", false)]
    public async Task UserName_OfCharacters_IsTakenOrNot(string name, bool fits) =>
        await CheckAsync(Tool("user"), new { name }, fits, "name'");

    [Theory] // P-86: boundaries -1/0/150/151; it need not be said
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(150, true)]
    [InlineData(151, false)]
    [InlineData(null, true)]
    public async Task Age_AtItsBounds_IsTakenOrNot(int? age, bool fits)
    {
        await CheckAsync(Tool("user"), new { name = "ann", age }, fits, "age'");
        var person = new
        {
            name = "ann",
            address = "a@b.de",
            age,
        };
        await CheckAsync(Tool("person"), new { person }, fits, "person.age'");
    }

    [Theory] // P-86
    [InlineData("alice@example.org", true)]
    [InlineData("a.b+c%d_e-f@mail.example.co", true)]
    [InlineData("alice", false)]
    [InlineData("alice@", false)]
    [InlineData("@example.org", false)]
    [InlineData("alice@example", false)]
    [InlineData("alice@example.o", false)]
    [InlineData("alice@exa mple.org", false)]
    [InlineData("alice@example..org", false)]
    [InlineData("alice@example.org\n", false)]
    [InlineData("alice@example.org,bob@example.org", false)]
    public async Task Email_OfAForm_IsTakenOrNot(string mail, bool fits) =>
        await CheckAsync(Tool("user"), new { name = "ann", mail }, fits, "mail'");

    [Fact] // P-86: what is checked is told beforehand
    public void Rules_OfATool_AreInItsSchema()
    {
        var properties = JsonElement
            .Parse(Tool("user").Definition.Span)
            .GetProperty("inputSchema")
            .GetProperty("properties");
        properties.GetProperty("name").GetProperty("pattern").GetString().ShouldBe("^[A-Za-z0-9_]{3,50}$");
        properties.GetProperty("age").GetProperty("maximum").GetInt32().ShouldBe(150);
        JsonElement
            .Parse(Tool("person").Definition.Span)
            .GetRawText()
            .ShouldContain("{3,50}", Case.Sensitive, "also inside a record");
    }

    [Theory] // P-88
    [InlineData("report.pdf", true)]
    [InlineData("Report_2026-07.tar.gz", true)]
    [InlineData(".profile", true)]
    [InlineData("a.", true)]
    [InlineData("..", false)]
    [InlineData(".", false)]
    [InlineData("", false)]
    [InlineData("a..b", false)]
    [InlineData("..a", false)]
    [InlineData("a..", false)]
    [InlineData("../etc/passwd", false)]
    [InlineData("..\\windows", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("a/b", false)]
    [InlineData("a\\b", false)]
    [InlineData("....//a", false)]
    [InlineData("%2e%2e%2fa", false)]
    [InlineData("..%c0%afa", false)]
    [InlineData("C:a", false)]
    [InlineData("a:stream", false)]
    [InlineData("a\0.txt", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("~", false)]
    [InlineData("．．", false)]
    [InlineData("a∕b", false)]
    public async Task FileName_OfTheCorpus_IsTakenOrNot(string name, bool fits) =>
        await CheckAsync(Tool("file"), new { name }, fits, "name'");

    [Fact] // P-88: a hostile name takes no time
    public async Task FileName_Long_IsRefusedAtOnce()
    {
        await CheckAsync(Tool("file"), new { name = new string('a', 256) }, false, "name'");
        var tool = NativeTool.Of(new Unbounded()).Single();
        await CheckAsync(tool, new { name = string.Concat(Enumerable.Repeat("a.", 100_000)) + "/" }, false, "name'");
    }

    private sealed class Unbounded
    {
        [FairleadTool]
        public static string Name([FileName] string name) => name;
    }

    [Theory] // P-87: each token, on what is flagged only
    [InlineData("x'; DROP TABLE users", ";")]
    [InlineData("drop table users", "drop")]
    [InlineData("a DELETE b", "DELETE")]
    [InlineData("Update", "Update")]
    [InlineData("1 insert", "insert")]
    [InlineData("exec sp", "exec")]
    [InlineData("1 UNION SELECT", "UNION")]
    [InlineData("(union)", "union")]
    [InlineData("x -- y", "--")]
    [InlineData("x /* y", "/*")]
    [InlineData("x */ y", "*/")]
    [InlineData("a;b", ";")]
    public async Task Sql_InAFlaggedArgument_IsRefused(string text, string found)
    {
        SqlScreen.Find(text).ShouldBe(found);
        await RefusedAsync("query", new { filter = text }, "filter");
        await RefusedAsync("query", new { filter = "", more = new[] { "fine", text } }, "more[1]");
        await RefusedAsync("search", new { filter = new { where = text } }, "filter.where");
        // C-35: what nobody flagged says what it likes.
        (await RunAsync(Tool("query"), new { filter = "", note = text })).ShouldBe((false, text));
        (await RunAsync(Tool("search"), new { filter = new { where = "w", note = text } })).ShouldBe((false, "w"));

        async Task RefusedAsync(string tool, object arguments, string parameter) =>
            (await RunAsync(Tool(tool), arguments)).ShouldBe(
                (true, $"The parameter '{parameter}' must not hold '{found}': it is screened for SQL.")
            );
    }

    [Theory] // P-87: words only
    [InlineData("updated backdrop, reunion, executive")]
    [InlineData("SELECT name - 1")]
    [InlineData("a/b * c")]
    [InlineData("")]
    public async Task Text_WithoutSql_Passes(string text)
    {
        SqlScreen.Find(text).ShouldBeNull();
        (await RunAsync(Tool("query"), new { filter = text })).ShouldBe((false, text));
    }

    [Theory] // C-35: the operator decides
    [InlineData("Block", true)]
    [InlineData("Log", false)]
    public async Task Screen_ByItsSetting_BlocksOrLogs(string decision, bool refused)
    {
        var logs = new LogLines();
        var tool = Tool("query");
        tool.Sql = new SqlGuard(
            new ToolsOptions { SqlScreen = Enum.Parse<SqlDecision>(decision) },
            new Logger<SqlGuard>(LoggerFactory.Create(b => b.AddProvider(logs)))
        );
        (await RunAsync(tool, new { filter = "canary; DROP" })).IsError.ShouldBe(refused);
        if (refused)
            logs.All.ShouldBeEmpty();
        else
            logs.All.ShouldHaveSingleItem().ShouldBe("Warning: Tool query was given SQL in filter: ;");
    }

    [Fact] // C-35: the setting reaches the tools of a gateway
    public async Task Setting_OfTheScreen_ReachesTheTools()
    {
        await using var host = await AdminHost.StartWholeAsync(("Tools:SqlScreen", "Log"));
        var tool = host.Get<NativeTools>().All[0];
        tool.Sql.Mistake("t", JsonElement.Parse("""{"a":";"}"""), FrozenSet.Create("a")).ShouldBeNull();
        tool.Sql.ShouldNotBeSameAs(SqlGuard.Default);
        SqlGuard.Default.Mistake("t", JsonElement.Parse("""{"a":";"}"""), FrozenSet.Create("a")).ShouldNotBeNull();
    }

    [Theory] // P-87
    [InlineData("O'Neil; \"x\" \\ y", "ONeil x  y")]
    [InlineData("plain", "plain")]
    public void Strip_TakesTheMarksAway(string text, string expected) => SqlScreen.Strip(text).ShouldBe(expected);
}
