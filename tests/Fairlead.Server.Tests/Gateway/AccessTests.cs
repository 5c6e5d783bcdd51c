using System.Net;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>Keys, codes, origins and limits in front of every call (A-12, A-18, A-49, C-03, C-14, R1, R2).</summary>
public sealed class AccessTests
{
    private const string Other = "mcp_key_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    private static async Task<GatewayHost> TwoGroupsAsync(
        GatewayOptions? options = null,
        Func<string, CallingUser?>? users = null
    )
    {
        var host = new GatewayHost(options, users);
        host.AddService("a", Echo(), "alpha");
        host.AddService("b", Echo(), "beta");
        host.AddGroup("one", GatewayHost.Key, null, "a");
        host.AddGroup("two", Other, null, "b");
        return await host.StartAsync();
    }

    private static ScriptedChannel Echo() =>
        new(
            Revision.V20260728,
            _ => Task.FromResult(ScriptedChannel.Result("""{"resultType":"complete","content":[]}"""))
        );

    // keys on one port return different tool lists; A-16: only the group's own tools; C-17: one process, logical servers.
    [Fact]
    public async Task List_ByKey_ShowsThatGroupOnly()
    {
        await using var host = await TwoGroupsAsync();
        foreach (var (key, tool) in new[] { (GatewayHost.Key, "alpha"), (Other, "beta") })
        {
            var answer = await host.Client(key).AskAsync(Wire.Modern("tools/list"));
            answer
                .GetProperty("result")
                .GetProperty("tools")
                .EnumerateArray()
                .Single()
                .GetProperty("name")
                .GetString()
                .ShouldBe(tool);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("mcp_key_CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC")]
    [InlineData("something")]
    public async Task Post_WithoutGoodKey_Is401AndReachesNoService(string? key)
    {
        await using var host = await TwoGroupsAsync();
        using var response = await host.Client(key).SendAsync(Wire.Modern("tools/list"));
        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        response.Headers.WwwAuthenticate.ToString().ShouldStartWith("Bearer");
        (await host.Client().SendAsync(Wire.Modern("tools/list"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    // security.md 0.9: who was refused is noted for the audit, once a request, and a good request is not.
    [Theory]
    [InlineData("key", "unauthorized")]
    [InlineData("origin", "wrong_origin")]
    [InlineData("twice", "duplicate_key")]
    [InlineData("header", "header_mismatch")]
    [InlineData("code", "unknown_group")]
    [InlineData("sse", "unauthorized")]
    public async Task Request_ThatIsRefused_IsNotedOnce(string what, string reason)
    {
        await using var host = await TwoGroupsAsync();
        using var request = what switch
        {
            "twice" => Wire.Post("""{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"""),
            "header" => Wire.Modern("tools/call", "\"name\":\"alpha\"", name: "beta"),
            "sse" => new HttpRequestMessage(HttpMethod.Get, "/sse"),
            "code" => Wire.Modern("tools/list", path: "/mcp/two"),
            _ => Wire.Modern("tools/list"),
        };
        if (what == "origin")
            request.Headers.Add("Origin", "https://evil.example.com");
        var client = host.Client(
            what is "key" or "sse" ? "mcp_key_CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC" : GatewayHost.Key
        );
        (await client.SendAsync(request)).IsSuccessStatusCode.ShouldBeFalse();
        var refusal = host.Refusals.ShouldHaveSingleItem();
        (refusal.Action, refusal.Reason).ShouldBe(("mcp.refused", reason));
        refusal.Resource.ShouldBe($"{request.Method} {request.RequestUri!.AbsolutePath}");
        (await host.Client().SendAsync(Wire.Modern("tools/list"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        host.Refusals.Count.ShouldBe(1);
    }

    // C-14, C-15: a code must be the key's own; a foreign one looks like an unknown one.
    [Theory]
    [InlineData("/mcp", HttpStatusCode.OK)]
    [InlineData("/mcp/v1", HttpStatusCode.OK)]
    [InlineData("/mcp/", HttpStatusCode.OK)]
    [InlineData("/mcp/one", HttpStatusCode.OK)]
    [InlineData("/one/mcp", HttpStatusCode.OK)]
    [InlineData("/mcp/two", HttpStatusCode.NotFound)]
    [InlineData("/mcp/none", HttpStatusCode.NotFound)]
    [InlineData("/none/mcp", HttpStatusCode.NotFound)]
    public async Task Post_ToPath_IsAnsweredByItsCode(string path, HttpStatusCode expected)
    {
        await using var host = await TwoGroupsAsync();
        using var response = await host.Client().SendAsync(Wire.Modern("tools/list", path: path));
        response.StatusCode.ShouldBe(expected);
    }

    [Fact]
    public async Task Post_ToDisabledGroup_Is403()
    {
        await using var host = await TwoGroupsAsync();
        host.AddGroup("one", GatewayHost.Key, g => g with { Enabled = false }, "a");
        host.Apply();
        using var response = await host.Client().SendAsync(Wire.Modern("tools/list"));
        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await response.JsonAsync())
            .GetProperty("error")
            .GetProperty("data")
            .GetProperty("reason")
            .GetString()
            .ShouldBe("group_disabled");
    }

    // A-49, C-45: an old key works until its grace ends, then no longer.
    [Fact]
    public async Task Post_WithGraceKey_StopsAtItsEnd()
    {
        await using var host = await TwoGroupsAsync();
        var until = host.Time.GetUtcNow().AddMinutes(5);
        host.AddGroup(
            "one",
            GatewayHost.Key,
            g => g with { KeyHashes = [g.KeyHashes[0] with { ValidUntil = until }] },
            "a"
        );
        host.Apply();
        (await host.Client().SendAsync(Wire.Modern("tools/list"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        host.Time.Advance(TimeSpan.FromMinutes(5));
        (await host.Client().SendAsync(Wire.Modern("tools/list"))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    // a connection that goes on with its old key is not let in for having been let in before.
    [Theory]
    [InlineData("replaced", HttpStatusCode.Unauthorized)]
    [InlineData("grace over", HttpStatusCode.Unauthorized)]
    [InlineData("moved to the other group", HttpStatusCode.OK)]
    public async Task Post_OnOneConnection_SeesItsKeyChange(string change, HttpStatusCode expected)
    {
        await using var host = new GatewayHost(port: true);
        host.AddService("a", Echo(), "alpha");
        host.AddService("b", Echo(), "beta");
        host.AddGroup("one", GatewayHost.Key, null, "a");
        host.AddGroup("two", Other, null, "b");
        await host.StartAsync();
        using var client = host.Client();
        if (change == "grace over")
        {
            var until = host.Time.GetUtcNow().AddMinutes(5);
            host.AddGroup(
                "one",
                GatewayHost.Key,
                g => g with { KeyHashes = [g.KeyHashes[0] with { ValidUntil = until }] },
                "a"
            );
            host.Apply();
        }
        for (var i = 0; i < 3; i++)
            (await client.SendAsync(Wire.Modern("tools/list"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        if (change == "grace over")
        {
            host.Time.Advance(TimeSpan.FromMinutes(5));
        }
        else
        {
            host.AddGroup("one", Other.Replace('B', 'D'), null, "a");
            if (change != "replaced")
                host.AddGroup("two", GatewayHost.Key, null, "b");
            host.Apply();
        }

        using var after = await client.SendAsync(Wire.Modern("tools/list"));
        after.StatusCode.ShouldBe(expected);
        if (expected == HttpStatusCode.OK)
            (await after.Content.ReadAsStringAsync()).ShouldContain("beta");
    }

    // allowed_roles and user_tier_access restrict who may use a group.
    [Theory]
    [InlineData(null, HttpStatusCode.Forbidden)]
    [InlineData("broken", HttpStatusCode.Unauthorized)]
    [InlineData("nurse", HttpStatusCode.Forbidden)]
    [InlineData("doctor", HttpStatusCode.OK)]
    public async Task Post_ToRestrictedGroup_NeedsAUserWithTheRole(string? token, HttpStatusCode expected)
    {
        await using var host = await TwoGroupsAsync(users: t =>
            t == "broken" ? null : new CallingUser(new UserId(t), [t], null)
        );
        host.AddGroup("one", GatewayHost.Key, g => g with { AllowedRoles = ["doctor"] }, "a");
        host.Apply();
        using var request = Wire.Modern("tools/list");
        if (token is not null)
            request.Headers.Add("X-User-Token", token);
        (await host.Client().SendAsync(request)).StatusCode.ShouldBe(expected);
    }

    [Theory]
    [InlineData("Host", "evil.example.com", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://evil.example.com", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://localhost:3000", HttpStatusCode.OK)]
    [InlineData("Host", "127.0.0.1:9999", HttpStatusCode.OK)]
    [InlineData("Host", "[::1]:9999", HttpStatusCode.OK)]
    public async Task Post_FromForeignHostOrOrigin_Is403(string header, string value, HttpStatusCode expected)
    {
        await using var host = await TwoGroupsAsync();
        using var request = Wire.Modern("tools/list");
        request.Headers.TryAddWithoutValidation(header, value);
        (await host.Client().SendAsync(request)).StatusCode.ShouldBe(expected);
    }

    // C-03: per key, tools/call only; 429 with Retry-After; the next minute is free again.
    [Fact]
    public async Task Call_OverTheRate_Is429UntilTimePasses()
    {
        await using var host = await TwoGroupsAsync(new GatewayOptions { CallsPerMinute = 3 });
        var client = host.Client();
        for (var i = 0; i < 3; i++)
            (await client.SendAsync(CallAlpha())).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var refused = await client.SendAsync(CallAlpha());
        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.Delta!.Value.ShouldBe(TimeSpan.FromSeconds(20));
        refused.Headers.GetValues("X-RateLimit-Remaining").ShouldBe(["0"]);
        var error = (await refused.JsonAsync()).GetProperty("error");
        error.GetProperty("code").GetInt32().ShouldBe(-31006);
        error.GetProperty("message").GetString()!.ShouldContain("3 tools/call a minute for this key");
        (await client.SendAsync(Wire.Modern("tools/list"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        host.Time.Advance(TimeSpan.FromSeconds(20));
        (await client.SendAsync(CallAlpha())).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    // C-03: raised or lifted per group, and each group's key by itself.
    [Fact]
    public async Task Call_OfAGroupWithItsOwnRate_IsLimitedByIt()
    {
        await using var host = new GatewayHost(new GatewayOptions { CallsPerMinute = 3 });
        host.AddService(
            "a",
            new ScriptedChannel(
                Revision.V20260728,
                _ => Task.FromResult(ScriptedChannel.Result("""{"resultType":"complete","content":[]}"""))
            ),
            "alpha"
        );
        var keys = new[] { 'X', 'Y', 'Z' }.Select(c => $"mcp_key_{new string(c, 42)}A").ToList();
        host.AddGroup("usual", keys[0], null, "a");
        host.AddGroup("more", keys[1], g => g with { CallsPerMinute = 5 }, "a");
        host.AddGroup("all", keys[2], g => g with { CallsPerMinute = 0, ConcurrentCalls = 0 }, "a");
        await host.StartAsync();
        (await GivenAsync(keys[0])).ShouldBe(3);
        (await GivenAsync(keys[1])).ShouldBe(5);
        (await GivenAsync(keys[2])).ShouldBe(20);

        // Another figure holds at once.
        host.AddGroup("more", keys[1], g => g with { CallsPerMinute = 7 }, "a");
        host.Apply();
        (await GivenAsync(keys[1])).ShouldBe(7);

        async Task<int> GivenAsync(string key)
        {
            var given = 0;
            for (var i = 0; i < 20; i++)
                given += (await host.Client(key).SendAsync(CallAlpha())).StatusCode == HttpStatusCode.OK ? 1 : 0;
            return given;
        }
    }

    // C-03
    [Fact]
    public async Task Call_OverTheConcurrency_Is429WhileTheOthersRun()
    {
        var gate = new TaskCompletionSource();
        await using var host = new GatewayHost(new GatewayOptions { ConcurrentCalls = 1 });
        host.AddService(
            "a",
            new ScriptedChannel(
                Revision.V20260728,
                async _ =>
                {
                    await gate.Task;
                    return ScriptedChannel.Result("""{"resultType":"complete","content":[]}""");
                }
            ),
            "alpha"
        );
        host.AddGroup("one", GatewayHost.Key, null, "a");
        await host.StartAsync();
        var first = host.Client().SendAsync(CallAlpha());
        await Fairlead.Testing.Eventually.UntilAsync(() => host.InFlight.Count == 1);
        (await host.Client().SendAsync(CallAlpha())).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        gate.SetResult();
        (await first).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await host.Client().SendAsync(CallAlpha())).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    // security.md §0.4: a snapshot that is too old lets nobody in.
    [Fact]
    public async Task Post_WhileTheStoreIsLost_Is503()
    {
        await using var host = await TwoGroupsAsync();
        host.StoreIsFresh = false;
        (await host.Client().SendAsync(Wire.Modern("tools/list"))).StatusCode.ShouldBe(
            HttpStatusCode.ServiceUnavailable
        );
    }

    [Fact]
    public async Task Post_TooLargeOrWrongType_IsRefused()
    {
        await using var host = await TwoGroupsAsync(new GatewayOptions { MaxBodyBytes = 1000 });
        using var large = Wire.Modern("tools/list", $"\"x\":\"{new string('y', 1000)}\"");
        using var refused = await host.Client().SendAsync(large);
        refused.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await refused.Content.ReadAsStringAsync()).ShouldContain(
            "larger than 1000 bytes (setting Gateway:MaxBodyBytes)"
        );
        using var text = Wire.Modern("tools/list");
        text.Content!.Headers.ContentType = new("text/plain");
        (await host.Client().SendAsync(text)).StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        using var put = new HttpRequestMessage(HttpMethod.Put, "/mcp");
        (await host.Client().SendAsync(put)).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    private static HttpRequestMessage CallAlpha() =>
        Wire.Modern("tools/call", "\"name\":\"alpha\",\"arguments\":{}", "alpha");
}
