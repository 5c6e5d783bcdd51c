using System.Net;
using System.Net.Sockets;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

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
    [InlineData("tools", "call")]
    [InlineData("tools", "call", "add", "--arg", "a=1", "--args", "{}")]
    [InlineData("tools", "call", "add", "--args", "[1]")]
    [InlineData("tools", "call", "add", "--args", "{")]
    [InlineData("tools", "call", "add", "--arg", "numbers")]
    [InlineData("tools", "call", "add", "--arg", "numbers=many")]
    [InlineData("tools", "call", "add", "--arg", "numbers=[1]", "--arg", "numbers=[2]")]
    [InlineData("tools", "list", "--server", "127.0.0.1:8000")]
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
    [InlineData("--help")]
    [InlineData("services", "--help")]
    [InlineData("tools", "call", "--help")]
    public async Task Help_ListsTheExitCodes(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.Ok);
        ran.Error.ShouldBeEmpty();
        foreach (var (code, meaning) in ExitCode.All)
            ran.Out.ShouldContain($"  {code}  {meaning}");
    }

    [Theory]
    [InlineData("services", "list")]
    [InlineData("keys", "show", "default")]
    [InlineData("tools", "list")]
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
}
