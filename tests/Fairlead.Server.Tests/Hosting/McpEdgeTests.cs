using System.Net;
using System.Text;
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
