using System.Diagnostics;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead completion</c> in real shells: what is printed is sourced, and a line is completed.</summary>
[Trait("Category", "integration")]
public sealed class CompletionTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    // The shells hand the words over as they hold them at the cursor.
    private const string Bash = """
        source <(fairlead completion bash)
        COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_WORDS=(fairlead) COMP_CWORD=1
        _fairlead
        printf '%s\n' "${COMPREPLY[@]}"
        complete -p fairlead | grep -q -- '-F _fairlead' || echo NOT REGISTERED
        """;

    private const string Zsh = """
        compdef() { registered=$2 }
        compadd() { print -l -- ${(M)${(P)2}:#${words[CURRENT]}*} }
        _files() { print FILES }
        source <(fairlead completion zsh)
        words=(${(s: :)LINE}); [[ $LINE == *' ' ]] && words+=('')
        CURRENT=${#words}
        _fairlead
        [[ $registered == fairlead ]] || print NOT REGISTERED
        """;

    private const string Fish = "fairlead completion fish | source; complete -C \"$LINE\"";

    private static string? Shell(string name) =>
        Environment
            .GetEnvironmentVariable("PATH")!
            .Split(':')
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Shell_CompletesCommandsOptionsAndNames(string shell)
    {
        // test.sh brings them (FAIRLEAD_REQUIRE_SHELLS=1); a machine of a developer may have bash alone.
        Assert.SkipWhen(
            Shell(shell) is null && Environment.GetEnvironmentVariable("FAIRLEAD_REQUIRE_SHELLS") != "1",
            $"{shell} is not installed"
        );
        await SignInAsync();
        var all = await CompleteAsync(shell, "fairlead ");
        foreach (var verb in (string[])["serve", "services", "doctor", "completion", "tools"])
            all.ShouldContain(verb);
        all.ShouldNotContain(word => word.StartsWith('-') || word.StartsWith('/'));
        (await CompleteAsync(shell, "fairlead serv")).ShouldBe(["serve", "services"]);
        (await CompleteAsync(shell, "fairlead services st")).ShouldBe(["start", "stop"]);
        (await CompleteAsync(shell, "fairlead services list --js")).ShouldBe(["--json"]);
        (await CompleteAsync(shell, "fairlead completion f")).ShouldBe(["fish"]);
        (await CompleteAsync(shell, "fairlead services list --status r")).ShouldBe(["running"]);
        // Nothing is known: the shell's own files, and never an empty word.
        (await CompleteAsync(shell, "fairlead services list --page ")).ShouldNotContain("''");
        (await CompleteAsync(shell, "fairlead keys show def")).ShouldBe(["default"]);
        (await CompleteAsync(shell, "fairlead tools list --group def")).ShouldBe(["default"]);
        (await CompleteAsync(shell, "fairlead export client-config claude-d")).ShouldBe(["claude-desktop"]);
    }

    [Fact]
    public async Task Bash_CompletesNamesOfServices_AndAfterAnEqualsSign()
    {
        await SignInAsync();
        await gateway.RunAsync("services", "add", "completed", "--no-wait", "--", "true");
        (await CompleteAsync("bash", "fairlead services show com")).ShouldBe(["completed"]);
        (await CompleteAsync("bash", "fairlead services remove com")).ShouldBe(["completed"]);
        (await CompleteAsync("bash", "fairlead services add com")).ShouldNotContain("completed");
        (await CompleteAsync("bash", "fairlead tools list --group=def")).ShouldBe(["default"]);
        (await CompleteAsync("bash", $"fairlead keys show --server {gateway.Address} def")).ShouldBe(["default"]);
        (await CompleteAsync("bash", "fairlead keys show --server http://127.0.0.1:1 def")).ShouldBeEmpty();
    }

    // A press of a key must not hang, print or sign in.
    [Theory]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("nonsense")]
    public async Task Names_WithoutAGateway_AreNone(string server)
    {
        await SignInAsync();
        var ran = await RunAsync(
            "bash",
            $"FAIRLEAD_SERVER={server}\nexport FAIRLEAD_SERVER\n{Bash}",
            "fairlead keys show def"
        );
        (ran.Code, ran.Out.Trim(), ran.Error).ShouldBe((0, "", ""));
    }

    [Fact]
    public async Task Names_WithoutASignIn_AreNoneAndNobodySignsIn()
    {
        var ran = await gateway.RunAsync(
            "",
            [("XDG_CONFIG_HOME", "/nonexistent"), ("FAIRLEAD_ADMIN_PASSWORD", CliGateway.Password)],
            "[suggest:13]",
            "keys show def"
        );
        (ran.Code, ran.Out.Trim(), ran.Error).ShouldBe((ExitCode.Ok, "", ""));
    }

    // Values of help are words of the documentation, not what happens to be registered.
    [Fact]
    public async Task Help_NamesNoGroups()
    {
        await SignInAsync();
        var ran = await gateway.RunAsync("", [], "keys", "show", "--help");
        ran.Code.ShouldBe(ExitCode.Ok);
        ran.Out.ShouldContain("<GROUP>");
    }

    [Fact]
    public async Task Shell_ThatIsUnknown_IsRefusedWithThoseThereAre()
    {
        var ran = await gateway.RunAsync("completion", "tcsh");
        ran.Code.ShouldBe(ExitCode.WrongUsage);
        ran.Error.ShouldContain("bash");
    }

    private async Task SignInAsync() =>
        (await gateway.RunAsync(CliGateway.Password + "\n", [], "login")).Code.ShouldBe(ExitCode.Ok);

    private async Task<string[]> CompleteAsync(string shell, string line)
    {
        var ran = await RunAsync(
            shell,
            shell switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            },
            line
        );
        ran.Error.ShouldBeEmpty();
        ran.Code.ShouldBe(0);
        return
        [
            .. ran
                .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Order(StringComparer.Ordinal),
        ];
    }

    private async Task<Ran> RunAsync(string shell, string script, string line)
    {
        var start = new ProcessStartInfo(shell)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var arg in shell == "zsh" ? (string[])["-f", "-c", script] : ["-c", script])
            start.ArgumentList.Add(arg);
        start.Environment["PATH"] = $"{AppContext.BaseDirectory}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["LINE"] = line;
        start.Environment["FAIRLEAD_SERVER"] = gateway.Address.ToString();
        start.Environment["XDG_CONFIG_HOME"] = gateway.Config;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Ran(process.ExitCode, await output, await error);
    }
}
