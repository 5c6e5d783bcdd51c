using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

[Trait("Category", "integration")]
public sealed class CliOutputTests
{
    private static (Output Output, StringWriter Out, StringWriter Error) On(bool person, params string[] variables)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var terminal = new Terminal
        {
            In = TextReader.Null,
            Out = output,
            Error = error,
            OutIsPerson = person,
            ErrorIsPerson = person,
            Variable = name =>
                Array.Find(variables, v => v.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..],
        };
        return (new Output(terminal, json: false), output, error);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false, "NO_COLOR=1")]
    [InlineData(true, false, "TERM=dumb")]
    [InlineData(false, false)]
    public void Table_IsColouredOnlyForPeopleWhoWantIt(bool person, bool coloured, params string[] variables)
    {
        var (output, text, _) = On(person, variables);
        output.Table(
            "none",
            ["NAME", "STATUS"],
            [
                ["one", "running"],
            ]
        );
        text.ToString().Contains("\u001b[32m", StringComparison.Ordinal).ShouldBe(coloured);
        text.ToString().ShouldContain("running");
    }

    [Fact]
    public void Table_InAPipe_NeverBreaksARow()
    {
        var (output, text, _) = On(person: false);
        output.Table(
            "none",
            ["NAME", "REASON"],
            [
                ["one", new string('x', 500) + " y"],
                ["two", "a\nb"],
            ]
        );
        text.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(3);
    }

    [Fact]
    public void Table_WithoutRows_LeavesStandardOutputEmpty()
    {
        var (output, text, error) = On(person: false);
        output.Table("Nothing there.", ["NAME"], []);
        text.ToString().ShouldBeEmpty();
        error.ToString().ShouldContain("Nothing there.");
    }

    [Theory]
    [InlineData("\u001b]0;owned\u0007", "\ufffd]0;owned\ufffd")]
    [InlineData("a\u009b31mb", "a\ufffd31mb")]
    [InlineData("two\nlines\tand a tab", "two\nlines\tand a tab")]
    public void Text_OfAService_CannotSteerTheTerminal(string text, string shown)
    {
        var (output, written, _) = On(person: true);
        output.Line(text);
        written.ToString().ShouldBe(shown + Environment.NewLine);
    }

    [Fact]
    public void Text_InAPipe_IsLeftAsItIs()
    {
        var (output, written, _) = On(person: false);
        output.Line("\u001b[31mred");
        written.ToString().ShouldBe("\u001b[31mred" + Environment.NewLine);
    }

    [Fact]
    public async Task Progress_OutsideATerminal_IsOneLineAChange()
    {
        var (output, text, error) = On(person: false);
        var result = await output.WhileAsync(
            "working",
            tell =>
            {
                tell("one");
                tell("one");
                tell("two");
                return Task.FromResult(42);
            }
        );
        result.ShouldBe(42);
        text.ToString().ShouldBeEmpty();
        error.ToString().ShouldBe($"one{Environment.NewLine}two{Environment.NewLine}");
    }

    // Names and reasons of services are no markup, and nothing to say is no failure.
    [Fact]
    public async Task Progress_OnATerminal_TakesAnyText()
    {
        var (output, text, error) = On(person: true);
        var result = await output.WhileAsync(
            "[red]working",
            tell =>
            {
                tell("");
                tell("[/] 50 %\u001b]0;owned\u0007");
                return Task.FromResult(42);
            }
        );
        result.ShouldBe(42);
        text.ToString().ShouldBeEmpty();
        error.ToString().ShouldNotContain("\u001b]0;");
    }
}
