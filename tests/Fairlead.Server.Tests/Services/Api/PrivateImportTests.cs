using Fairlead.Server.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Api;

// S-03 with security.md section 4: a file's addresses are as safe as one that is typed.
public sealed class PrivateImportTests
{
    private const string File = """{\"mcpServers\":{\"near\":{\"url\":\"http://127.0.0.1:9/mcp\"}}}""";

    [Fact]
    public async Task Import_OfAPrivateAddress_IsRefusedUntilItIsAllowed()
    {
        await using var host = await AdminHost.StartWholeAsync(("Services:Channels:RefusePrivateAddresses", "true"));
        var refused = await host.PostAsync("/api/v1/services/import", $$"""{"content":"{{File}}"}""");
        refused.Code.ShouldBe("SERVICE_CONFIGURATION_INVALID");
        refused.Field.ShouldBe("near.url");

        var done = await host.PostAsync("/api/v1/services/import", $$"""{"content":"{{File}}","allow_private":true}""");
        done.Status.ShouldBe(200, done.Text);
        (await host.GetAsync("/api/v1/services/near")).Data.GetProperty("allow_private").GetBoolean().ShouldBeTrue();

        // The same file again does not speak of it: what was said stays.
        var again = await host.PostAsync("/api/v1/services/import", $$"""{"content":"{{File}}"}""");
        again.Data.GetProperty("services")[0].GetProperty("action").GetString().ShouldBe("unchanged");
    }

    // Who wrote the file does not decide where the gateway may reach, also not by a name that leads to a private address.
    [Fact]
    public async Task Import_OfAFileThatAllowsItself_IsRefusedUntilItIsAllowed()
    {
        const string file = """{\"mcpServers\":{\"sly\":{\"url\":\"http://sly.test/mcp\",\"allowPrivate\":true}}}""";
        await using var host = await AdminHost.StartWholeAsync(("Services:Channels:RefusePrivateAddresses", "true"));
        var refused = await host.PostAsync("/api/v1/services/import", $$"""{"content":"{{file}}"}""");
        refused.Code.ShouldBe("SERVICE_CONFIGURATION_INVALID");
        refused.Field.ShouldBe("sly.allowPrivate");

        var done = await host.PostAsync("/api/v1/services/import", $$"""{"content":"{{file}}","allow_private":true}""");
        done.Status.ShouldBe(200, done.Text);
        var again = await host.PostAsync("/api/v1/services/import", $$"""{"content":"{{file}}"}""");
        again.Data.GetProperty("services")[0].GetProperty("action").GetString().ShouldBe("unchanged");
    }
}
