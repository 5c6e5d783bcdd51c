using System.Collections.Immutable;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Trust;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Trust;

/// <summary>What may be registered by the API (S-02, R83, R84, security.md sections 0.3, 0.5).</summary>
public sealed class LaunchRulesTests : IDisposable
{
    private const string Services = "/api/v1/services";
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("npx", null)]
    [InlineData("uvx", null)]
    [InlineData("node", null)]
    [InlineData("python3", null)]
    [InlineData("dotnet", null)]
    [InlineData("docker", null)]
    [InlineData("ROOT/tool", null)]
    [InlineData("${FAIRLEAD_DATA}/bundles/x/server", null)]
    [InlineData("cat", "command")]
    [InlineData("./npx", "command")]
    [InlineData("/usr/bin/npx", "command")]
    [InlineData("ROOT/../tool", "command")]
    [InlineData("ROOTED/tool", "command")]
    [InlineData("ROOT/link", "command")]
    [InlineData("ROOT/sh", "command")]
    [InlineData("${SHELL}", "command")]
    [InlineData("${FAIRLEAD_DATA}/keys", "command")]
    public void Command_OfAnyForm_IsJudged(string command, string? field)
    {
        File.CreateSymbolicLink(System.IO.Path.Combine(folder.Path, "link"), "/bin/cat");
        Field(d => d with { Command = Path(command) }).ShouldBe(field);
    }

    [Theory]
    [InlineData("LD_PRELOAD", "/tmp/x.so")]
    [InlineData("ld_library_path", "/tmp")]
    [InlineData("DYLD_INSERT_LIBRARIES", "/tmp/x")]
    [InlineData("NODE_OPTIONS", "--require /tmp/x.js")]
    [InlineData("DOTNET_STARTUP_HOOKS", "/tmp/x.dll")]
    [InlineData("CORECLR_PROFILER_PATH", "/tmp/x.so")]
    [InlineData("BASH_ENV", "/tmp/x")]
    [InlineData("PATH", "/tmp")]
    [InlineData("PYTHONPATH", "/tmp")]
    [InlineData("PYTHONPATH", "ROOT/lib:/tmp")]
    public void Environment_OfALoader_IsRefusedAndAllowedByName(string name, string value)
    {
        ServiceDefinition With(ServiceDefinition d) => d with { Env = d.Env.Add(name, Path(value)) };
        Field(With).ShouldBe($"env.{name}");
        Field(With, new LaunchOptions { Environment = [name] }).ShouldBeNull();
        Field(With, new LaunchOptions { Unrestricted = true }).ShouldBeNull();
    }

    [Theory]
    [InlineData("API_KEY", "x")]
    [InlineData("HOME", "/tmp")]
    [InlineData("PYTHONPATH", "ROOT/lib")]
    public void Environment_OfTheProgram_IsItsOwn(string name, string value) =>
        Field(d => d with { Env = d.Env.Add(name, Path(value)) }).ShouldBeNull();

    [Theory]
    [InlineData("ROOT", null)]
    [InlineData("ROOT/below", null)]
    [InlineData("/", "cwd")]
    [InlineData("below", "cwd")]
    [InlineData("ROOT/..", "cwd")]
    public void Directory_OutsideTheRoots_IsRefused(string cwd, string? field) =>
        Field(d => d with { Cwd = Path(cwd) }).ShouldBe(field);

    [Theory]
    [InlineData("-y|--call|touch /tmp/x", "args")]
    [InlineData("-c|touch /tmp/x", "args")]
    [InlineData("-p|package|-c|touch /tmp/x", "args")]
    [InlineData("--package|package|--call=touch /tmp/x", "args")]
    [InlineData("-yc|touch /tmp/x", "args")]
    [InlineData("-y|--cal|touch /tmp/x", "args")]
    [InlineData("${NONE:--c}|touch /tmp/x", "args")]
    [InlineData("--cache|/tmp/c|package|-c|x", null)]
    [InlineData("-y|package|-c|x", null)]
    public void Npx_ThatRunsAShell_IsRefused(string args, string? field) =>
        Field(d => d with { Command = "npx", Args = [.. args.Split('|')] }).ShouldBe(field);

    [Theory]
    [InlineData("http://127.0.0.1:8080/mcp", "url", null)]
    [InlineData("http://localhost/mcp", "url", null)]
    [InlineData("http://2130706433/mcp", "url", null)]
    [InlineData("http://10.1.2.3/mcp", "url", null)]
    [InlineData("http://[::ffff:10.1.2.3]/mcp", "url", null)]
    [InlineData("http://[64:ff9b::a01:203]/mcp", "url", null)]
    [InlineData("http://[2002:a01:203::]/mcp", "url", null)]
    [InlineData("http://169.254.169.254/latest", "url", "url")]
    [InlineData("http://[fd00:ec2::254]/", "url", "url")]
    [InlineData("https://93.184.216.34/mcp", null, null)]
    [InlineData("https://example.com/mcp", null, null)]
    public void Address_InAPrivateNetwork_NeedsItsSay(string url, string? field, string? fieldWithSay)
    {
        ServiceDefinition With(bool? allow) =>
            new()
            {
                Transport = ServiceTransport.StreamableHttp,
                Url = url,
                AllowPrivate = allow,
            };
        Field(_ => With(null)).ShouldBe(field);
        Field(_ => With(true)).ShouldBe(fieldWithSay);
    }

    [Fact]
    public void Definition_StartedAsBefore_IsNotAskedAgain()
    {
        var own = TestStore.Definition("/opt/own") with { Env = ImmutableSortedDictionary<string, string>.Empty };
        Rules(new LaunchOptions()).Check(own, own with { TimeoutSeconds = 5 }).ShouldBeEmpty();
        Rules(new LaunchOptions()).Check(own, own with { Args = ["x"] }).ShouldNotBeEmpty();
        Rules(new LaunchOptions()).Check(own, own with { Env = own.Env.Add("PATH", "/tmp") }).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Api_AddUpdateAndImport_AskTheSameRules()
    {
        await using var host = await AdminHost.StartAsync(services: new ServicesOptions());
        var added = await host.PostAsync(Services, """{"name":"a","command":"sh","args":["-c","id"]}""");
        (added.Code, added.Field).ShouldBe(("SERVICE_CONFIGURATION_INVALID", "command"));
        (await host.PostAsync(Services, """{"name":"a","command":"npx","enabled":false}""")).Status.ShouldBe(201);
        (await host.PutAsync($"{Services}/a", """{"command":"cat"}""")).Field.ShouldBe("command");
        (await host.PutAsync($"{Services}/a", """{"env":{"LD_PRELOAD":"x"}}""")).Field.ShouldBe("env.LD_PRELOAD");
        const string file = """{"content":"{\"mcpServers\":{\"b\":{\"command\":\"/bin/sh\"}}}","dry_run":DRY}""";
        (
            await host.PostAsync($"{Services}/import", file.Replace("DRY", "false", StringComparison.Ordinal))
        ).Field.ShouldBe("b.command");
        var plan = await host.PostAsync($"{Services}/import", file.Replace("DRY", "true", StringComparison.Ordinal));
        plan.Data.GetProperty("services")[0].GetProperty("problems").GetArrayLength().ShouldBe(1);
        host.Now.Services.Select(s => s.Name).ShouldBe(["a"]);
    }

    [Fact]
    public async Task Api_OfAnotherThanAnAdmin_MayNotEvenTry() // security.md section 0.3
    {
        await using var host = await AdminHost.StartAsync();
        host.Token = await host.SignInAsync("carol");
        foreach (var path in new[] { Services, $"{Services}/import", "/api/v1/reviews/approve" })
            (
                await host.PostAsync(
                    path,
                    path.EndsWith("import", StringComparison.Ordinal)
                        ? """{"content":"{}","dry_run":true}"""
                        : """{"name":"a","command":"npx"}"""
                )
            ).Status.ShouldBe(403);
    }

    private string? Field(Func<ServiceDefinition, ServiceDefinition> with, LaunchOptions? options = null)
    {
        var definition = with(new ServiceDefinition { Transport = ServiceTransport.Stdio, Command = "node" });
        var problems = Rules(options ?? new LaunchOptions { Roots = [folder.Path] }).Check(null, definition);
        return problems.Count == 0 ? null : problems[0].Field;
    }

    private LaunchRules Rules(LaunchOptions options) =>
        new(
            new ServicesOptions { Launch = options },
            new StorageOptions { DataDirectory = System.IO.Path.Combine(folder.Path, "..", "elsewhere") }
        );

    private string Path(string text) =>
        text.Replace("ROOTED", folder.Path + "ed", StringComparison.Ordinal)
            .Replace("ROOT", folder.Path, StringComparison.Ordinal);
}
