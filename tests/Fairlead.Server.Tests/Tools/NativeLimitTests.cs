using System.Net;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Hosting.Limits;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tools;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Toolkit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools;

/// <summary>How often a user may call native tools, through the whole data plane (P-89, C-03).</summary>
public sealed class NativeLimitTests : IAsyncLifetime
{
    private const string SecondKey = "mcp_key_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
    private readonly Sample sample = new();
    private GatewayHost host = null!;

    public async ValueTask InitializeAsync() => host = await StartAsync(new LimitsOptions());

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private sealed class Sample
    {
        public int Runs;

        [FairleadTool(Name = "free")]
        public string Free() => $"run {Interlocked.Increment(ref Runs)}";

        [FairleadTool(Name = "other")]
        public string Other(int number = 0) => $"run {Interlocked.Increment(ref Runs)} of {number}";

        [FairleadTool(Name = "scarce"), RateLimit(10, 60)]
        public string Scarce() => $"run {Interlocked.Increment(ref Runs)}";

        [FairleadTool(Name = "generous"), RateLimit(150, 60)]
        public string Generous() => $"run {Interlocked.Increment(ref Runs)}";

        [FairleadTool(Name = "kept"), RateLimit(2, 60), Cached(600)]
        public string Kept() => $"run {Interlocked.Increment(ref Runs)}";

        [FairleadTool(Name = "bosses"), RateLimit(1, 60), RequireRole("boss")]
        public string Bosses() => $"run {Interlocked.Increment(ref Runs)}";
    }

    private async Task<GatewayHost> StartAsync(LimitsOptions options)
    {
        var made = new GatewayHost(
            new GatewayOptions { CallsPerMinute = 0 },
            // Even where tools' errors count against them, a refusal says nothing about the tool.
            also: s => s.AddSingleton(new ToolRecoveryOptions { BreakerCountsToolErrors = true }),
            users: token => token == "bad" ? null : new CallingUser(new UserId(token), ["buyer"], null, token),
            tools: sample
        );
        var limits = new SharedLimits(options, made.Time, NullLogger<SharedLimits>.Instance);
        NativeLimit.Attach(made.Native.All, options, limits, made.Time);
        made.AddNativeGroup();
        made.AddNativeGroup("second", g => g with { KeyHashes = [GatewayHost.HashOf(SecondKey)] });
        return await made.StartAsync();
    }

    private async Task<HttpResponseMessage> SendAsync(
        string tool,
        string? user,
        GatewayHost? at = null,
        string key = GatewayHost.Key
    )
    {
        using var request = Wire.Modern("tools/call", $"\"name\":\"{tool}\",\"arguments\":{{}}", tool);
        if (user is not null)
            request.Headers.Add("X-User-Token", user);
        return await (at ?? host).Client(key).SendAsync(request);
    }

    private async Task<JsonElement> CallAsync(string tool, string? user = null, GatewayHost? at = null)
    {
        using var response = await SendAsync(tool, user, at);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (await response.JsonAsync()).GetProperty("result");
    }

    private async Task<int> GivenAsync(int calls, string tool, string? user = null, GatewayHost? at = null)
    {
        var given = 0;
        for (var i = 0; i < calls; i++)
            given += IsError(await CallAsync(tool, user, at)) ? 0 : 1;
        return given;
    }

    private static bool IsError(JsonElement result) =>
        result.TryGetProperty("isError", out var error) && error.GetBoolean();

    // P-89: the eleventh call of the 10/60 tool is refused, says limit, window, remaining and wait, and the tool did not run;
    // after the window it is allowed again.
    [Fact]
    public async Task Call_TheEleventhOfATenAMinuteTool_IsRefusedUntilTheWindowIsOver()
    {
        (await GivenAsync(10, "scarce")).ShouldBe(10);
        host.Time.Advance(TimeSpan.FromSeconds(18));
        using var response = await SendAsync("scarce", null);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(42));
        response.Headers.GetValues("X-RateLimit-Remaining").ShouldBe(["0"]);
        var refused = (await response.JsonAsync()).GetProperty("result");
        IsError(refused).ShouldBeTrue();
        refused
            .GetProperty("content")[0]
            .GetProperty("text")
            .GetString()
            .ShouldBe(
                "Rate limit exceeded: 10 calls of scarce in 60 s for all callers who name no user; none remaining, wait 42 s."
            );
        var error = refused.GetProperty("_meta").GetProperty("fairlead/error");
        error.GetProperty("code").GetInt32().ShouldBe(McpErrorCode.RateLimited);
        error.GetProperty("reason").GetString().ShouldBe("rate_limited");
        error.GetProperty("outcome").GetString().ShouldBe("none");
        error.GetProperty("limit").GetInt32().ShouldBe(10);
        error.GetProperty("windowSeconds").GetDouble().ShouldBe(60);
        error.GetProperty("remaining").GetInt32().ShouldBe(0);
        error.GetProperty("retryAfterSeconds").GetInt32().ShouldBe(42);
        sample.Runs.ShouldBe(10);

        host.Time.Advance(TimeSpan.FromSeconds(42));
        (await GivenAsync(11, "scarce")).ShouldBe(10);
    }

    // P-89: what is left is told with every answer.
    [Fact]
    public async Task Call_ThatIsLetThrough_TellsWhatRemains()
    {
        using var first = await SendAsync("scarce", null);
        first.Headers.GetValues("X-RateLimit-Remaining").ShouldBe(["9"]);
        using var shared = await SendAsync("free", null);
        shared.Headers.GetValues("X-RateLimit-Remaining").ShouldBe(["99"]);
    }

    // P-89, C-03: a hundred a minute for all tools without a limit of their own; each user by himself, and those without one
    // together, whichever group's key they have.
    [Fact]
    public async Task Call_TheHundredAndFirstOfAUser_IsRefused_OthersGoOn()
    {
        (await GivenAsync(60, "free", "ann")).ShouldBe(60);
        (await GivenAsync(60, "other", "ann")).ShouldBe(40);
        (await GivenAsync(101, "free", "ben")).ShouldBe(100);
        (await GivenAsync(101, "free")).ShouldBe(100);
        // Nobody's token is nobody's.
        (await GivenAsync(1, "free", "bad")).ShouldBe(0);
        using var second = await SendAsync("free", null, key: SecondKey);
        IsError((await second.JsonAsync()).GetProperty("result")).ShouldBeTrue();
        (await GivenAsync(1, "scarce", "ann")).ShouldBe(1);
        host.Time.Advance(TimeSpan.FromSeconds(60));
        (await GivenAsync(101, "free", "ann")).ShouldBe(100);
    }

    // P-89: a tool's own limit holds instead of the default, also where it is higher.
    [Fact]
    public async Task Call_OfAToolWithAHigherLimit_MayGoOverTheDefault()
    {
        (await GivenAsync(151, "generous", "ann")).ShouldBe(150);
        (await GivenAsync(101, "free", "ann")).ShouldBe(100);
    }

    [Fact]
    public async Task Call_WithoutAUser_HasALimitOfItsOwnWhereOneIsSet()
    {
        await using var raised = await StartAsync(new LimitsOptions { UserCalls = 5, AnonymousCalls = 0 });
        (await GivenAsync(120, "free", at: raised)).ShouldBe(120);
        (await GivenAsync(6, "free", "ann", raised)).ShouldBe(5);
        (await GivenAsync(11, "scarce", at: raised)).ShouldBe(10);
    }

    // C-09: a tool that is asked too often is not broken.
    [Fact]
    public async Task Refusals_HoweverMany_OpenNoBreaker()
    {
        (await GivenAsync(60, "scarce")).ShouldBe(10);
        host.Time.Advance(TimeSpan.FromSeconds(60));
        (await GivenAsync(10, "scarce")).ShouldBe(10);
    }

    // P-36, P-89: counted before the cache.
    [Fact]
    public async Task Call_OfAKeptResult_CountsToo()
    {
        await using var node = await Caching.CacheNode.StartAsync(time: host.Time);
        foreach (var tool in host.Native.All)
            tool.Results = node.Get<Server.Caching.ToolResultCache>();
        (await GivenAsync(3, "kept")).ShouldBe(2);
        sample.Runs.ShouldBe(1);
    }

    // Who may not call it at all uses nothing up, and is told that he may not.
    [Fact]
    public async Task Call_ByWhoMayNot_IsDeniedEachTime()
    {
        for (var i = 0; i < 3; i++)
        {
            using var response = await SendAsync("bosses", "ann");
            (await response.JsonAsync())
                .GetProperty("error")
                .GetProperty("data")
                .GetProperty("reason")
                .GetString()
                .ShouldBe("tool_role_missing");
        }
    }
}
