using System.Text.Json;
using Fairlead.Server.Tests.Caching;
using Fairlead.Server.Tools.Samples;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Samples;

/// <summary>The seven cases of P-111.</summary>
public sealed class ProductionSearchTests
{
    private const string Laser = """{"query":"laser"}""";

    // P-111
    [Fact]
    public async Task Search_WithoutAToken_IsAnonymousAndFindsSomething()
    {
        await using var host = await SamplesHost.StartAsync();
        var found = await host.CallAsync("production_search", Laser);
        found.EnumerateObject().Select(m => m.Name).ShouldBe(["success", "request_id", "cached", "result"]);
        found.GetProperty("success").GetBoolean().ShouldBeTrue();
        found.GetProperty("cached").GetBoolean().ShouldBeFalse();
        found.GetProperty("result").GetArrayLength().ShouldBe(3);
        Guid.Parse(found.GetProperty("request_id").GetString()!).ShouldNotBe(Guid.Empty);
    }

    // P-111
    [Fact]
    public async Task Search_WithAValidToken_FindsSomething()
    {
        await using var host = await SamplesHost.StartAsync();
        var token = await host.TokenAsync("carol");
        var found = await host.CallAsync("production_search", $$"""{"query":"laser","token":"{{token}}"}""");
        found.GetProperty("success").GetBoolean().ShouldBeTrue();
    }

    // P-111
    [Fact]
    public async Task Search_WithAnInvalidToken_FailsToAuthenticate()
    {
        await using var host = await SamplesHost.StartAsync();
        (await FailedAsync(host, """{"query":"laser","token":"no.such.token"}""")).ShouldStartWith(
            "authentication failed"
        );
    }

    // P-111
    [Fact]
    public async Task Search_ForNothing_IsRefused()
    {
        await using var host = await SamplesHost.StartAsync();
        (await FailedAsync(host, """{"query":""}""")).ShouldContain("1 to 1000");
    }

    // P-111
    [Fact]
    public async Task Search_ForTooMuch_IsRefused()
    {
        await using var host = await SamplesHost.StartAsync();
        await host.CallAsync("production_search", $$"""{"query":"{{new string('x', 1000)}}"}""");
        (await FailedAsync(host, $$"""{"query":"{{new string('x', 1001)}}"}""")).ShouldContain("1 to 1000");
    }

    // P-111
    [Fact]
    public async Task Search_Again_IsCachedUnderANewRequestId()
    {
        await using var host = await SamplesHost.StartAsync();
        var first = await host.CallAsync("production_search", Laser);
        var second = await host.CallAsync("production_search", Laser, "carol");
        second.GetProperty("cached").GetBoolean().ShouldBeTrue();
        second.GetProperty("result").GetRawText().ShouldBe(first.GetProperty("result").GetRawText());
        second.GetProperty("request_id").GetString().ShouldNotBe(first.GetProperty("request_id").GetString());
    }

    // P-111
    [Fact]
    public async Task Search_WhoseSourceFails_SaysSoInItsOwnShape()
    {
        await using var node = await CacheNode.StartAsync();
        var services = new ServiceCollection().BuildServiceProvider();
        var tool = new ProductionSearch(
            new SampleSearch(new SampleDb(services)),
            node.Tools,
            _ => null,
            NullLogger<ProductionSearch>.Instance
        );
        var answer = await tool.SearchAsync(new CallContext(services), "laser");
        answer.IsError.ShouldBe(true);
        var failed = answer.StructuredContent!.Value;
        failed.GetProperty("success").GetBoolean().ShouldBeFalse();
        failed.GetProperty("error").GetString()!.ShouldContain(SampleDb.NotInitialized);
    }

    private static async Task<string> FailedAsync(SamplesHost host, string arguments)
    {
        using var failed = JsonDocument.Parse(await host.ErrorAsync("production_search", arguments));
        failed.RootElement.EnumerateObject().Select(m => m.Name).ShouldBe(["success", "request_id", "error"]);
        failed.RootElement.GetProperty("success").GetBoolean().ShouldBeFalse();
        return failed.RootElement.GetProperty("error").GetString()!;
    }
}
