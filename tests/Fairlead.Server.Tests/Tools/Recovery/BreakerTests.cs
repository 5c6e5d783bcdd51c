using System.Text;
using Fairlead.Protocol;
using Fairlead.Server.Gateway;
using Fairlead.Server.Services.Channels;
using Fairlead.Server.Tests.Gateway;
using Fairlead.Server.Tools.Recovery;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Recovery;

/// <summary>Breakers of tools on the way of every call (R-42, C-09).</summary>
public sealed class BreakerTests
{
    private bool good;
    private int asked;

    private Func<ScriptedCall, ChannelReply>? instead;

    private async Task<GatewayHost> StartAsync(ToolRecoveryOptions? options = null)
    {
        var host = new GatewayHost(
            new GatewayOptions { CallsPerMinute = 0 },
            also: s => s.AddSingleton(options ?? new ToolRecoveryOptions())
        );
        var channel = new ScriptedChannel(
            Revision.V20251125,
            call =>
            {
                if (call.Call.Name != "a")
                    return Task.FromResult(ScriptedChannel.Result("""{"content":[]}"""));
                Interlocked.Increment(ref asked);
                return Task.FromResult(
                    good ? ScriptedChannel.Result("""{"content":[]}""")
                    : instead is not null ? instead(call)
                    : ScriptedChannel.Error("""{"code":-32603,"message":"broken"}""")
                );
            }
        );
        host.AddService("svc", channel, "a", "b");
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        return await host.StartAsync();
    }

    private static async Task<string> CallAsync(HttpClient client, string tool = "a")
    {
        using var request = Wire.Modern("tools/call", $"\"name\":\"{tool}\",\"arguments\":{{}}", tool);
        using var response = await client.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task FailAsync(HttpClient client, int times)
    {
        for (var i = 0; i < times; i++)
            (await CallAsync(client)).ShouldContain("-32603");
    }

    // R-42, C-09
    [Fact]
    public async Task Breaker_OfAToolThatFails_OpensOnTheEleventhFailure()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        await FailAsync(client, 10);
        var breakers = host.App.Services.GetRequiredService<Breakers>();
        breakers
            .All.Single()
            .ShouldSatisfyAllConditions(b => b.State.ShouldBe(BreakerState.Closed), b => b.FailureCount.ShouldBe(10));
        await FailAsync(client, 1);
        var open = breakers.All.Single();
        open.State.ShouldBe(BreakerState.Open);
        open.OpenedAt.ShouldBe(host.Time.GetUtcNow());
        open.FailureCount.ShouldBe(11);
        asked.ShouldBe(11);
        var refused = await CallAsync(client);
        refused.ShouldContain("-31003");
        refused.ShouldContain("circuit_open");
        asked.ShouldBe(11);
        // Another tool of the same service is not touched.
        (await CallAsync(client, "b")).ShouldContain("\"content\"");
    }

    //
    [Fact]
    public async Task Failures_OlderThanTheWindow_DoNotCount()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        await FailAsync(client, 10);
        host.Time.Advance(TimeSpan.FromSeconds(301));
        await FailAsync(client, 10);
        host.App.Services.GetRequiredService<Breakers>().All.Single().State.ShouldBe(BreakerState.Closed);
        await FailAsync(client, 1);
        host.App.Services.GetRequiredService<Breakers>().All.Single().State.ShouldBe(BreakerState.Open);
    }

    // C-09
    [Fact]
    public async Task Breaker_AfterItsPause_ClosesWhenTwoOfThreeProbesSucceed()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        await FailAsync(client, 11);
        host.Time.Advance(TimeSpan.FromSeconds(59));
        (await CallAsync(client)).ShouldContain("-31003");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await FailAsync(client, 1);
        var breakers = host.App.Services.GetRequiredService<Breakers>();
        breakers.All.Single().State.ShouldBe(BreakerState.HalfOpen);
        good = true;
        await CallAsync(client);
        breakers.All.Single().State.ShouldBe(BreakerState.HalfOpen);
        await CallAsync(client);
        breakers.All.ShouldBeEmpty();
        (await CallAsync(client)).ShouldContain("\"content\"");
    }

    // C-09
    [Fact]
    public async Task Breaker_WhoseProbesFail_StaysOpenTwiceAsLongUpToTenMinutes()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        await FailAsync(client, 11);
        var breakers = host.App.Services.GetRequiredService<Breakers>();
        List<double> pauses = [];
        for (var i = 0; i < 6; i++)
        {
            pauses.Add(breakers.All.Single().Pause.TotalSeconds);
            host.Time.Advance(breakers.All.Single().Left);
            await FailAsync(client, 2);
        }
        pauses.ShouldBe([60, 120, 240, 480, 600, 600]);
    }

    // C-09
    [Fact]
    public void Probes_AtOnce_AreThree()
    {
        var time = new FakeTimeProvider();
        var breaker = new ToolBreaker(new ToolKey("s", "t"), 11, new ToolRecoveryOptions(), time);
        time.Advance(TimeSpan.FromSeconds(60));
        for (var i = 0; i < 3; i++)
            breaker.TryProbe(out _).ShouldBeTrue();
        breaker.TryProbe(out var wait).ShouldBeFalse();
        wait.ShouldBe(TimeSpan.FromSeconds(1));
        // One that was cancelled says nothing and makes room for another.
        breaker.Report(null).ShouldBeFalse();
        breaker.TryProbe(out _).ShouldBeTrue();
        breaker.Report(true).ShouldBeFalse();
        breaker.Report(true).ShouldBeTrue();
    }

    //
    [Fact]
    public async Task Reset_OfABreaker_ClosesItAtOnce()
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        await FailAsync(client, 11);
        var breakers = host.App.Services.GetRequiredService<Breakers>();
        breakers.Reset(new ToolKey("svc", "a")).ShouldBeTrue();
        breakers.Reset(new ToolKey("svc", "nowhere")).ShouldBeFalse();
        await FailAsync(client, 10);
        breakers.All.Single().State.ShouldBe(BreakerState.Closed);
    }

    // What a client does wrong, or a service that is not there, takes a tool from nobody.
    [Theory]
    [InlineData("arguments")]
    [InlineData("error result")]
    [InlineData("not connected")]
    [InlineData("one crash")]
    public async Task Answers_ThatSayNothingOfTheTool_DoNotCount(string what)
    {
        await using var host = await StartAsync();
        instead = _ =>
            what switch
            {
                "arguments" => ScriptedChannel.Error("""{"code":-32602,"message":"bad arguments"}"""),
                "error result" => ScriptedChannel.Result("""{"content":[],"isError":true}"""),
                "not connected" => ChannelReply.Fail(ChannelFailure.NotConnected, dispatched: false),
                _ => ChannelReply.Fail(ChannelFailure.Crashed, dispatched: true),
            };
        using var client = host.Client();
        for (var i = 0; i < 15; i++)
            (await CallAsync(client)).ShouldNotContain("-31003");
        host.App.Services.GetRequiredService<Breakers>()
            .All.Sum(b => b.FailureCount)
            .ShouldBe(what == "one crash" ? 1 : 0);
    }

    [Theory]
    [InlineData((int)ChannelFailure.TimedOut)]
    [InlineData((int)ChannelFailure.TooLarge)]
    [InlineData((int)ChannelFailure.Protocol)]
    public async Task Failures_OfTheToolItself_Count(int failure)
    {
        await using var host = await StartAsync();
        instead = _ => ChannelReply.Fail((ChannelFailure)failure, dispatched: true);
        using var client = host.Client();
        for (var i = 0; i < 11; i++)
            await CallAsync(client);
        (await CallAsync(client)).ShouldContain("-31003");
    }

    [Fact]
    public async Task ErrorResults_WhereTheyAreToCount_OpenIt()
    {
        await using var host = await StartAsync(new ToolRecoveryOptions { BreakerCountsToolErrors = true });
        instead = _ => ScriptedChannel.Result("""{"content":[],"isError":true}""");
        using var client = host.Client();
        for (var i = 0; i < 11; i++)
            await CallAsync(client);
        (await CallAsync(client)).ShouldContain("-31003");
    }

    // among the last 100 of all tools.
    [Fact]
    public void Failures_BeyondTheLastHundred_DoNotCount()
    {
        var time = new FakeTimeProvider();
        var breakers = new Breakers(
            new ToolRecoveryOptions(),
            time,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<Breakers>.Instance
        );
        var first = Routed("first");
        for (var i = 0; i < 10; i++)
            breakers.Report(first, null, ToolVerdict.Bad);
        for (var i = 0; i < 91; i++)
            breakers.Report(Routed($"other{i}"), null, ToolVerdict.Bad);
        // Of its ten, nine are still among the last hundred; each new one pushes an old one out until they are gone.
        for (var i = 0; i < 10; i++)
            breakers.Report(first, null, ToolVerdict.Bad);
        breakers.TryEnter(first, out _, out _).ShouldBeTrue();
        breakers.Report(first, null, ToolVerdict.Bad);
        breakers.TryEnter(first, out _, out _).ShouldBeFalse();

        Server.Gateway.Routing.ItemRoute Routed(string tool) =>
            new()
            {
                Publication = new()
                {
                    Id = new(tool),
                    Group = new("g"),
                    Kind = Server.Storage.ItemKind.Tool,
                    ExposedName = tool,
                    Service = new("svc"),
                    UpstreamName = tool,
                    Enabled = true,
                    Removed = false,
                },
                Slot = new Server.Services.ServiceSlots(time).Get(new("svc")),
                ServiceName = "svc",
                UpstreamName = tool,
                Deadline = TimeSpan.FromSeconds(30),
            };
    }
}
