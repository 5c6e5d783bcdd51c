using System.Globalization;
using System.Net;
using System.Text;
using Fairlead.Server.Storage;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http.Features;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting;

/// <summary>The address of a caller behind a proxy, in the whole product: audit and the limit on sign-ins (security.md §0.9).</summary>
public sealed class ForwardedAddressTests
{
    private const string Proxy = "10.9.9.9";
    private const string Stranger = "10.9.9.8";
    private const int Tries = 7;

    // Sign-ins are slowed down by address after five failures: not for others behind the same proxy, and nobody gets
    // free tries by naming another address each time.
    [Theory]
    [InlineData(Proxy, 0)]
    [InlineData(Stranger, 2)]
    public async Task SignIns_AreCountedByTheForwardedAddress_OnlyFromATrustedProxy(string peer, int slowed)
    {
        await using AdminHost host = await AdminHost.StartWholeAsync(("Gateway:TrustedProxies:0", Proxy));
        var statuses = new List<int>();
        for (var i = 1; i <= Tries; i++)
            statuses.Add(await SignInAsync(host, peer, $"203.0.113.{i.ToString(CultureInfo.InvariantCulture)}"));
        statuses.Count(s => s == 401).ShouldBe(Tries - slowed);
        statuses.Count(s => s == 429).ShouldBe(slowed);

        // Refusals reach the trail by a loop of their own.
        var all = Enumerable.Range(1, Tries).Select(i => $"203.0.113.{i}").ToList();
        HashSet<string?> addresses = [];
        await Eventually.UntilAsync(async () =>
        {
            Answer audit = await host.GetAsync("/api/v1/audit?action=auth.login&page_size=50");
            addresses = [.. audit.Data.EnumerateArray().Select(r => r.GetProperty("ip_address").GetString())];
            return peer == Proxy ? addresses.IsSupersetOf(all) : addresses.Contains(peer);
        });
        if (peer != Proxy)
            addresses.ShouldNotContain(a => a != null && a.StartsWith("203.", StringComparison.Ordinal));
        addresses.Contains(peer).ShouldBe(peer == Stranger);
    }

    [Theory]
    [InlineData("Gateway:TrustedProxies:0", "nginx", "TrustedProxies: 'nginx'")]
    [InlineData("Gateway:PublicUrl", "mcp.example.org", "PublicUrl: 'mcp.example.org'")]
    [InlineData("Gateway:PublicUrl", "ftp://mcp.example.org", "PublicUrl: 'ftp://mcp.example.org/'")]
    public async Task Setting_ThatIsWrong_EndsTheStartByName(string key, string value, string said)
    {
        var wrong = await Should.ThrowAsync<StoreException>(() => AdminHost.StartWholeAsync((key, value)));
        wrong.Message.ShouldContain(said);
    }

    private static async Task<int> SignInAsync(AdminHost host, string peer, string forwarded)
    {
        var body = Encoding.UTF8.GetBytes("""{"username":"carol","password":"not her password"}""");
        var http = await host.Server.SendAsync(context =>
        {
            context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
            context.Request.Method = "POST";
            context.Request.Scheme = "http";
            context.Request.Host = new("localhost");
            context.Request.Path = "/api/v1/auth/login";
            context.Request.ContentType = "application/json";
            context.Request.Headers["X-Forwarded-For"] = forwarded;
            context.Request.Body = new MemoryStream(body);
            context.Request.ContentLength = body.Length;
            context.Features.Set<IHttpRequestBodyDetectionFeature>(new Body());
        });
        return http.Response.StatusCode;
    }

    /// <summary>Says that there is a body, as a server's own reading would.</summary>
    private sealed class Body : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }
}
