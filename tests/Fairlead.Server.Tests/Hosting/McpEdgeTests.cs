using System.Net;
using System.Text;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Storage;
using Microsoft.AspNetCore.Routing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting;

/// <summary>How the MCP endpoints stand in the whole product's pipeline.</summary>
public sealed class McpEdgeTests
{
    // R1, R2: they run as soon as they are routed to, but never before the guard.
    [Theory]
    [InlineData("/mcp")]
    [InlineData("/mcp/default")]
    [InlineData("/default/mcp")]
    public async Task Post_FromForeignHost_IsRefusedBeforeTheKeyIsRead(string path)
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        using var foreign = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("{}") };
        foreign.Headers.Host = "evil.example.com";
        using var own = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent("{}", Encoding.UTF8, "application/json"),
        };

        using var refused = await host.Client.SendAsync(foreign);
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("Gateway:AllowedHosts");
        (await host.Client.SendAsync(own)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    // I-14: the API speaks its own envelope, also to a request that is refused before it is routed.
    [Fact]
    public async Task ApiRequest_FromForeignHost_GetsTheEnvelope()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/api/v1/auth/me");
        foreign.Headers.Host = "evil.example.com";
        using HttpResponseMessage response = await host.Client.SendAsync(foreign);
        var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
        answer.CheckEnvelope();
        (answer.Status, answer.Code).ShouldBe((403, "AUTHORIZATION_FAILED"));
    }

    [Fact]
    public async Task Health_ToStrangers_TellsNoNames()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();
        await host.Get<ServiceStore>()
            .AddAsync(new ServiceDraft("canary-name", TestStore.Definition("/none/such")), default);
        string stranger = await host.Client.GetStringAsync("/health");
        stranger.ShouldContain("1 of 1 not running");
        stranger.ShouldNotContain("canary-name");
        (await AsAsync(host.Token!)).ShouldContain("not running: canary-name");
        (await AsAsync(await host.SignInAsync("carol"))).ShouldNotContain("canary-name");

        async Task<string> AsAsync(string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
            request.Headers.Authorization = new("Bearer", token);
            using HttpResponseMessage response = await host.Client.SendAsync(request);
            return await response.Content.ReadAsStringAsync();
        }
    }

    // The REST API's authentication would cost each call a third of its time and a log line (docs/performance.md).
    [Fact]
    public async Task Endpoints_OfTheDataPlane_SkipRestAuthentication()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync();

        var mcp = host
            .Endpoints.OfType<RouteEndpoint>()
            .Where(e =>
                e.RoutePattern.RawText!.Split('/').Contains("mcp")
                && !e.RoutePattern.RawText.StartsWith("/api", StringComparison.Ordinal)
            )
            .ToList();

        mcp.Count.ShouldBe(5);
        mcp.ShouldAllBe(e => e.Metadata.Any(m => m.GetType().Name == "ShortCircuitMetadata"));
    }
}
