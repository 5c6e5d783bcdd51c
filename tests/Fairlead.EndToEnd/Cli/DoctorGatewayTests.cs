using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Fairlead.Cli;
using Fairlead.Doctor;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead doctor</c> beside a gateway that runs, or something in its place.</summary>
[Trait("Category", "integration")]
public sealed class DoctorGatewayTests(DoctorTemplate template) : IClassFixture<DoctorTemplate>, IAsyncDisposable
{
    private readonly DoctorRig rig = new(template);

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public async Task Gateway_ThatIsWell_HasNoFinding_AndGoesOn()
    {
        rig.Sql("UPDATE mcp_services SET enabled = 0");
        await rig.StartGatewayAsync();
        (await rig.RunAsync(CliGateway.Password + "\n", "login", "--server", rig.Url)).Code.ShouldBe(ExitCode.Ok);
        var (code, report) = await rig.ExamineAsync();
        report.Findings.Where(f => f.Severity != Severity.Ok).ShouldBeEmpty();
        code.ShouldBe(ExitCode.Ok);
        rig.Text.ShouldContain("is healthy");
        rig.Text.ShouldContain("the gateway listens there");
        rig.Text.ShouldContain($"the gateway at {rig.Url} has it");
        rig.Text.ShouldContain("admin is signed in until");
        (await rig.RunAsync("", "services", "list", "--server", rig.Url)).Code.ShouldBe(ExitCode.Ok);
    }

    [Fact]
    public async Task Gateway_WithServicesDown_IsFound()
    {
        File.Delete(Path.Combine(rig.Data, "tool"));
        await rig.StartGatewayAsync();
        var (code, report) = await rig.ExamineAsync();
        code.ShouldBe(ExitCode.Failed);
        var found = report.Findings.Single(f => f.Check == "gateway");
        (found.Severity, found.What).ShouldBe((Severity.Fault, "2 of 2 not running"));
        found.Mend!.ShouldContain($"fairlead services list --server {rig.Url}");
    }

    [Fact]
    public async Task Gateway_AtAnotherAddress_OrOnAnotherFolder_IsTold()
    {
        rig.Sql("UPDATE mcp_services SET enabled = 0");
        await rig.StartGatewayAsync();
        var elsewhere = $"http://127.0.0.1:{DoctorRig.FreePort()}";
        rig.Listen = elsewhere;
        await rig.ExamineAsync();
        rig.Text.ShouldContain($"a gateway has it, and none answers at {elsewhere}");
        rig.Text.ShouldContain("fairlead doctor --server URL");

        await using var other = new DoctorRig(template);
        other.Listen = rig.Url;
        await other.ExamineAsync();
        other.Text.ShouldContain($"no gateway has it: the one at {rig.Url} uses another folder");
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Clock_ThatDiffersFromTheGateways_IsFound(int seconds)
    {
        rig.Sql("UPDATE mcp_services SET enabled = 0");
        await rig.StartGatewayAsync();
        rig.Time = new OffsetTime(TimeSpan.FromSeconds(seconds));
        var (_, report) = await rig.ExamineAsync();
        var found = report.Findings.First(f => f.Check == "clock");
        found.Severity.ShouldBe(Severity.Fault);
        found.What.ShouldContain(seconds > 0 ? "behind this machine's" : "ahead of this machine's");
        found.Mend!.ShouldContain("timedatectl");
    }

    [Fact]
    public async Task SignIn_ThatEndedOrIsRefused_IsAWarningWithTheWayBack()
    {
        rig.Sql("UPDATE mcp_services SET enabled = 0");
        await rig.StartGatewayAsync();
        (await rig.RunAsync(CliGateway.Password + "\n", "login", "--server", rig.Url)).Code.ShouldBe(ExitCode.Ok);
        var good = await File.ReadAllTextAsync(rig.Tokens, TestContext.Current.CancellationToken);
        await WriteTokensAsync(good.Replace("eyJ", "eyK", StringComparison.Ordinal));
        (await rig.ExamineAsync()).Code.ShouldBe(ExitCode.Ok, rig.Text);
        rig.Text.ShouldContain("warning  login");
        rig.Text.ShouldContain("does not accept the sign-in");
        rig.Text.ShouldContain($"→ fairlead login --server {rig.Url} --user admin");

        await WriteTokensAsync(
            good.Replace(
                $"\"{DateTimeOffset.Parse(Expiry(good), CultureInfo.InvariantCulture).Year}-",
                "\"2001-",
                StringComparison.Ordinal
            )
        );
        (await rig.ExamineAsync()).Code.ShouldBe(ExitCode.Ok, rig.Text);
        rig.Text.ShouldContain("the sign-in ended at 2001-");
    }

    // These come before what 'fairlead login' kept; a good sign-in of before says nothing about them.
    [Theory]
    [InlineData("FAIRLEAD_TOKEN", "junk")]
    [InlineData("FAIRLEAD_ADMIN_PASSWORD", "not the password")]
    public async Task SignInOfTheEnvironment_ThatIsRefused_IsAWarning(string variable, string value)
    {
        rig.Sql("UPDATE mcp_services SET enabled = 0");
        await rig.StartGatewayAsync();
        (await rig.RunAsync(CliGateway.Password + "\n", "login", "--server", rig.Url)).Code.ShouldBe(ExitCode.Ok);
        rig.Variables[variable] = value;
        await rig.ExamineAsync();
        rig.Text.ShouldContain($"warning  login          {variable}: the gateway does not accept it");
        rig.Text.ShouldContain($"→ unset {variable}");
        rig.Text.ShouldNotContain(value);

        rig.Variables["FAIRLEAD_TOKEN"] = JsonDocument
            .Parse(await File.ReadAllTextAsync(rig.Tokens, TestContext.Current.CancellationToken))
            .RootElement.GetProperty("servers")
            .EnumerateObject()
            .Single()
            .Value.GetProperty("access_token")
            .GetString()!;
        await rig.ExamineAsync();
        rig.Text.ShouldContain("ok       login          FAIRLEAD_TOKEN: is used by all commands, and accepted");
    }

    // What counts is where the gateway was started, not where the doctor is.
    [Fact]
    public async Task Variable_SetForTheGatewayAlone_IsNoFinding()
    {
        var services = "\"v\":{\"command\":\"${DOCTOR_TRY_PROGRAM}\"},\"w\":{\"command\":\"${DOCTOR_TRY_NOWHERE}\"}";
        await using var product = await Product.StartAsync(
            services,
            environment: new() { ["DOCTOR_TRY_PROGRAM"] = "true" }
        );
        var ran = await rig.RunAsync("", "doctor", "--data", product.Data, "--urls", product.Url);
        ran.Out.ShouldContain("uses variables that are not set here: DOCTOR_TRY_NOWHERE");
        ran.Out.ShouldNotContain("DOCTOR_TRY_PROGRAM");
    }

    [Fact]
    public async Task Port_TakenByAnotherProgram_IsFoundWithItsNameAndNumber()
    {
        var script = $"require('http').createServer((q,r)=>r.end('hi')).listen({rig.Port},'127.0.0.1')";
        using var program = Process.Start("node", ["-e", script]);
        try
        {
            using var http = new HttpClient();
            await Eventually.UntilAsync(async () =>
            {
                try
                {
                    return (await http.GetAsync(new Uri(rig.Url))).StatusCode == HttpStatusCode.OK;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            });
            var (_, report) = await rig.ExamineAsync();
            var port = report.Findings.Single(f => f.Check == "ports");
            port.Severity.ShouldBe(Severity.Fault);
            port.What.ShouldContain($"(process {program.Id})");
            report.Findings.Single(f => f.Check == "gateway").What.ShouldContain("no Fairlead");

            // As told: "end it: kill N – or …".
            DoctorRig.Shell(port.Mend!.Split(": ", 2)[1].Split(" – ")[0]);
            await program.WaitForExitAsync(TestContext.Current.CancellationToken);
            (await rig.ExamineAsync()).Code.ShouldBe(ExitCode.Ok, rig.Text);
        }
        finally
        {
            program.Kill();
        }
    }

    private static string Expiry(string tokens) => tokens.Split("\"expires_at\": \"")[1].Split('"')[0];

    private async Task WriteTokensAsync(string text) =>
        await File.WriteAllTextAsync(rig.Tokens, text, TestContext.Current.CancellationToken);

    private sealed class OffsetTime(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + offset;
    }

    // Health of a stranger may look like ours at first.
    [Theory]
    [InlineData("""{"version":1,"checks":{},"timestamp":5}""")]
    [InlineData("""{"version":"1","checks":{"a":1}}""")]
    public async Task Stranger_WithAHealthLikeOurs_IsNoFairlead(string health)
    {
        await using var stranger = WebApplication.CreateSlimBuilder().Build();
        stranger.Urls.Add(rig.Url);
        stranger.MapGet("/health", () => Results.Text(health, "application/json"));
        await stranger.StartAsync(TestContext.Current.CancellationToken);
        var (_, report) = await rig.ExamineAsync();
        report.Findings.Single(f => f.Check == "gateway").What.ShouldContain("no Fairlead");
    }
}
