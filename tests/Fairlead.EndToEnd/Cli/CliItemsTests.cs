using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead prompts</c> and <c>resources</c>, with a real service.</summary>
[Trait("Category", "integration")]
public sealed class CliItemsTests(CliGateway gateway) : IClassFixture<CliGateway>, IAsyncLifetime
{
    public async ValueTask InitializeAsync()
    {
        var added = await gateway.RunAsync(
            "services",
            "add",
            "items",
            "--group",
            "default",
            "--",
            FixtureProcess.Command
        );
        added.Code.ShouldBe(ExitCode.Ok, added.Error);
    }

    public async ValueTask DisposeAsync() => await gateway.RunAsync("services", "remove", "items", "--yes");

    private async Task<string> DoneAsync(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        return ran.Out;
    }

    [Fact]
    public async Task Prompts_AreListedAndFilledIn()
    {
        (await DoneAsync("prompts", "list")).ShouldMatch("(?m)^greet +who");
        CliGolden.Check("prompts-list", await DoneAsync("prompts", "list", "--json"));
        (await DoneAsync("prompts", "get", "greet", "--arg", "who=a=b")).ShouldContain("a=b");
        CliGolden.Check("prompts-get", await DoneAsync("prompts", "get", "greet", "--arg", "who=Li", "--json"));
        var unknown = await gateway.RunAsync("prompts", "get", "nothing");
        unknown.Code.ShouldBe(ExitCode.NotFound);
        unknown.Error.ShouldContain("prompts list");
        (await gateway.RunAsync("prompts", "list", "--group", "nowhere")).Code.ShouldBe(ExitCode.NotFound);
    }

    [Fact]
    public async Task Resources_AreListedAndRead()
    {
        (await DoneAsync("resources", "list")).ShouldMatch("(?m)^test://note +note +text/plain");
        CliGolden.Check("resources-list", await DoneAsync("resources", "list", "--json"));
        (await DoneAsync("resources", "templates")).ShouldMatch(@"(?m)^test://item/\{id\} +item");
        CliGolden.Check("resources-templates", await DoneAsync("resources", "templates", "--json"));
        var text = await DoneAsync("resources", "read", "test://note");
        text.ShouldNotBeNullOrWhiteSpace();
        CliGolden.Check("resources-read", await DoneAsync("resources", "read", "test://note", "--json"));

        var file = Path.GetTempFileName();
        (await DoneAsync("resources", "read", "test://note", "--output", file)).ShouldBeEmpty();
        File.ReadAllText(file).ShouldBe(text.TrimEnd());
        File.Delete(file);

        // A script must not take an empty output for the whole resource.
        var binary = await gateway.RunAsync("resources", "read", "test://item/binary");
        (binary.Code, binary.Out).ShouldBe((ExitCode.Failed, ""));
        binary.Error.ShouldContain("is binary (application/octet-stream, 3 bytes): --output FILE writes it");
        (await DoneAsync("resources", "read", "test://item/binary", "--output", file)).ShouldBeEmpty();
        File.ReadAllBytes(file).ShouldBe([1, 2, 255]);
        File.Delete(file);
        var nowhere = await gateway.RunAsync("resources", "read", "test://note", "--output", "/nowhere/file");
        nowhere.Code.ShouldBe(ExitCode.WrongUsage);
        nowhere.Error.ShouldContain("mkdir -p /nowhere");

        var unknown = await gateway.RunAsync("resources", "read", "test://nothing");
        unknown.Code.ShouldBe(ExitCode.NotFound);
        unknown.Error.ShouldContain("resources list");
    }
}
