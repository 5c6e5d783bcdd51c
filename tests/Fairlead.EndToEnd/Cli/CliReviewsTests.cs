using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

// security.md section 4.1, 4.2 through the command line.
[Trait("Category", "integration")]
public sealed class CliReviewsTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    [Fact]
    public async Task Service_UnderReview_StartsAndServesOnlyWhatIsApproved()
    {
        var added = await gateway.RunAsync(
            "services",
            "add",
            "careful",
            "--trust",
            "review",
            "--group",
            "default",
            "--",
            FixtureProcess.Command,
            "--tools",
            "1"
        );
        added.Code.ShouldBe(ExitCode.Ok, added.Error);
        added.Out.ShouldContain("careful is not_started: held");

        var list = await gateway.RunAsync("services", "reviews", "list");
        list.Out.Split(Environment.NewLine)[0].ShouldMatch("^ID +SERVICE +KIND +NAME +STATE +WHY$");
        list.Out.ShouldContain("launch");
        var id = (await ReviewsAsync("careful"))[0].GetProperty("id").GetString()!;
        var shown = await gateway.RunAsync("services", "reviews", "show", id);
        shown.Code.ShouldBe(ExitCode.Ok, shown.Error);
        shown.Out.ShouldContain("--tools");
        var approved = await gateway.RunAsync("services", "reviews", "approve", id);
        approved.Out.ShouldContain("careful: launch is approved");
        (await gateway.RunAsync("services", "wait", "careful")).Code.ShouldBe(ExitCode.Ok);

        (await gateway.RunAsync("tools", "call", "tool_0")).Code.ShouldNotBe(ExitCode.Ok);
        var all = await gateway.RunAsync("services", "reviews", "approve", "--service", "careful");
        all.Out.ShouldContain("careful: tool tool_0 is approved");
        (await gateway.RunAsync("tools", "list")).Out.ShouldContain("tool_0");
        (await ReviewsAsync("careful")).ShouldBeEmpty();
        (await gateway.RunAsync("services", "reviews", "list", "--service", "careful")).Error.ShouldContain(
            "Nothing is held."
        );
    }

    [Fact]
    public async Task Decide_WithoutOrWithTwoChoices_IsWrongUsage()
    {
        (await gateway.RunAsync("services", "reviews", "approve")).Code.ShouldBe(ExitCode.WrongUsage);
        (await gateway.RunAsync("services", "reviews", "reject", "x", "--service", "y")).Code.ShouldBe(
            ExitCode.WrongUsage
        );
        (await gateway.RunAsync("services", "reviews", "reject", "unknown")).Code.ShouldBe(ExitCode.NotFound);
    }

    private async Task<List<JsonElement>> ReviewsAsync(string service) =>
        [
            .. JsonElement
                .Parse((await gateway.RunAsync("services", "reviews", "list", "--service", service, "--json")).Out)
                .EnumerateArray(),
        ];
}
