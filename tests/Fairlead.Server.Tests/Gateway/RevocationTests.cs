using System.Net;
using Fairlead.Protocol;
using Fairlead.Server.Gateway.Intake;
using Fairlead.Server.Storage;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>Streams that were open when their key went bad show nothing more (A-49, C-45, R52).</summary>
public sealed class RevocationTests
{
    private const string Other = "mcp_key_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    private static async Task<GatewayHost> StartAsync(Func<string, CallingUser?>? users = null)
    {
        var host = new GatewayHost(users: users, port: true);
        var service = new ScriptedChannel(
            Revision.V20251125,
            _ => Task.FromResult(ScriptedChannel.Result("""{"content":[]}"""))
        );
        host.AddService("svc", service, "own");
        host.AddGroup("default", GatewayHost.Key, null, "svc");
        host.AddGroup("other", Other, null, "svc");
        return await host.StartAsync();
    }

    private static void Spoil(GatewayHost host, string how)
    {
        switch (how)
        {
            case "regenerated":
                host.AddGroup("default", Other.Replace('B', 'D'), null, "svc");
                break;
            case "disabled":
                host.AddGroup("default", GatewayHost.Key, g => g with { Enabled = false }, "svc");
                break;
            case "deleted":
                host.RemoveGroup("default");
                break;
            default:
                host.AddGroup("default", GatewayHost.Key, g => g with { AllowedRoles = ["doctor"] }, "svc");
                break;
        }
        host.Apply();
    }

    [Theory]
    [InlineData("regenerated")]
    [InlineData("disabled")]
    [InlineData("deleted")]
    [InlineData("restricted")]
    public async Task OpenStreams_OfABadKey_End(string how)
    {
        await using var host = await StartAsync();
        using var client = host.Client();
        var session = await Wire.InitializeAsync(client);
        using var get = new HttpRequestMessage(HttpMethod.Get, "/mcp");
        get.Headers.Add("Mcp-Session-Id", session);
        using var stream = await client.SendAsync(get, HttpCompletionOption.ResponseHeadersRead);
        using var listen = await client.SendAsync(
            Wire.Modern("subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true}"),
            HttpCompletionOption.ResponseHeadersRead
        );
        using var others = host.Client(Other);
        var kept = await Wire.InitializeAsync(others);

        Spoil(host, how);

        // Both end by themselves, and nothing of the change is told to whoever held the old key.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15), TimeProvider.System);
        (
            await stream.EventsAsync().Select(e => e.Data).Where(d => d.Length > 0).ToListAsync(limit.Token)
        ).ShouldBeEmpty();
        (await listen.EventsAsync().CountAsync(limit.Token)).ShouldBe(1, "only the acknowledgement");
        await Eventually.UntilAsync(() => host.Sessions.Count == 1 && host.InFlight.Count == 0);
        (await others.SendAsync(Wire.Legacy(kept, "ping"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    // A key in its grace period, and a user whose token runs out: no change of the store tells.
    [Theory]
    [InlineData("grace")]
    [InlineData("token")]
    public async Task OpenStreams_OfWhatRunsOut_End(string what)
    {
        var good = true;
        await using var host = await StartAsync(users: token =>
            Volatile.Read(ref good) ? new CallingUser(new UserId("u"), ["doctor"], null) : null
        );
        var until = host.Time.GetUtcNow().AddMinutes(5);
        host.AddGroup(
            "default",
            GatewayHost.Key,
            g =>
                what == "grace"
                    ? g with
                    {
                        KeyHashes = [g.KeyHashes[0] with { ValidUntil = until }],
                    }
                    : g with
                    {
                        AllowedRoles = ["doctor"],
                    },
            "svc"
        );
        host.Apply();
        using var client = host.Client();
        client.DefaultRequestHeaders.Add("X-User-Token", "token");
        await Wire.InitializeAsync(client);
        host.Time.Advance(TimeSpan.FromSeconds(30));
        host.Sessions.Count.ShouldBe(1);

        Volatile.Write(ref good, false);
        await Eventually.UntilAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromMinutes(1));
            return host.Sessions.Count == 0;
        });
        host.Time.GetUtcNow().ShouldBeLessThan(until.AddMinutes(40), "not by idling");
    }
}
