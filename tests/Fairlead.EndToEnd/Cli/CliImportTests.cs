using System.Security.Cryptography;
using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary>Bundles, registry, export and secrets through the command line, with services that run (S-03).</summary>
[Trait("Category", "integration")]
public sealed class CliImportTests(CliGateway gateway) : IClassFixture<CliGateway>
{
    private static readonly (string, string?)[] Admin = [("FAIRLEAD_ADMIN_PASSWORD", CliGateway.Password)];

    private Task<Ran> SayAsync(string input, params string[] args) => gateway.RunAsync(input, Admin, args);

    private async Task<string> DoneAsync(string input, params string[] args)
    {
        var ran = await SayAsync(input, args);
        ran.Code.ShouldBe(ExitCode.Ok, ran.Error);
        ran.Out.ShouldNotContain("canary");
        ran.Error.ShouldNotContain("canary");
        return ran.Out;
    }

    private static string Write(byte[] content, string name)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("fairlead-import-").FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    [Fact]
    public async Task Bundle_IsInstalledCalledAndRemoved()
    {
        var file = Write(SampleBundle.Good(), "hello.mcpb");
        var plan = await SayAsync("", "services", "install", file, "--dry-run");
        plan.Code.ShouldBe(ExitCode.WrongUsage);
        plan.Out.ShouldMatch("hello +stdio +registered and started +node .*/server/index.js");
        plan.Out.ShouldMatch("hello +input +api_key +yes +The key");
        var bare = await SayAsync("", "services", "install", file);
        bare.Code.ShouldBe(ExitCode.WrongUsage);
        bare.Error.ShouldContain("api_key (The key)");
        bare.Error.ShouldContain("--values");

        var installed = await DoneAsync(
            """{"api_key":"canary-key"}""",
            "services",
            "install",
            file,
            "--values",
            "-",
            "--value",
            "n=7",
            "--group",
            "default"
        );
        installed.ShouldMatch("added +hello +running");
        // The tool tells what it was started with: the secret went where it is needed, and nowhere else.
        (await SayAsync("", "tools", "call", "args")).Out.ShouldMatch(@"--key\|canary-key\|.*/Documents\|/b\|--n=7");
        (await DoneAsync("", "secrets", "list")).ShouldMatch("hello.api_key +.* +hello");
        var shown = await DoneAsync("", "services", "show", "hello");
        shown.ShouldContain("${secret:hello.api_key}");
        // Where it is kept is no secret.
        shown.ShouldMatch(@"/bundles/[0-9a-f.*]{50,67}/server/index\.js");
        (await DoneAsync("", "services", "remove", "hello", "--yes")).ShouldStartWith("hello is removed");
    }

    [Fact]
    public async Task Bundle_ThatIsHostile_IsRefusedByItsEntry()
    {
        var file = Write(SampleBundle.Zip(("manifest.json", SampleBundle.Manifest), ("../evil", "x")), "evil.mcpb");
        var ran = await SayAsync("", "services", "install", file);
        ran.Code.ShouldBe(ExitCode.WrongUsage);
        ran.Error.ShouldContain("../evil is no path inside the bundle");
    }

    [Fact]
    public async Task Registry_IsSearched_AndWhatWasFoundRuns()
    {
        await using var service = await FixtureProcess.StartHttpAsync();
        var bundle = SampleBundle.Good("near");
        gateway.Registry.Files["hello.mcpb"] = bundle;
        gateway.Registry.Publish(
            $$"""
            {"name":"io.test/weather-far","description":"Weather of cities","version":"1.0.0",
            "remotes":[{"type":"streamable-http","url":"{{service.Address}}"}]}
            """
        );
        gateway.Registry.Publish(
            $$"""
            {"name":"io.test/weather-near","description":"Weather of villages","version":"2.0.0","packages":[{"registryType":"mcpb",
            "identifier":"{{gateway.Registry.Address}}moved/hello.mcpb","fileSha256":"{{Convert.ToHexStringLower(
                SHA256.HashData(bundle)
            )}}","transport":{"type":"stdio"} }]}
            """
        );
        var found = await DoneAsync("", "services", "search", "weather");
        found.ShouldMatch("io.test/weather-far +1.0.0 +remote +Weather of cities");
        found.ShouldMatch("io.test/weather-near +2.0.0 +mcpb +Weather of villages");
        (await DoneAsync("", "services", "search", "weather", "villages")).ShouldNotContain("weather-far");
        (await SayAsync("", "services", "search", "nothing-like-it")).Error.ShouldContain("no server named like");

        (
            await DoneAsync("", "services", "import", "--from-registry", "io.test/weather-far", "--version", "1.0.0")
        ).ShouldMatch("added +weather-far +running");
        (
            await DoneAsync(
                """{"api_key":"canary-key"}""",
                "services",
                "install",
                "--from-registry",
                "io.test/weather-near",
                "--values",
                "-"
            )
        ).ShouldMatch("added +near +running");
        var absent = await SayAsync("", "services", "import", "--from-registry", "io.test/none");
        absent.Code.ShouldBe(ExitCode.NotFound);
        absent.Error.ShouldContain("no such server");
    }

    [Fact]
    public async Task Export_ImportedAgain_ChangesNothing()
    {
        var file = $$$"""
            {"mcpServers":{"exported":{"command":"{{{FixtureProcess.Command}}}","disabled":true,"autoApprove":["a"]} } }
            """;
        await DoneAsync(file, "services", "import", "-", "--format", "cline");
        var exported = await DoneAsync("", "services", "export", "exported", "--format", "cline");
        var entry = JsonElement.Parse(exported).GetProperty("mcpServers").GetProperty("exported");
        // Keys that mean nothing here go with it.
        entry.GetProperty("autoApprove")[0].GetString().ShouldBe("a");
        (await DoneAsync(exported, "services", "import", "-", "--format", "cline")).ShouldMatch("unchanged +exported");
        var odd = await SayAsync("", "services", "export", "--format", "nobody");
        odd.Code.ShouldBe(ExitCode.WrongUsage);
        odd.Error.ShouldContain("claude-desktop");
        (await SayAsync("", "services", "export", "nowhere")).Code.ShouldBe(ExitCode.NotFound);
        CliGolden.Check("services-export", await DoneAsync("", "services", "export", "exported", "--json"));
    }

    [Fact]
    public async Task DifyMap_OfAnSseService_Runs()
    {
        await using var service = await FixtureProcess.StartSseAsync();
        var map =
            $$"""{"old_tools":{"transport":"sse","url":"{{service.Address}}","headers":{},"timeout":50,"sse_read_timeout":50} }""";
        (await DoneAsync(map, "services", "import", "-")).ShouldMatch("added +old_tools +running +sse");
        // An address that says what it is needs no word for it.
        (
            await DoneAsync("", "services", "add", "by-address", "--url", service.Address.ToString(), "--json")
        ).ShouldContain("\"transport\": \"sse\"");
    }

    [Fact]
    public async Task Secret_IsSetListedAndRemoved()
    {
        (await DoneAsync("canary\nof two lines\n", "secrets", "set", "pem")).ShouldContain("${secret:pem}");
        var file = Write("canary-of-file\n"u8.ToArray(), "value");
        (await DoneAsync("", "secrets", "set", "pem", "--file", file)).ShouldStartWith("pem is set");
        (await DoneAsync("", "secrets", "list")).ShouldMatch("pem +20");
        (await SayAsync("", "secrets", "set", "pem")).Code.ShouldBe(ExitCode.WrongUsage);
        (await SayAsync("", "secrets", "set", "pem", "--file", "/nowhere")).Code.ShouldBe(ExitCode.WrongUsage);
        // The value has no place among the arguments.
        (await SayAsync("", "secrets", "set", "pem", "canary")).Code.ShouldBe(ExitCode.WrongUsage);

        var user =
            $$$"""{"mcpServers":{"user":{"command":"{{{FixtureProcess.Command}}}","env":{"K":"${secret:pem}"} } } }""";
        await DoneAsync(user, "services", "import", "-");
        (await DoneAsync("again", "secrets", "set", "pem")).ShouldContain("used by user");
        var used = await SayAsync("", "secrets", "remove", "pem", "--yes");
        used.Code.ShouldBe(ExitCode.Failed);
        used.Error.ShouldContain("used by user");
        await DoneAsync("", "services", "remove", "user", "--yes");
        (await SayAsync("", "secrets", "remove", "pem")).Code.ShouldBe(ExitCode.WrongUsage);
        (await DoneAsync("", "secrets", "remove", "pem", "--yes")).ShouldStartWith("pem is removed");
        (await SayAsync("", "secrets", "remove", "pem", "--yes")).Code.ShouldBe(ExitCode.NotFound);
    }

    [Theory]
    [InlineData("services", "import")]
    [InlineData("services", "import", "a.json", "--from-registry", "x/y")]
    [InlineData("services", "import", "a.json", "--version", "1")]
    [InlineData("services", "import", "-", "--values", "-")]
    [InlineData("services", "import", "-", "--value", "novalue")]
    [InlineData("services", "search")]
    public async Task Arguments_ThatDoNotFit_AreWrongUsage(params string[] args) =>
        (await SayAsync("", args)).Code.ShouldBe(ExitCode.WrongUsage);
}
