using System.Diagnostics;
using System.Text.Json;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>The program itself, as a shell runs it.</summary>
public sealed class CliProcessTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    [Fact]
    public async Task Program_GivesItsResultToThePipe_AndItsCodeToTheShell()
    {
        var ran = await RunAsync("""{"numbers":[40,2]}""", "tools", "call", "add", "--args", "-", "--json");
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        ran.Error.ShouldBeEmpty();
        JsonElement.Parse(ran.Out).GetProperty("content")[0].GetProperty("text").GetString().ShouldBe("42");
    }

    [Fact]
    public async Task Program_KeepsFailuresOffThePipe()
    {
        var ran = await RunAsync("", "tools", "call", "nowhere");
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Out.ShouldBeEmpty();
        ran.Error.ShouldNotContain("\u001b");
    }

    // A package name is an argument, never a file to read arguments from.
    [Fact]
    public async Task Program_TakesArgumentsThatBeginWithAnAt_AsTheyAre()
    {
        var ran = await RunAsync("", "tools", "call", "@scope/tool");
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Error.ShouldContain("@scope/tool");
    }

    [Fact]
    public async Task Program_AskedForItsVersion_TellsIt() =>
        (await RunAsync("", "--version")).Out.ShouldMatch(@"^\d+\.\d+\.\d+");

    private async Task<Ran> RunAsync(string input, params string[] args)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "fairlead"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var arg in args)
            start.ArgumentList.Add(arg);
        start.Environment["FAIRLEAD_SERVER"] = gateway.Address.ToString();
        start.Environment["FAIRLEAD_KEY"] = CliGateway.Key;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Ran(process.ExitCode, await output, await error);
    }
}
