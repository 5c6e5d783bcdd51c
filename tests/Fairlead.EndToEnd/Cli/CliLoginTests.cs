using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

[Trait("Category", "integration")]
public sealed class CliLoginTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private static readonly (string, string?)[] Nobody = [];

    // P-76, P-77
    [Fact]
    public async Task Login_KeepsATokenForTheUserAlone_UntilLogout()
    {
        var login = await gateway.RunAsync(CliGateway.Password + "\n", Nobody, "login");
        login.Code.ShouldBe(ExitCode.Ok);
        login.Out.ShouldBeEmpty();
        login.Error.ShouldContain("as admin");
        var file = Path.Combine(gateway.Config, "fairlead", "tokens.json");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.GetUnixFileMode(Path.GetDirectoryName(file)!)
                .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        File.ReadAllText(file).ShouldNotContain(CliGateway.Password);

        var kept = System.Text.Json.JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("servers");
        var token = kept.EnumerateObject().Single().Value.GetProperty("access_token").GetString()!;
        (await gateway.RunAsync("", Nobody, "keys", "show", "default")).Out.ShouldBe(
            CliGateway.Key + Environment.NewLine
        );

        (await gateway.RunAsync("", Nobody, "logout")).Code.ShouldBe(ExitCode.Ok);
        (await gateway.RunAsync("", Nobody, "keys", "show", "default")).Code.ShouldBe(ExitCode.NotAuthorised);
        // The token is dead everywhere, not only forgotten here.
        var revoked = await gateway.RunAsync("", [("FAIRLEAD_TOKEN", token)], "keys", "show", "default");
        revoked.Code.ShouldBe(ExitCode.NotAuthorised);
        revoked.Error.ShouldContain("fairlead login");
    }

    [Fact]
    public async Task Login_WithAWrongPassword_IsNotAuthorised()
    {
        var ran = await gateway.RunAsync("wrong\n", Nobody, "login", "--user", "somebody");
        ran.Code.ShouldBe(ExitCode.NotAuthorised);
        ran.Error.ShouldContain("wrong");
    }

    [Fact]
    public async Task Login_WithoutAPassword_IsWrongUsage() =>
        (await gateway.RunAsync("", Nobody, "login")).Code.ShouldBe(ExitCode.WrongUsage);

    [Fact]
    public async Task Login_OfAnotherGateway_DoesNotSendThisToken()
    {
        await gateway.RunAsync(CliGateway.Password + "\n", Nobody, "login");
        // The same gateway by another name is another gateway to whoever keeps tokens.
        var other = new UriBuilder(gateway.Address) { Host = "localhost" }.Uri.ToString();
        var ran = await gateway.RunAsync("", [("FAIRLEAD_SERVER", other)], "keys", "show", "default");
        ran.Code.ShouldBe(ExitCode.NotAuthorised);
        ran.Error.ShouldContain("Not signed in");
    }

    [Fact]
    public async Task Login_AsJson_PrintsWhoAndUntilWhen()
    {
        var ran = await gateway.RunAsync(CliGateway.Password + "\n", Nobody, "login", "--json");
        CliGolden.Check("login", ran.Out);
    }

    [Fact]
    public async Task Credentials_FromTheEnvironment_ComeBeforeTheKeptToken()
    {
        await gateway.RunAsync(CliGateway.Password + "\n", Nobody, "login");
        var ran = await gateway.RunAsync("", [("FAIRLEAD_TOKEN", "not-a-token")], "keys", "show", "default");
        ran.Code.ShouldBe(ExitCode.NotAuthorised);
    }

    [Fact]
    public async Task TokenFile_ThatIsDamaged_SaysWhatToDo()
    {
        var config = Directory.CreateTempSubdirectory("fairlead-cli-").FullName;
        Directory.CreateDirectory(Path.Combine(config, "fairlead"));
        File.WriteAllText(Path.Combine(config, "fairlead", "tokens.json"), "{");
        var ran = await gateway.RunAsync("", [("XDG_CONFIG_HOME", config)], "keys", "show", "default");
        ran.Code.ShouldBe(ExitCode.Failed);
        ran.Error.ShouldContain("fairlead login");
        Directory.Delete(config, recursive: true);
    }
}
