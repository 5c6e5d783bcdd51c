using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Services.Bundles;
using Fairlead.Server.Services.Supervision;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Telemetry;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Server.Tests.Storage;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Import;

/// <summary>MCPB bundles (contracts.md section 5.2): unpacked safely, asked for what they need, started, swept away.</summary>
public sealed class BundleTests
{
    private const string Import = "/api/v1/services/import/bundle";

    private static async Task<Answer> SendAsync(
        AdminHost host,
        byte[] bundle,
        string? request = null,
        string query = ""
    )
    {
        using var file = new ByteArrayContent(bundle);
        using var form = new MultipartFormDataContent();
        if (request is not null)
        {
            form.Add(new StringContent(request, Encoding.UTF8, "application/json"), "request");
            form.Add(file, "file", "x.mcpb");
        }
        using var message = new HttpRequestMessage(HttpMethod.Post, Import + query)
        {
            Content = request is null ? file : form,
        };
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", host.Token);
        using var response = await host.Client.SendAsync(message);
        var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
        answer.CheckEnvelope();
        return answer;
    }

    private static string[] Kept(AdminHost host)
    {
        var folder = Path.Combine(host.Folder.Path, "bundles");
        return Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder).Where(d => !d.EndsWith(".staging", StringComparison.Ordinal))]
            : [];
    }

    [Fact]
    public async Task Bundle_Imported_RunsAndGoesWithItsService()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var dry = await SendAsync(host, SampleBundle.Good(), query: "?dry_run=true");
        dry.Status.ShouldBe(200, dry.Text);
        dry.Data.GetProperty("services")[0]
            .GetProperty("missing")[0]
            .GetProperty("name")
            .GetString()
            .ShouldBe("api_key");
        Kept(host).ShouldBeEmpty();
        var without = await SendAsync(host, SampleBundle.Good());
        (without.Status, without.Code, without.Field).ShouldBe((400, "MISSING_PARAMETER", "values.api_key"));
        Kept(host).ShouldBeEmpty();

        var loop = host.Get<ReconcileLoop>();
        await loop.StartAsync(default);
        var done = await SendAsync(host, SampleBundle.Good(), """{"values":{"api_key":"canary-key","n":"4"}}""");
        done.Status.ShouldBe(200, done.Text);
        done.Text.ShouldNotContain("canary");
        (await host.GetAsync("/api/v1/services/hello/wait")).Status.ShouldBe(200);
        var definition = host.Now.Services.Single().Definition;
        definition.Env["MODE"].ShouldBe(OperatingSystem.IsLinux() ? "linux" : "x");
        definition.Args[2].ShouldBe("${secret:hello.api_key}");
        var tool = (await host.GetAsync("/api/v1/tools")).Data[0].GetProperty("definition").GetProperty("description");
        tool.GetString().ShouldBe($"--key|canary-key|{Environment.GetEnvironmentVariable("HOME")}/Documents|/b|--n=4");
        var (rows, _) = await host.Get<AuditLog>()
            .ReadAsync(new AuditQuery(null, null, null, null, null), 0, 100, default);
        string.Concat(rows.Select(r => r.Record.Details)).ShouldNotContain("canary");

        var bundles = host.Get<BundleStore>();
        bundles.Sweep(() => host.Now);
        Kept(host).Length.ShouldBe(1);
        await host.DeleteAsync("/api/v1/services/hello");
        bundles.Sweep(() => host.Now);
        Kept(host).ShouldBeEmpty();
        Directory.GetDirectories(Path.Combine(host.Folder.Path, "bundles", ".staging")).ShouldBeEmpty();
        await loop.StopAsync(default);
    }

    [Fact]
    public async Task Sweep_ServiceRegisteredWhileItRuns_LeavesItsBundle()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var bundles = Path.Combine(host.Folder.Path, "bundles");
        foreach (var name in (string[])["aa", "bb"])
            Directory.CreateDirectory(Path.Combine(bundles, name));
        var looks = 0;
        var before = host.Now;
        var both = TestStore.Definition("/bundles/aa/x") with { Args = ["/bundles/bb/x"] };
        await host.Get<ServiceStore>().AddAsync(new ServiceDraft("both", both, Enabled: false), default);
        host.Get<BundleStore>().Sweep(() => looks++ == 0 ? before : host.Now);
        Kept(host).Length.ShouldBe(1);
    }

    [Fact]
    public async Task Bundle_OfARemovedService_IsSweptAwayByItself()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        (await SendAsync(host, SampleBundle.Good(), """{"values":{"api_key":"k","n":"4"}}""")).Status.ShouldBe(200);
        await host.DeleteAsync("/api/v1/services/hello");
        Kept(host).Length.ShouldBe(1);
        await Eventually.UntilAsync(
            () =>
            {
                host.Time.Advance(TimeSpan.FromSeconds(5));
                return Task.FromResult(Kept(host).Length == 0);
            },
            TimeSpan.FromSeconds(30)
        );
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("a/../../evil")]
    [InlineData("/etc/evil")]
    [InlineData("C:/evil")]
    [InlineData("..\\evil")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("SERVER/INDEX.JS")]
    [InlineData("server/index.js/x")]
    [InlineData("server/index.js")]
    public async Task Bundle_WithAHostileName_IsRefusedByIt(string name)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var answer = await SendAsync(
            host,
            SampleBundle.Zip(("manifest.json", SampleBundle.Manifest), ("server/index.js", "x"), (name, "evil"))
        );
        (answer.Status, answer.Code).ShouldBe((400, "CONFIG_INVALID"));
        answer.Field.ShouldBe(name == "server/index.js/x" ? "server/index.js" : name);
        Directory.GetFiles(host.Folder.Path, "evil*", SearchOption.AllDirectories).ShouldBeEmpty();
        File.Exists(Path.Combine(host.Folder.Path, "..", "evil")).ShouldBeFalse();
        Kept(host).ShouldBeEmpty();
        host.Now.Services.ShouldBeEmpty();
        Directory.GetDirectories(Path.Combine(host.Folder.Path, "bundles", ".staging")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Bundle_WithALink_IsRefused()
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            var link = zip.CreateEntry("link");
            link.ExternalAttributes = unchecked((int)0xA1FF0000);
            using var to = link.Open();
            to.Write("/etc/passwd"u8);
        }
        await using AdminHost host = await AdminHost.StartAsync();
        var answer = await SendAsync(host, stream.ToArray());
        (answer.Status, answer.Field).ShouldBe((400, "link"));
    }

    [Fact]
    public async Task Archive_Bombs_AreRefusedByDeclaredAndByRealSize()
    {
        var options = new BundleOptions { MaxUnpackedBytes = 100_000, MaxEntries = 10 };
        var big = SampleBundle.Zip(("zeros", new string('\0', 200_000)));
        (await RefusedAsync(big)).Field.ShouldBe("zeros");
        // The same, with a small size written into its directory and its header.
        var lie = (byte[])big.Clone();
        foreach (var at in Find(lie, BitConverter.GetBytes(200_000)))
            BitConverter.GetBytes(10).CopyTo(lie, at);
        (await RefusedAsync(lie)).Field.ShouldBe("zeros");
        // Within the size allowed, but far too well packed to be honest.
        options = options with
        {
            MaxUnpackedBytes = 10_000_000,
        };
        (await RefusedAsync(SampleBundle.Zip(("thin", new string('\0', 2_000_000))))).Message.ShouldContain(
            "200 times"
        );
        (await RefusedAsync(SampleBundle.Zip([.. Enumerable.Range(0, 11).Select(i => ($"f{i}", "x"))]))).Field.ShouldBe(
            "bundle"
        );
        (await RefusedAsync("no archive at all"u8.ToArray())).Field.ShouldBe("bundle");
        (await RefusedAsync(new byte[] { 0x50, 0x4B, 5, 6 })).Field.ShouldBe("bundle");
        // A directory of a hundred thousand entries is not even looked at.
        var many = SampleBundle.Zip([.. Enumerable.Range(0, 100_000).Select(i => ($"f{i}", ""))]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        (await RefusedAsync(many)).Field.ShouldBe("bundle");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1_000_000);

        async Task<BundleException> RefusedAsync(byte[] zip)
        {
            var target = Directory.CreateTempSubdirectory("fairlead-bundle-");
            try
            {
                var refused = await Should.ThrowAsync<BundleException>(() =>
                    BundleArchive.UnpackAsync(new MemoryStream(zip), target.FullName, options, default)
                );
                target.EnumerateFiles().Sum(f => f.Length).ShouldBeLessThan(options.MaxUnpackedBytes);
                return refused;
            }
            finally
            {
                target.Delete(recursive: true);
            }
        }
    }

    [Theory]
    [InlineData("\"0.3\"", "\"9.9\"", "hello.manifest.manifest_version")]
    [InlineData("\"description\":\"d\",", "", "hello.manifest.description")]
    [InlineData("\"author\":{\"name\":\"a\"},", "", "hello.manifest.author")]
    [InlineData("\"type\":\"node\"", "\"type\":\"shell\"", "hello.manifest.server.type")]
    [InlineData("\"server/index.js\"", "\"../index.js\"", "hello.manifest.server.entry_point")]
    [InlineData("\"env\":{\"MODE\":\"x\"}", "\"env\":[]", "hello.manifest.server.mcp_config.env")]
    [InlineData("\"type\":\"number\"", "\"type\":\"money\"", "hello.manifest.user_config.n.type")]
    [InlineData("\"command\":\"node\"", "\"command\":\"a\\u0000b\"", "hello.command")]
    [InlineData(
        "{\"manifest_version\"",
        "{\"compatibility\":{\"platforms\":[\"amiga\"]},\"manifest_version\"",
        "hello.manifest.compatibility.platforms"
    )]
    public async Task Manifest_Wrong_IsRefusedByTheField(string right, string wrong, string field)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        SampleBundle.Manifest.ShouldContain(right);
        var answer = await SendAsync(
            host,
            SampleBundle.Zip(("manifest.json", SampleBundle.Manifest.Replace(right, wrong)), ("server/index.js", "x"))
        );
        (answer.Status, answer.Code, answer.Field).ShouldBe((400, "SERVICE_CONFIGURATION_INVALID", field));
        Kept(host).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"values":{"api_key":"k","n":"10"}}""", "hello.values.n")]
    [InlineData("""{"values":{"api_key":"k","n":"many"}}""", "hello.values.n")]
    [InlineData("""{"values":{"api_key":"k","typo":"1"}}""", "values")]
    [InlineData("""{"values":{"api_key":"k","folders":"/a\n${secret:x}"}}""", "hello.manifest.user_config.folders")]
    public async Task Value_Wrong_IsRefused(string request, string field)
    {
        await using AdminHost host = await AdminHost.StartAsync();
        var answer = await SendAsync(host, SampleBundle.Good(), request);
        (answer.Status, answer.Field).ShouldBe((400, field));
    }

    [Fact]
    public async Task Bundle_WithAnotherDigest_IsRefused()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        (
            await SendAsync(host, SampleBundle.Good(), query: $"?dry_run=true&file_sha256={new string('0', 64)}")
        ).Field.ShouldBe("file_sha256");
        var right = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(SampleBundle.Good()));
        (await SendAsync(host, SampleBundle.Good(), query: $"?dry_run=true&file_sha256={right}")).Status.ShouldBe(200);
    }

    private static IEnumerable<int> Find(byte[] bytes, byte[] part) =>
        [
            .. Enumerable
                .Range(0, bytes.Length - part.Length)
                .Where(i => bytes.AsSpan(i, part.Length).SequenceEqual(part)),
        ];
}
