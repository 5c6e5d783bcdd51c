using System.Security.Cryptography;
using System.Text.Json;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Import;

/// <summary>Search in a registry, and services from it that run (S-03, contracts.md section 5.1).</summary>
public sealed class RegistryTests : IAsyncLifetime
{
    private LoopbackRegistry registry = null!;

    public async ValueTask InitializeAsync() => registry = await LoopbackRegistry.StartAsync();

    public ValueTask DisposeAsync() => registry.DisposeAsync();

    private Task<AdminHost> HostAsync(string path = "", params (string, string)[] more) =>
        AdminHost.StartWholeAsync([
            ("Services:Registry:Url", new Uri(registry.Address, path).AbsoluteUri),
            ("Services:Registry:AllowPrivate", "true"),
            .. more,
        ]);

    private static string[] Names(Answer answer) =>
        [.. answer.Data.GetProperty("servers").EnumerateArray().Select(s => s.GetProperty("name").GetString()!)];

    [Fact]
    public async Task Search_FindsPageByPage()
    {
        foreach (var n in Enumerable.Range(1, 3))
            registry.Publish(
                $$"""{"name":"io.test/weather-{{n}}","title":"W","description":"d{{n}}","version":"1.0.0","packages":[{"registryType":"npm","identifier":"w","version":"1.0.0","transport":{"type":"stdio"} }]}"""
            );
        registry.Publish(
            """{"name":"io.test/other","description":"d","version":"1.0.0","remotes":[{"type":"sse","url":"https://example.org/sse"}]}"""
        );
        registry.Publish(
            """{"name":"io.test/other","description":"d","version":"2.0.0","remotes":[{"type":"sse","url":"https://example.org/sse"}]}"""
        );
        await using var host = await HostAsync();
        var first = await host.GetAsync("/api/v1/registry/servers?search=weather&limit=2");
        first.Status.ShouldBe(200, first.Text);
        Names(first).ShouldBe(["io.test/weather-1", "io.test/weather-2"]);
        var cursor = first.Data.GetProperty("next_cursor").GetString()!;
        var second = await host.GetAsync(
            $"/api/v1/registry/servers?search=weather&limit=2&cursor={Uri.EscapeDataString(cursor)}"
        );
        Names(second).ShouldBe(["io.test/weather-3"]);
        second.Data.GetProperty("next_cursor").ValueKind.ShouldBe(JsonValueKind.Null);

        var versions = await host.GetAsync("/api/v1/registry/servers/io.test%2Fother/versions");
        versions.Status.ShouldBe(200, versions.Text);
        var last = versions.Data.GetProperty("servers")[1];
        last.GetProperty("version").GetString().ShouldBe("2.0.0");
        last.GetProperty("status").GetString().ShouldBe("active");
        last.GetProperty("remotes")[0].GetString().ShouldBe("https://example.org/sse");
        (await host.GetAsync("/api/v1/registry/servers/io.test%2Fnone/versions")).Status.ShouldBe(404);
        (await host.GetAsync("/api/v1/registry/servers?limit=101")).Field.ShouldBe("limit");
    }

    [Fact]
    public async Task Import_OfARemoteWithVariables_Runs()
    {
        await using var service = await FixtureProcess.StartHttpAsync();
        registry.Publish(
            $$$"""
            {"name":"io.test/remote","description":"d","version":"1.0.0","remotes":[{"type":"streamable-http",
            "url":"http://127.0.0.1:{port}/mcp","variables":{"port":{"description":"Its port","isRequired":true,"format":"number"}},
            "headers":[{"name":"X-Key","description":"The key","isRequired":true,"isSecret":true}]}]}
            """
        );
        await using var host = await HostAsync();
        var bare = await host.PostAsync("/api/v1/registry/import", """{"name":"io.test/remote"}""");
        (bare.Status, bare.Field).ShouldBe((400, "values.port"));
        var request =
            $$$"""{"name":"io.test/remote","values":{"port":"{{{service.Address.Port}}}","X-Key":"canary-registry-key"}}""";
        var done = await host.PostAsync("/api/v1/registry/import", request);
        done.Status.ShouldBe(200, done.Text);
        done.Text.ShouldNotContain("canary");
        (await host.GetAsync("/api/v1/services/remote/wait")).Status.ShouldBe(200);
        (await host.GetAsync("/api/v1/tools")).Data.GetArrayLength().ShouldBeGreaterThan(0);
        host.Now.Services.Single().Definition.Headers["X-Key"].ShouldStartWith("${secret:");
        var again = await host.PostAsync("/api/v1/registry/import", request);
        again.Data.GetProperty("services")[0].GetProperty("action").GetString().ShouldBe("unchanged");
    }

    [Theory]
    [InlineData("files")]
    [InlineData("moved")]
    public async Task Import_OfABundle_IsFetchedVerifiedAndRuns(string folder)
    {
        var bundle = SampleBundle.Good();
        registry.Files["hello.mcpb"] = bundle;
        PublishBundle($"{folder}/hello.mcpb", Convert.ToHexStringLower(SHA256.HashData(bundle)));
        await using var host = await HostAsync();
        var done = await host.PostAsync(
            "/api/v1/registry/import",
            """{"name":"io.test/hello","values":{"api_key":"canary-key"}}"""
        );
        done.Status.ShouldBe(200, done.Text);
        (await host.GetAsync("/api/v1/services/hello/wait")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Import_OfABundleThatIsAnother_IsRefused()
    {
        registry.Files["hello.mcpb"] = SampleBundle.Good();
        PublishBundle("files/hello.mcpb", new string('0', 64));
        await using var host = await HostAsync();
        var done = await host.PostAsync(
            "/api/v1/registry/import",
            """{"name":"io.test/hello","values":{"api_key":"k"}}"""
        );
        (done.Status, done.Code, done.Field).ShouldBe((400, "CONFIG_INVALID", "file_sha256"));
        host.Now.Services.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("round", "redirects more than 5 times")]
    [InlineData("gone", "has no such server, version or file")]
    public async Task Import_OfABundleThatCannotBeHad_SaysWhy(string path, string message)
    {
        PublishBundle(path, new string('0', 64));
        await using var host = await HostAsync();
        var done = await host.PostAsync("/api/v1/registry/import", """{"name":"io.test/hello"}""");
        done.Code.ShouldBe(path == "gone" ? "NOT_FOUND" : "SERVICE_UNAVAILABLE");
        done.Text.ShouldContain(message);
    }

    [Fact]
    public async Task Import_OfABundleElsewhere_IsGuarded()
    {
        PublishBundle("files/hello.mcpb", new string('0', 64), "http://169.254.169.254/");
        await using var host = await HostAsync();
        var done = await host.PostAsync("/api/v1/registry/import", """{"name":"io.test/hello"}""");
        (done.Status, done.Code).ShouldBe((503, "SERVICE_UNAVAILABLE"));
        done.Text.ShouldContain("not allowed");
    }

    [Theory]
    [InlineData("odd", "is no JSON")]
    [InlineData("huge", "is larger than")]
    [InlineData("absent", "no such server")]
    public async Task Registry_ThatIsNone_IsSaidToBe(string path, string message)
    {
        await using var host = await HostAsync(path);
        var answer = await host.GetAsync("/api/v1/registry/servers");
        answer.Status.ShouldBeOneOf(404, 503);
        answer.Text.ShouldContain(message);
    }

    [Fact]
    public async Task Registry_ThatHangs_IsGivenUp()
    {
        await using var host = await HostAsync("slow");
        var asked = host.GetAsync("/api/v1/registry/servers");
        await Eventually.UntilAsync(
            () =>
            {
                host.Time.Advance(TimeSpan.FromSeconds(10));
                return Task.FromResult(asked.IsCompleted);
            },
            TimeSpan.FromSeconds(30)
        );
        var answer = await asked;
        (answer.Status, answer.Code).ShouldBe((503, "SERVICE_UNAVAILABLE"));
        answer.Text.ShouldContain("within 30 s");
    }

    [Fact]
    public async Task Registry_OnAPrivateAddress_NeedsTheSetting()
    {
        await using var host = await HostAsync(more: ("Services:Registry:AllowPrivate", "false"));
        var answer = await host.GetAsync("/api/v1/registry/servers");
        (answer.Status, answer.Code).ShouldBe((503, "SERVICE_UNAVAILABLE"));
        answer.Text.ShouldContain("Services:Registry:AllowPrivate");
    }

    [Fact]
    public async Task Registry_ThatIsDownOrNotConfigured_IsSaidToBe()
    {
        await using (var host = await HostAsync())
        {
            await registry.DisposeAsync();
            var down = await host.GetAsync("/api/v1/registry/servers");
            (down.Status, down.Code).ShouldBe((503, "SERVICE_UNAVAILABLE"));
            down.Text.ShouldContain("127.0.0.1 cannot be reached");
        }
        await using var bare = await AdminHost.StartWholeAsync();
        var none = await bare.GetAsync("/api/v1/registry/servers");
        (none.Status, none.Code).ShouldBe((404, "CONFIG_NOT_FOUND"));
        none.Text.ShouldContain("Services:Registry:Url");
    }

    private void PublishBundle(string path, string sha256, string? root = null) =>
        registry.Publish(
            $$"""
            {"name":"io.test/hello","description":"d","version":"1.0.0","packages":[{"registryType":"mcpb",
            "identifier":"{{root
                ?? registry.Address.AbsoluteUri}}{{path}}","fileSha256":"{{sha256}}","transport":{"type":"stdio"} }]}
            """
        );
}
