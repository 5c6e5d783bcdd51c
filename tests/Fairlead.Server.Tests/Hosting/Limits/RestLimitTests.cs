using System.Net;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Storage;
using Fairlead.Server.Telemetry;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Hosting.Limits;

/// <summary>How often one address may use the REST API, in the whole product with the figures it ships with (I-26, C-03).</summary>
public sealed class RestLimitTests
{
    private const string Me = "198.51.100.7";
    private const string Other = "198.51.100.8";
    private const string Proxy = "10.9.9.9";

    private static Task<AdminHost> StartAsync(params (string Key, string Value)[] settings) =>
        AdminHost.StartWholeAsync([("Limits:RestBurst", "20"), ("Limits:RestPerMinute", "100"), .. settings]);

    private static async Task<Answer> AskAsync(
        AdminHost host,
        string peer,
        string? forwarded = null,
        string path = "/api/v1/auth/me"
    )
    {
        var http = await host.Server.SendAsync(context =>
        {
            context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
            context.Request.Method = "GET";
            context.Request.Scheme = "http";
            context.Request.Host = new("localhost");
            context.Request.Path = path;
            if (forwarded is not null)
                context.Request.Headers["X-Forwarded-For"] = forwarded;
        });
        using var reader = new StreamReader(http.Response.Body);
        using var message = new HttpResponseMessage();
        foreach (var (name, values) in http.Response.Headers)
            message.Headers.TryAddWithoutValidation(name, [.. values]);
        return new Answer(http.Response.StatusCode, await reader.ReadToEndAsync(), message.Headers);
    }

    private static string Header(Answer answer, string name) => answer.Headers.GetValues(name).Single();

    // I-26, C-03, I-14: an instant run fails at the 21st, in the envelope, and says when to come again.
    [Fact]
    public async Task Request_TheTwentyFirstAtOnce_Is429AndOneMoreEach600Ms()
    {
        await using AdminHost host = await StartAsync();
        for (var i = 1; i <= 20; i++)
        {
            Answer answer = await AskAsync(host, Me);
            answer.Status.ShouldBe(401);
            Header(answer, "X-RateLimit-Remaining").ShouldBe($"{20 - i}");
        }
        Answer refused = await AskAsync(host, Me);
        refused.CheckEnvelope();
        (refused.Status, refused.Code).ShouldBe((429, "RATE_LIMIT_EXCEEDED"));
        refused.Json.GetProperty("error").GetProperty("message").GetString().ShouldBe("Rate limit exceeded");
        Header(refused, "Retry-After").ShouldBe("1");
        Header(refused, "X-RateLimit-Limit").ShouldBe("100");
        Header(refused, "X-RateLimit-Remaining").ShouldBe("0");
        var details = refused.Json.GetProperty("error").GetProperty("details");
        details.GetProperty("limited").GetString().ShouldBe("requests of this address");
        details.GetProperty("retry_after_seconds").GetString().ShouldBe("1");

        (await AskAsync(host, Other)).Status.ShouldBe(401);
        host.Time.Advance(TimeSpan.FromMilliseconds(599));
        (await AskAsync(host, Me)).Status.ShouldBe(429);
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        (await AskAsync(host, Me)).Status.ShouldBe(401);
        (await AskAsync(host, Me)).Status.ShouldBe(429);

        await Eventually.UntilAsync(async () =>
            (await host.GetAsync("/api/v1/audit?action=access.refused&page_size=50"))
                .Data.EnumerateArray()
                .Any(r =>
                    r.GetProperty("ip_address").GetString() == Me
                    && r.GetRawText().Contains("RATE_LIMIT_EXCEEDED", StringComparison.Ordinal)
                )
        );
    }

    // C-03: behind a trusted proxy the forwarded address counts; from elsewhere a header gives nobody a second allowance.
    [Theory]
    [InlineData(Proxy, 0)]
    [InlineData(Me, 20)]
    public async Task Request_NamingAnotherAddressEachTime_IsCountedByTheOneToBeBelieved(string peer, int refused)
    {
        await using AdminHost host = await StartAsync(("Gateway:TrustedProxies:0", Proxy));
        var statuses = new List<int>();
        for (var i = 0; i < 40; i++)
            statuses.Add((await AskAsync(host, peer, $"203.0.113.{i}")).Status);
        statuses.Count(s => s == 429).ShouldBe(refused);
    }

    // Whoever has an IPv6 network has one allowance.
    [Fact]
    public async Task Request_FromOneIpv6Network_IsOneClients()
    {
        await using AdminHost host = await StartAsync();
        for (var i = 1; i <= 20; i++)
            (await AskAsync(host, $"2001:db8:0:1::{i}")).Status.ShouldBe(401);
        (await AskAsync(host, "2001:db8:0:1::ffff")).Status.ShouldBe(429);
        (await AskAsync(host, "2001:db8:0:2::1")).Status.ShouldBe(401);
        for (var i = 1; i <= 20; i++)
            (await AskAsync(host, "::ffff:198.51.100.7")).Status.ShouldBe(401);
        (await AskAsync(host, Me)).Status.ShouldBe(429);
    }

    // C-03: only the REST API; who is refused there still reaches the MCP endpoints and /health.
    [Theory]
    [InlineData("/mcp", 401)]
    [InlineData("/health", 200)]
    [InlineData("/openapi.json", 200)]
    [InlineData("/API/v1/no-such-address", 429)]
    public async Task Request_ElsewhereOverTheLimit_GoesOn(string path, int status)
    {
        await using AdminHost host = await StartAsync();
        for (var i = 0; i < 21; i++)
            await AskAsync(host, Me);
        for (var i = 0; i < 30; i++)
        {
            var http = await host.Server.SendAsync(context =>
            {
                context.Connection.RemoteIpAddress = IPAddress.Parse(Me);
                context.Request.Method = path == "/mcp" ? "POST" : "GET";
                context.Request.Host = new("localhost");
                context.Request.Path = path;
                context.Request.ContentType = "application/json";
            });
            http.Response.StatusCode.ShouldBe(status);
        }
    }

    // C-03: registration has a limit of its own, by address and in all, and the general one does not hold for it.
    [Fact]
    public async Task Registration_HasLimitsOfItsOwn()
    {
        await using AdminHost host = await AdminHost.StartWholeAsync(
            app =>
                app.MapRest("/test-registrations", "test", Server.Identity.Policies.Anyone)
                    .MapGet("/", static () => Results.Ok())
                    .WithName("test.register")
                    .Registers(),
            ("Limits:RestBurst", "20"),
            ("Limits:RestPerMinute", "100"),
            ("Limits:RegistrationsPerMinute", "200")
        );
        const string path = "/api/v1/test-registrations/";
        for (var i = 0; i < 120; i++)
            (await AskAsync(host, Me, path: path)).Status.ShouldBe(200);
        Answer refused = await AskAsync(host, Me, path: path);
        (refused.Status, Header(refused, "Retry-After")).ShouldBe((429, "1"));
        refused.Text.ShouldContain("registrations of this address");
        (await AskAsync(host, Me)).Status.ShouldBe(401);
        for (var i = 0; i < 80; i++)
            (await AskAsync(host, Other, path: path)).Status.ShouldBe(200);
        Answer full = await AskAsync(host, Other, path: path);
        full.Status.ShouldBe(429);
        full.Text.ShouldContain("registrations in all");
        host.Time.Advance(TimeSpan.FromSeconds(60));
        (await AskAsync(host, Other, path: path)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Limit_OfZero_IsLifted()
    {
        await using AdminHost host = await StartAsync(("Limits:RestPerMinute", "0"));
        for (var i = 0; i < 200; i++)
            (await AskAsync(host, Me)).Status.ShouldBe(401);
    }

    [Theory]
    [InlineData("RestPerMinute", "-1")]
    [InlineData("RestBurst", "0")]
    [InlineData("UserCalls", "-5")]
    [InlineData("AnonymousCalls", "-5")]
    [InlineData("UserWindow", "00:00:00")]
    [InlineData("MaxCallers", "0")]
    [InlineData("ShareEvery", "00:00:05")]
    [InlineData("RegistrationsPerAddress", "-1")]
    [InlineData("RegistrationsPerMinute", "-1")]
    public async Task Setting_ThatIsWrong_EndsTheStartByName(string key, string value)
    {
        var wrong = await Should.ThrowAsync<StoreException>(() => AdminHost.StartWholeAsync(($"Limits:{key}", value)));
        wrong.Message.ShouldContain($"Limits:{key} is ");
    }

    // C-03, P-89, I-26: what holds unless somebody says otherwise.
    [Fact]
    public void Defaults_AreThePromisedFigures()
    {
        var options = new LimitsOptions();
        (options.RestBurst, options.RestPerMinute).ShouldBe((20, 100));
        (options.RegistrationsPerAddress, options.RegistrationsPerMinute).ShouldBe((120, 600));
        (options.UserCalls, options.AnonymousCalls, options.UserWindow).ShouldBe((100, null, TimeSpan.FromSeconds(60)));
        var gateway = new Server.Gateway.GatewayOptions();
        (gateway.CallsPerMinute, gateway.ConcurrentCalls).ShouldBe((600, 32));
        options.Validate().ShouldBeEmpty();
    }
}
