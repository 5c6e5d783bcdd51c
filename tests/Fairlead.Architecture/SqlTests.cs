using Fairlead.Architecture.Rules;
using Shouldly;
using Xunit;

namespace Fairlead.Architecture;

/// <summary>Parameters are what keeps data out of SQL; the screen of arguments is a second net (P-87).</summary>
public sealed class SqlTests
{
    private static readonly Dictionary<string, string> Harmless = new()
    {
        ["version"] = "a number of the loop over the scripts",
        ["time.GetUtcNow()"] = "a date",
        ["Columns"] = "a constant",
        ["HeadColumns"] = "a constant",
        ["CallLogSql.Columns"] = "a constant",
        ["Channel"] = "a constant: the channel of notices",
        ["string.Join"] = "of conditions that are literals",
        ["where"] = "conditions made of literals, values are parameters",
        ["which"] = "a literal of the callers in the same file",
        ["Partition(day)"] = "a name and a date",
        ["CallLogIds.Text(day)"] = "a date",
        ["CallLogIds.Floor(day)"] = "a number",
        ["CallLogIds.Ceiling(day)"] = "a number",
        ["name"] = "of the list of indexes",
        ["on"] = "of the list of indexes",
        ["(filter.AfterId is null ? \"DESC\" : \"ASC\")"] = "one of two literals",
    };

    private static readonly Dictionary<string, int> Silenced = new()
    {
        ["src/Fairlead.Server/Storage/StoreSchema.cs"] = 1,
        ["src/Fairlead.Server/Storage/FirstStartMark.cs"] = 1,
        ["src/Fairlead.Server/State/StateRows.cs"] = 1,
        ["src/Fairlead.Server/Telemetry/AuditStore.cs"] = 1,
        ["src/Fairlead.Server/Telemetry/Calls/CallLogSql.cs"] = 1,
        ["src/Fairlead.Server/Telemetry/Calls/PostgresCallLogStore.cs"] = 1,
        ["src/Fairlead.Server/Telemetry/Calls/SqliteCallLogStore.cs"] = 1,
        ["src/Fairlead/Doctor/StoreView.cs"] = 1,
    };

    [Fact] // P-87
    public void Sql_OfTheTree_IsMadeOfNoData() =>
        SqlTexts.Check(Repository.Files("src", ".cs"), Harmless, Silenced).ShouldBeEmpty();

    [Fact]
    public void Files_OfTheList_StillNeedTheirPlace() =>
        Silenced.ShouldAllBe(file =>
            File.ReadAllText(Path.Combine(Repository.Root, file.Key))
                .Contains("disable CA2100", StringComparison.Ordinal)
        );

    // P-87: the analyzers that find the rest are errors of the build.
    [Theory]
    [InlineData("CA2100")]
    [InlineData("EF1002")]
    [InlineData("EF1003")]
    public void Analyzer_OfSql_IsAnError(string rule)
    {
        File.ReadAllText(Path.Combine(Repository.Root, ".editorconfig"))
            .ShouldContain($"dotnet_diagnostic.{rule}.severity = error");
        foreach (var file in Repository.Files(".", ".csproj").Concat(Repository.Files(".", ".props")))
            file.Text.ShouldNotContain(rule);
    }

    [Theory]
    [InlineData("var s = $\"SELECT * FROM users WHERE name = '{input}'\";", "input is put into SQL")]
    [InlineData("var s = $\"\"\"\nSELECT 1\nWHERE id = {id}\n\"\"\";", "id is put into SQL")]
    [InlineData("var s = \"SELECT * FROM users WHERE name = '\" + input;", "input is added to SQL")]
    [InlineData("var s = $\"DROP TABLE {Name(x)}\";", "Name(x) is put into SQL")]
    [InlineData("#pragma warning disable CA2100 // fine", "the analyzer of SQL is silenced 1 times")]
    public void Sql_MadeOfData_IsCaught(string code, string message) =>
        SqlTexts.Check([new SourceFile("src/A/B.cs", code)], Harmless, Silenced).ShouldBe(["src/A/B.cs: " + message]);

    [Theory]
    [InlineData("var s = \"SELECT * FROM users WHERE name = @name\";")]
    [InlineData("var s = $\"Hello {name}, please SELECTED {x}\";")]
    [InlineData("var s = $\"SELECT {Columns} FROM t WHERE a = @a\";")]
    public void Sql_WithParameters_IsAllowed(string code) =>
        SqlTexts.Check([new SourceFile("src/A/B.cs", code)], Harmless, Silenced).ShouldBeEmpty();
}
