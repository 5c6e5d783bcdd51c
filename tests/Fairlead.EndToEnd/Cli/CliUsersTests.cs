using System.Text.Json;
using Fairlead.Cli;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead users</c> (P-76 … P-78).</summary>
[Trait("Category", "integration")]
public sealed class CliUsersTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private const string Secret = "a long enough one";

    private static readonly (string, string?)[] Admin = [("FAIRLEAD_ADMIN_PASSWORD", CliGateway.Password)];

    private Task<Ran> SayAsync(string input, params string[] args) => gateway.RunAsync(input, Admin, args);

    private async Task<string> DoneAsync(params string[] args)
    {
        var ran = await gateway.RunAsync(args);
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        return ran.Out;
    }

    /// <summary>A token as <c>fairlead login</c> would keep it.</summary>
    private async Task<(string, string?)[]> TokenAsync(string user, string password)
    {
        using var client = new Fairlead.Client.FairleadClient(gateway.Address);
        var token = await client.SignInAsync(user, password, TestContext.Current.CancellationToken);
        return [("FAIRLEAD_TOKEN", token.Value)];
    }

    [Fact]
    public async Task User_IsMadeChangedAndRemoved()
    {
        var made = await SayAsync(Secret + "\n", "users", "add", "王芳", "--role", "nurse", "--tier", "gold");
        made.ShouldBe(new Ran(ExitCode.Ok, $"王芳 is made{Environment.NewLine}", ""));
        var list = await DoneAsync("users", "list");
        list.Split(Environment.NewLine)[0].ShouldMatch("^NAME +ROLES +TIER +ENABLED$");
        // Columns stand under each other although these letters take two places each.
        list.ShouldMatch("王芳 +nurse +gold +yes");
        CliGolden.Check("users-show", await DoneAsync("users", "show", "王芳", "--json"));
        (await DoneAsync("users", "show", "王芳")).ShouldMatch("roles +nurse");

        (await DoneAsync("users", "role", "王芳", "doctor", "nurse")).ShouldStartWith("王芳 is doctor, nurse");
        (await DoneAsync("users", "role", "王芳", "--tier", "")).ShouldStartWith("王芳 is doctor, nurse");
        (await DoneAsync("users", "role", "王芳", "--none")).ShouldStartWith("王芳 has no roles");
        JsonElement
            .Parse(await DoneAsync("users", "show", "王芳", "--json"))
            .GetProperty("tier")
            .ValueKind.ShouldBe(JsonValueKind.Null);

        (await SayAsync("y\n", "users", "remove", "王芳")).Code.ShouldBe(ExitCode.WrongUsage);
        (await DoneAsync("users", "remove", "王芳", "--yes")).ShouldStartWith("王芳 is removed");
        (await gateway.RunAsync("users", "show", "王芳")).Code.ShouldBe(ExitCode.NotFound);
    }

    [Theory]
    [InlineData("disable")]
    [InlineData("remove", "--yes")]
    [InlineData("role", "doctor", "admin")]
    [InlineData("set-password")]
    public async Task Token_OfAUserWhoChanged_DiesAtOnce(string verb, params string[] more)
    {
        var user = $"token-{verb}";
        (await SayAsync(Secret + "\n", "users", "add", user, "--role", "admin")).Code.ShouldBe(ExitCode.Ok);
        var token = await TokenAsync(user, Secret);
        (await gateway.RunAsync("", token, "users", "list")).Code.ShouldBe(ExitCode.Ok);
        (await SayAsync("another long one\n", ["users", verb, user, .. more])).Code.ShouldBe(ExitCode.Ok);
        var refused = await gateway.RunAsync("", token, "users", "list");
        refused.Code.ShouldBe(ExitCode.NotAuthorised);
        refused.Error.ShouldContain("fairlead login");
    }

    [Fact]
    public async Task User_Disabled_CannotSignInUntilEnabled()
    {
        await SayAsync(Secret + "\n", "users", "add", "paused");
        (await DoneAsync("users", "disable", "paused")).ShouldStartWith("paused is disabled");
        var login = await gateway.RunAsync(Secret + "\n", [], "login", "--user", "paused");
        login.Code.ShouldBe(ExitCode.NotAuthorised);
        (await DoneAsync("users", "enable", "paused")).ShouldStartWith("paused is enabled");
        (await TokenAsync("paused", Secret)).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Password_IsSetAndNeverAnArgument()
    {
        await SayAsync(Secret + "\n", "users", "add", "forgetful");
        var set = await SayAsync("another long one\n", "users", "set-password", "forgetful");
        set.ShouldBe(new Ran(ExitCode.Ok, "", $"The password of forgetful was changed.{Environment.NewLine}"));
        (await TokenAsync("forgetful", "another long one")).ShouldNotBeEmpty();
        (await SayAsync("short\n", "users", "set-password", "forgetful")).Error.ShouldContain("8 to 256");
        (await SayAsync("", "users", "set-password", "forgetful")).Error.ShouldContain("No password was given");
        (await SayAsync("", "users", "add", "x")).Error.ShouldContain("No password was given");
        (await SayAsync("long enough\n", "users", "set-password", "nobody")).Code.ShouldBe(ExitCode.NotFound);
        (await SayAsync("", "users", "set-password", "forgetful", "pass word")).Code.ShouldBe(ExitCode.WrongUsage);
    }

    [Theory]
    [InlineData("disable", "admin")]
    [InlineData("remove", "admin", "--yes")]
    [InlineData("role", "admin", "nurse")]
    public async Task LastAdministrator_CannotBeLost(params string[] verb)
    {
        // Of other tests administrators may be left: they count only while they can sign in.
        foreach (var user in JsonElement.Parse(await DoneAsync("users", "list", "--json")).EnumerateArray())
            if (user.GetProperty("username").GetString() is { } name && name != "admin")
                await DoneAsync("users", "disable", name);
        var ran = await gateway.RunAsync(["users", .. verb]);
        ran.Code.ShouldBe(ExitCode.Failed);
        ran.Error.ShouldContain("last administrator");
        (await gateway.RunAsync("users", "list")).Code.ShouldBe(ExitCode.Ok);
    }

    [Theory]
    [InlineData("show")]
    [InlineData("enable")]
    [InlineData("disable")]
    [InlineData("role", "nurse")]
    [InlineData("remove", "--yes")]
    public async Task Verb_OnAnUnknownUser_IsNotFound(string verb, params string[] more)
    {
        var ran = await gateway.RunAsync(["users", verb, "nobody", .. more]);
        ran.Code.ShouldBe(ExitCode.NotFound);
        ran.Error.ShouldContain("no user named nobody");
        ran.Error.ShouldContain("users list");
    }
}
