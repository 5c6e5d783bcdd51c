using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Fairlead.Cli;
using Fairlead.Doctor;
using Shouldly;
using Xunit;

namespace Fairlead.EndToEnd.Cli;

/// <summary><c>fairlead doctor</c> on a real store with one thing spoilt at a time.</summary>
[Trait("Category", "integration")]
public sealed class DoctorTests(DoctorTemplate template) : IClassFixture<DoctorTemplate>, IAsyncDisposable
{
    private readonly DoctorRig rig = new(template);

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public async Task SoundStore_WithoutAGateway_HasNoFinding()
    {
        var (code, report) = await rig.ExamineAsync();
        report.Findings.Where(f => f.Severity != Severity.Ok).ShouldBeEmpty();
        code.ShouldBe(ExitCode.Ok);
        rig.Text.ShouldContain("0 faults, 0 warnings");
        report
            .Findings.Select(f => f.Check)
            .Distinct()
            .ShouldBe(
                [
                    "configuration",
                    "data",
                    "files",
                    "lock",
                    "disk",
                    "ports",
                    "gateway",
                    "clock",
                    "store",
                    "keys",
                    "runtimes",
                    "login",
                ],
                ignoreOrder: true,
                customMessage: rig.Text
            );
    }

    // Each is found, its mend is told, and doing what is told makes it go.
    [Theory]
    [InlineData("data", "chmod 777 $D", "other users", "chmod 700 ")]
    [InlineData("keys", "chmod 644 $D/keys", "readable by its owner only", "chmod 600 ")]
    [InlineData("files", "chmod 640 $D/fairlead.db", "read by other users", "chmod 600 ")]
    [InlineData("runtimes", "chmod 600 $D/tool", "may not be executed", "chmod +x ")]
    [InlineData("runtimes", "rm -r $D/work", "working directory", "mkdir -p ")]
    [InlineData(
        "login",
        "mkdir -p $T; echo '{\"schema\":1,\"servers\":{}}' >$T/tokens.json; chmod 644 $T/tokens.json",
        "other users can read",
        "chmod 600 "
    )]
    public async Task Fault_Mended_AsTold_IsGone(string check, string plant, string what, string mend)
    {
        DoctorRig.Shell(
            plant
                .Replace("$D", rig.Data, StringComparison.Ordinal)
                .Replace("$T", Path.GetDirectoryName(rig.Tokens), StringComparison.Ordinal)
        );
        var (code, found) = await OnlyAsync(check, Severity.Fault);
        code.ShouldBe(ExitCode.Failed);
        found.What.ShouldContain(what);
        found.Mend!.ShouldStartWith(mend);
        rig.Text.ShouldContain($"→ {found.Mend}");

        DoctorRig.Shell(found.Mend!.Split(" && fairlead")[0]);
        (await rig.ExamineAsync()).Code.ShouldBe(ExitCode.Ok, rig.Text);
    }

    [Theory]
    [InlineData("keys", "rm $D/keys", "master key is missing", "restore it from a backup")]
    [InlineData("keys", "echo short >$D/keys", "not a base64 key", "from a backup")]
    [InlineData("runtimes", "rm $D/tool", "there is no file", "into the PATH")]
    [InlineData("runtimes", "rm $D/server.sh", "no such file", "fairlead services update script -- sh")]
    [InlineData("data", "rm -r $D; touch $D", "is a file", "--data")]
    [InlineData(
        "store",
        "dd if=/dev/zero of=$D/fairlead.db bs=4096 seek=2 count=6 conv=notrunc status=none",
        "damaged",
        "sqlite3 "
    )]
    [InlineData("clock", "touch -d '+2 hours' $D/lock", "put back", "set-ntp true")]
    [InlineData(
        "login",
        "mkdir -p $T; echo nonsense >$T/tokens.json; chmod 600 $T/tokens.json",
        "damaged",
        "fairlead login"
    )]
    public async Task Fault_OfAFile_IsFound(string check, string plant, string what, string mend)
    {
        DoctorRig.Shell(
            plant
                .Replace("$D", rig.Data, StringComparison.Ordinal)
                .Replace("$T", Path.GetDirectoryName(rig.Tokens), StringComparison.Ordinal)
        );
        await HasAsync(check, Severity.Fault, what, mend);
    }

    [Theory]
    [InlineData("store", true, "INSERT INTO schema_version VALUES (999, '')", "version 999", "newer Fairlead")]
    [InlineData("store", false, "DELETE FROM schema_version WHERE version > 2", "next start", "cp -a")]
    [InlineData("keys", true, "UPDATE mcp_tool_groups SET api_key = ''", "no key", "keys regenerate default")]
    [InlineData(
        "keys",
        true,
        "UPDATE mcp_tool_groups SET hashed_api_key = 'x' WHERE server_code = 'default'",
        "not the one callers",
        "keys regenerate default"
    )]
    public async Task Fault_OfTheStore_IsFound(string check, bool fault, string sql, string what, string mend)
    {
        rig.Sql(sql);
        await HasAsync(check, fault ? Severity.Fault : Severity.Warning, what, mend);
    }

    [Theory]
    [InlineData("configuration", true, """{"Gateway":{"CallsPerMinit":1}}""", "CallsPerMinit is no setting")]
    [InlineData("configuration", true, """{"Gateway":{"PageSize":"many"}}""", "'many' is no value")]
    [InlineData("configuration", true, """{"Identity":{"TokenLifetime":"9.00:00:00"}}""", "1 minute to 1 day")]
    [InlineData("exposure", false, """{"Gateway":{"AllowedHosts":["*"]}}""", "rebinding")]
    [InlineData("exposure", false, """{"Gateway":{"TrustedProxies":["0.0.0.0/0"]}}""", "believes what any client")]
    [InlineData("configuration", true, """{"Gateway":{"TrustedProxies":["proxy"]}}""", "no address (10.0.0.7)")]
    [InlineData("configuration", true, """{"Gateway":{"PublicUrl":"/x"}}""", "PublicUrl")]
    [InlineData("exposure", false, """{"Gateway":{"CallsPerMinute":0}}""", "lifts the limit")]
    public async Task Fault_OfTheSettings_IsFound(string check, bool fault, string settings, string what)
    {
        rig.WriteConfig(settings);
        await HasAsync(check, fault ? Severity.Fault : Severity.Warning, what, "");
    }

    [Fact]
    public async Task SettingsFile_WithASecretForEveryone_IsFound()
    {
        rig.WriteConfig("""{"Identity":{"JwtSecret":"0123456789012345678901234567890123456789"}}""");
        (await rig.ExamineAsync()).Code.ShouldBe(ExitCode.Ok, rig.Text);
        DoctorRig.Shell($"chmod 644 '{rig.Config}'");
        await HasAsync("files", Severity.Fault, "secrets in it", "chmod 600");
        rig.Text.ShouldNotContain("0123456789");
    }

    // A start would begin anew and say nothing of what is gone.
    [Theory]
    [InlineData(": >$D/fairlead.db")]
    [InlineData("rm $D/fairlead.db")]
    public async Task Store_GoneBesideItsKey_IsAWarning(string plant)
    {
        DoctorRig.Shell($"rm -f '{rig.Data}'/fairlead.db-*");
        DoctorRig.Shell(plant.Replace("$D", rig.Data, StringComparison.Ordinal));
        await HasAsync("store", Severity.Warning, "is missing or empty", "from a backup");
    }

    [Fact]
    public async Task MasterKey_OfAnotherStore_IsFoundForEachValue()
    {
        var other = Convert.ToBase64String(new byte[32]);
        await File.WriteAllTextAsync(Path.Combine(rig.Data, "keys"), other, TestContext.Current.CancellationToken);
        var (_, report) = await rig.ExamineAsync();
        report
            .Findings.Where(f =>
                f.Check == "keys" && f.What.Contains("sealed with master key", StringComparison.Ordinal)
            )
            .Select(f => f.Where)
            .ShouldBe(["service script", "service tool", "group assistant", "group default", "group samples"]);
    }

    [Fact]
    public async Task DataFolder_ThatIsNotThere_IsOnlyAWarning()
    {
        DoctorRig.Shell($"mv '{rig.Data}' '{rig.Data}-gone'");
        var (code, _) = await rig.ExamineAsync();
        code.ShouldBe(ExitCode.Ok, rig.Text);
        rig.Text.ShouldContain("warning  data");
        Directory.Exists(rig.Data).ShouldBeFalse("looking makes nothing");
    }

    [Fact]
    public async Task Port_TakenByAProcess_IsFoundWithItsName()
    {
        using (var taken = new TcpListener(IPAddress.Loopback, rig.Port))
        {
            taken.Start();
            rig.Options.AddRange(["--timeout", "1"]);
            var (_, report) = await rig.ExamineAsync();
            var found = report.Findings.Single(f => f.Check == "ports");
            found.Severity.ShouldBe(Severity.Fault, "a check that waits for the silent gateway is a finding, too");
        }
        rig.Options.Clear();
        (await rig.ExamineAsync()).Code.ShouldBe(ExitCode.Ok, rig.Text);
    }

    [Fact]
    public async Task Disk_WithTooLittleRoom_IsFound()
    {
        rig.Options.AddRange(["--min-free", "900000000"]);
        await HasAsync("disk", Severity.Fault, "MiB are free", "RetentionDays");
    }

    [Fact]
    public async Task Address_OfAllInterfaces_IsAWarning()
    {
        rig.Listen = $"http://0.0.0.0:{rig.Port}";
        var (_, report) = await rig.ExamineAsync();
        report.Findings.Count(f => f is { Check: "exposure", Severity: Severity.Warning }).ShouldBe(2, rig.Text);
    }

    [Fact]
    public async Task Postgres_ThatDoesNotRun_IsFoundWithoutItsPassword()
    {
        rig.WriteConfig(
            $$$"""{"Storage":{"Provider":"Postgres","MasterKeyFile":"{{{rig.Data}}}/keys","ConnectionString":"Host=127.0.0.1;Port={{{rig.Port}}};Database=f;Username=f;Password=geheim"}}"""
        );
        await HasAsync("store", Severity.Fault, "cannot be opened", "start the database");
        rig.Text.ShouldNotContain("geheim");
    }

    [Fact]
    public async Task Check_ThatThrowsOrHangs_IsAFindingAndStopsNoOther()
    {
        var site = new Site(
            new Terminal
            {
                In = TextReader.Null,
                Out = TextWriter.Null,
                Error = TextWriter.Null,
                Variable = _ => null,
            },
            new Uri(rig.Url),
            new("", rig.Data, null, null, null),
            1
        );
        var found = await Examination.RunAsync(
            [new Spoilt("throws"), new Spoilt("hangs"), new Spoilt("good")],
            site,
            TimeSpan.FromMilliseconds(300),
            TestContext.Current.CancellationToken
        );
        found
            .Select(f => (f.Check, f.Severity))
            .ShouldBe([
                ("throws", Severity.Ok),
                ("throws", Severity.Fault),
                ("hangs", Severity.Ok),
                ("hangs", Severity.Fault),
                ("good", Severity.Ok),
            ]);
    }

    private async Task<(int Code, Finding Finding)> OnlyAsync(string check, Severity severity)
    {
        var (code, report) = await rig.ExamineAsync();
        var found = report.Findings.Where(f => f.Severity != Severity.Ok).ToList();
        found.Count.ShouldBe(1, rig.Text);
        (found[0].Check, found[0].Severity).ShouldBe((check, severity), rig.Text);
        return (code, found[0]);
    }

    private async Task HasAsync(string check, Severity severity, string what, string mend)
    {
        var (code, report) = await rig.ExamineAsync();
        report.Findings.ShouldContain(
            f =>
                f.Check == check
                && f.Severity == severity
                && f.What.Contains(what, StringComparison.Ordinal)
                && f.Mend!.Contains(mend, StringComparison.Ordinal),
            rig.Text
        );
        code.ShouldBe(severity == Severity.Fault ? ExitCode.Failed : ExitCode.Ok, rig.Text);
    }

    private sealed class Spoilt(string name) : ICheck
    {
        public string Name => name;

        public async IAsyncEnumerable<Finding> RunAsync(
            Site site,
            [EnumeratorCancellation] CancellationToken cancellationToken
        )
        {
            yield return new(Severity.Ok, name, "", "");
            if (name == "throws")
                throw new InvalidOperationException("planted");
            // Not even cancellation ends it.
            if (name == "hangs")
                await new TaskCompletionSource().Task;
        }
    }
}
