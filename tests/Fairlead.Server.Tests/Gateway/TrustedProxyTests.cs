using System.Net;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>Whose forwarded headers count (contracts.md §2.6, A-82; R1, R2 behind a proxy). The peer here is 127.0.0.1.</summary>
public sealed class TrustedProxyTests
{
    private const string Peer = "127.0.0.1";
    private const string Elsewhere = "192.0.2.0/24";
    private const string Initialize =
        """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"dify","version":"1"}}}""";

    private static async Task<GatewayHost> StartAsync(params string[] proxies)
    {
        var options = new GatewayOptions { TrustedProxies = proxies, AllowedHosts = ["mcp.example.org"] };
        var host = new GatewayHost(options, port: true);
        host.AddService(
            "svc",
            new ScriptedChannel(Revision.V20251125, _ => Task.FromResult(ScriptedChannel.Result("{}"))),
            "own"
        );
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        return await host.StartAsync();
    }

    private static async Task<string> EndpointAsync(GatewayHost host, string prefix, string path = "/mcp")
    {
        using var client = host.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-Prefix", prefix);
        using var stream = await client.GetAsync(
            new Uri(path, UriKind.Relative),
            HttpCompletionOption.ResponseHeadersRead
        );
        stream.StatusCode.ShouldBe(HttpStatusCode.OK);
        await using var events = stream.EventsAsync().GetAsyncEnumerator();
        (await events.MoveNextAsync()).ShouldBeTrue();
        return events.Current.Data;
    }

    private static async Task<HttpStatusCode> AskAsync(
        GatewayHost host,
        string? key,
        params (string Name, string Value)[] headers
    )
    {
        using var client = host.Client(key);
        foreach (var (name, value) in headers)
            client.DefaultRequestHeaders.Add(name, value);
        using var response = await client.SendAsync(Wire.Post(Initialize, "/mcp"));
        return response.StatusCode;
    }

    [Theory]
    [InlineData("/tools", "/mcp", "/tools/mcp/messages?sessionId=")]
    [InlineData("/tools/", "/mcp", "/tools/mcp/messages?sessionId=")]
    [InlineData("/a/b", "/sse", "/a/b/messages?sessionId=")]
    [InlineData("/", "/sse", "/messages?sessionId=")]
    // Two slashes would send the client, and its messages, to another host.
    [InlineData("//evil.example", "/mcp", "/evil.example/mcp/messages?sessionId=")]
    [InlineData("/\\evil.example", "/mcp", "/%5Cevil.example/mcp/messages?sessionId=")]
    [InlineData("/a%0d%0adata: x", "/mcp", "/a%0D%0Adata:%20x/mcp/messages?sessionId=")]
    [InlineData("http://evil.example/", "/mcp", "/mcp/messages?sessionId=")]
    public async Task Endpoint_BehindATrustedProxy_HasItsPrefixAndStaysOnItsOrigin(
        string prefix,
        string path,
        string expected
    )
    {
        await using var host = await StartAsync(Peer);
        var endpoint = await EndpointAsync(host, prefix, path);
        endpoint.ShouldStartWith(expected);
        var asked = new Uri("https://mcp.example.org/tools/mcp");
        new Uri(asked, endpoint).GetLeftPart(UriPartial.Authority).ShouldBe("https://mcp.example.org");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Elsewhere)]
    public async Task Prefix_OfAnyoneElse_IsIgnored(string? trusted)
    {
        await using var host = await StartAsync(trusted is null ? [] : [trusted]);
        (await EndpointAsync(host, "/tools")).ShouldStartWith("/mcp/messages?sessionId=");
    }

    // The address in audit and refusal log (security.md §0.9), which any limit by address goes by too.
    [Theory]
    [InlineData(null, "203.0.113.9", Peer)]
    [InlineData(Elsewhere, "203.0.113.9", Peer)]
    [InlineData(Peer, "203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.0/8", "203.0.113.9", "203.0.113.9")]
    // What the client itself put in front does not count: the walk ends at the first that is not trusted.
    [InlineData(Peer, "198.51.100.1, 203.0.113.9", "203.0.113.9")]
    [InlineData(Peer + " 192.0.2.0/24", "198.51.100.1, 203.0.113.9, 192.0.2.7", "203.0.113.9")]
    [InlineData(Peer, "nonsense", Peer)]
    public async Task Address_IsTheForwardedOne_OnlyFromATrustedProxy(
        string? trusted,
        string forwarded,
        string expected
    )
    {
        await using var host = await StartAsync(trusted?.Split(' ') ?? []);
        (await AskAsync(host, null, ("X-Forwarded-For", forwarded))).ShouldBe(HttpStatusCode.Unauthorized);
        host.Refusals.ShouldHaveSingleItem().From!.MapToIPv4().ToString().ShouldBe(expected);
    }

    // R1, R2: the guard judges what the client asked for, and nobody talks his way past it.
    [Theory]
    [InlineData(Peer, "gateway.internal", "mcp.example.org", null, HttpStatusCode.OK)]
    [InlineData(Peer, "gateway.internal", "mcp.example.org", "https://mcp.example.org", HttpStatusCode.OK)]
    [InlineData(Peer, "mcp.example.org", "evil.example", null, HttpStatusCode.Forbidden)]
    [InlineData(Peer, "mcp.example.org", "mcp.example.org", "https://evil.example", HttpStatusCode.Forbidden)]
    [InlineData(null, "evil.example", "mcp.example.org", null, HttpStatusCode.Forbidden)]
    [InlineData(Elsewhere, "evil.example", "mcp.example.org", null, HttpStatusCode.Forbidden)]
    [InlineData(Elsewhere, "mcp.example.org", "evil.example", null, HttpStatusCode.OK)]
    public async Task Guard_JudgesTheForwardedHost_OnlyFromATrustedProxy(
        string? trusted,
        string host,
        string forwarded,
        string? origin,
        HttpStatusCode expected
    )
    {
        await using var gateway = await StartAsync(trusted is null ? [] : [trusted]);
        List<(string, string)> headers = [("Host", host), ("X-Forwarded-Host", forwarded)];
        if (origin is not null)
            headers.Add(("Origin", origin));
        (await AskAsync(gateway, GatewayHost.Key, [.. headers])).ShouldBe(expected);
        (gateway.Sessions.Count == 1).ShouldBe(expected == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("10")]
    [InlineData("10.0.0.0/33")]
    [InlineData("")]
    public void Entry_ThatIsNoAddress_IsToldByName(string entry)
    {
        var wrong = Should.Throw<StoreException>(() =>
            new GatewayHost(new GatewayOptions { TrustedProxies = [entry] })
        );
        wrong.Message.ShouldContain($"TrustedProxies: '{entry}'");
    }
}
