using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

[Trait("Category", "integration")]
public sealed class CliUsageTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    [Theory]
    [InlineData]
    [InlineData("services")]
    [InlineData("services", "lsit")]
    [InlineData("services", "show")]
    [InlineData("services", "list", "--nonsense")]
    [InlineData("services", "add", "name")]
    [InlineData("services", "add", "name", "--url", "http://x", "--", "program")]
    [InlineData("services", "add", "name", "--url", "http://x", "--env", "A=B")]
    [InlineData("services", "add", "name", "--header", "A=B", "--", "program")]
    [InlineData("services", "add", "name", "--env", "AB", "--", "program")]
    [InlineData("services", "start", "name", "--timeout", "0")]
    [InlineData("services", "import")]
    [InlineData("services", "import", "/nowhere/mcp.json")]
    [InlineData("keys", "show")]
    [InlineData("keys", "list", "default")]
    [InlineData("keys", "regenerate")]
    [InlineData("keys", "regenerate", "default")]
    [InlineData("keys", "regenerate", "default", "--grace", "-1", "--yes")]
    [InlineData("services", "list", "--page", "0")]
    [InlineData("services", "list", "--status", "sleeping")]
    [InlineData("services", "start")]
    [InlineData("services", "start", "name", "--all")]
    [InlineData("services", "stop")]
    [InlineData("services", "restart")]
    [InlineData("services", "check")]
    [InlineData("services", "wait", "name", "--status", "sleeping")]
    [InlineData("services", "logs", "name", "-n", "501")]
    [InlineData("services", "update", "name")]
    [InlineData("services", "update", "name", "--url", "http://x", "--", "program")]
    [InlineData("services", "remove")]
    [InlineData("groups", "list", "--page-size", "0")]
    [InlineData("groups", "show")]
    [InlineData("groups", "add")]
    [InlineData("groups", "add", "name", "--calls-per-minute", "many")]
    [InlineData("groups", "update", "default")]
    [InlineData("groups", "enable")]
    [InlineData("groups", "disable")]
    [InlineData("groups", "add-service", "default")]
    [InlineData("groups", "remove-service", "default")]
    [InlineData("groups", "remove", "default")]
    [InlineData("tools", "update", "add")]
    [InlineData("tools", "enable")]
    [InlineData("tools", "disable")]
    [InlineData("prompts", "list", "more")]
    [InlineData("prompts", "get")]
    [InlineData("prompts", "get", "name", "--arg", "value")]
    [InlineData("prompts", "get", "name", "--arg", "a=1", "--arg", "a=2")]
    [InlineData("resources", "list", "more")]
    [InlineData("resources", "templates", "more")]
    [InlineData("resources", "read")]
    [InlineData("logs", "tail", "--since", "yesterday")]
    [InlineData("logs", "tail", "--status", "green")]
    [InlineData("logs", "tail", "--lines", "501")]
    [InlineData("users", "list", "--page", "0")]
    [InlineData("users", "show")]
    [InlineData("users", "add")]
    [InlineData("users", "role", "admin")]
    [InlineData("users", "role", "admin", "admin", "--none")]
    [InlineData("users", "set-password")]
    [InlineData("users", "enable")]
    [InlineData("users", "disable")]
    [InlineData("users", "remove", "admin")]
    [InlineData("export", "client-config")]
    [InlineData("login", "--nonsense")]
    [InlineData("logout", "--nonsense")]
    [InlineData("stdio", "--nonsense")]
    [InlineData("serve", "--nonsense")]
    [InlineData("tools", "call")]
    [InlineData("tools", "call", "add", "--arg", "a=1", "--args", "{}")]
    [InlineData("tools", "call", "add", "--args", "[1]")]
    [InlineData("tools", "call", "add", "--args", "{")]
    [InlineData("tools", "call", "add", "--arg", "numbers")]
    [InlineData("tools", "call", "add", "--arg", "numbers=many")]
    [InlineData("tools", "call", "add", "--arg", "numbers=[1]", "--arg", "numbers=[2]")]
    [InlineData("tools", "list", "--server", "127.0.0.1:8000")]
    [InlineData("services", "list", "--page", "x")]
    [InlineData("services", "list", "--page-size", "x")]
    [InlineData("services", "start", "name", "--timeout", "x")]
    [InlineData("services", "wait", "name", "--timeout", "99999999999")]
    [InlineData("services", "logs", "name", "-n", "x")]
    [InlineData("services", "add", "name", "--call-timeout", "x", "--", "program")]
    [InlineData("keys", "regenerate", "default", "--grace", "x", "--yes")]
    [InlineData("tools", "update", "add", "--timeout", "x")]
    [InlineData("logs", "tail", "-n", "x")]
    [InlineData("doctor", "--min-free", "x")]
    [InlineData("doctor", "--timeout", "0")]
    [InlineData("groups", "update", "default", "--native", "maybe")]
    [InlineData("groups", "add", "name", "--log-bodies", "maybe")]
    [InlineData("completion", "tcsh")]
    public async Task Command_UsedWrongly_SaysSoOnStandardError(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.WrongUsage, ran.Error);
        ran.Out.ShouldBeEmpty();
        ran.Error.ShouldStartWith("fairlead: ");
    }

    [Fact]
    public async Task Command_Mistyped_NamesWhatThereIs()
    {
        var ran = await gateway.RunAsync("services", "lsit");
        ran.Error.ShouldContain("'lsit'");
        ran.Error.ShouldContain("list, show, add");
        ran.Error.ShouldNotContain("Required command");
    }

    [Theory]
    [InlineData("--page-size is 1 to 1000, not 'x'.", "users", "list", "--page-size", "x")]
    [InlineData("--limit is 1 to 1000, not 'x'.", "services", "search", "word", "--limit", "x")]
    [InlineData("--min-free is 1 or more, not '0'.", "doctor", "--min-free", "0")]
    [InlineData(
        "'maybe' not recognized. Must be one of: 'true', 'false'",
        "groups",
        "update",
        "g",
        "--native",
        "maybe"
    )]
    [InlineData("Must be one of: 'not_started', 'starting'", "services", "list", "--status", "sleeping")]
    [InlineData("There is no option '--timeot' here.", "services", "start", "name", "--timeot", "5")]
    [InlineData("There is no option '--timeot' here.", "services", "add", "name", "--timeot", "--", "program")]
    public async Task Value_ThatCannotBe_IsSaidInOneLineWithWhatCan(string says, params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.WrongUsage, ran.Error);
        var lines = ran.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2, ran.Error);
        lines[0].ShouldContain(says);
        lines[1].ShouldStartWith("See 'fairlead ");
    }

    // The program's own options are its own, whatever they are called.
    [Fact]
    public async Task Option_OfAServicesProgram_IsNoneOfOurs()
    {
        var ran = await gateway.RunAsync("services", "add", "dashes", "--no-wait", "--", "true", "--timeot", "5");
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        (await gateway.RunAsync("services", "show", "dashes")).Out.ShouldContain("true --timeot 5");
    }

    [Fact]
    public async Task Argument_ThatIsMissing_IsNamed()
    {
        var ran = await gateway.RunAsync("groups", "add-service");
        ran.Error.ShouldContain("GROUP is missing: Server code, id or name of the group.");
        ran.Error.ShouldContain("SERVICE is missing");
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("services", "--help")]
    [InlineData("tools", "call", "--help")]
    public async Task Help_ListsTheExitCodes(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.Ok);
        ran.Error.ShouldBeEmpty();
        foreach (var (code, meaning) in ExitCode.All)
            ran.Out.ShouldContain($"  {code, -3}  {meaning}");
    }

    [Theory]
    [InlineData("services", "list")]
    [InlineData("keys", "show", "default")]
    [InlineData("tools", "list")]
    [InlineData("groups", "list")]
    [InlineData("users", "list")]
    [InlineData("logs", "tail")]
    [InlineData("services", "logs", "one", "-f")]
    [InlineData("login")]
    public async Task Gateway_ThatIsNotThere_TellsHowToStartIt(params string[] args)
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        var ran = await gateway.RunAsync("pw\n", [("FAIRLEAD_SERVER", $"http://127.0.0.1:{port}")], args);
        ran.Code.ShouldBe(ExitCode.NotReachable);
        ran.Out.ShouldBeEmpty();
        ran.Error.ShouldContain($"http://127.0.0.1:{port}");
        ran.Error.ShouldContain("fairlead serve");
    }

    [Fact]
    public async Task Caller_WhoIsNotSignedIn_IsToldHow()
    {
        var ran = await gateway.RunAsync("", [("XDG_CONFIG_HOME", "/nonexistent")], "keys", "show", "default");
        ran.Code.ShouldBe(ExitCode.NotAuthorised);
        ran.Error.ShouldContain("fairlead login");
        ran.Error.ShouldContain("FAIRLEAD_TOKEN");
    }

    // With --json both streams are for programs, whatever goes wrong.
    [Theory]
    [InlineData(ExitCode.WrongUsage, "wrong_usage", "groups", "show", "--json")]
    [InlineData(ExitCode.WrongUsage, "wrong_usage", "services", "lsit", "--json")]
    [InlineData(ExitCode.WrongUsage, "wrong_usage", "groups", "remove", "default", "--json")]
    [InlineData(ExitCode.WrongUsage, "wrong_usage", "groups", "list", "--server", "nowhere", "--json")]
    [InlineData(ExitCode.NotFound, "not_found", "groups", "show", "nowhere", "--json")]
    [InlineData(ExitCode.NotFound, "not_found", "users", "show", "nobody", "--json")]
    [InlineData(ExitCode.NotFound, "not_found", "prompts", "get", "nothing", "--json")]
    [InlineData(ExitCode.NotReachable, "not_reachable", "groups", "list", "--server", "http://127.0.0.1:1", "--json")]
    public async Task Failure_AsJson_IsOneLineOnStandardError(int code, string name, params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(code, ran.Error);
        ran.Out.ShouldBeEmpty();
        var line = ran.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem();
        var error = JsonElement.Parse(line).GetProperty("error");
        error.EnumerateObject().Select(p => p.Name).ShouldBe(["code", "exit_code", "message", "advice"]);
        error.GetProperty("code").GetString().ShouldBe(name);
        error.GetProperty("exit_code").GetInt32().ShouldBe(code);
        error.GetProperty("message").GetString().ShouldNotBeNullOrEmpty();
    }
}
