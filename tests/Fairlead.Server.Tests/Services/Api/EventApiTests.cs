using System.Text.Json;
using Fairlead.Server.Services;
using Fairlead.Server.Services.Health;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Api;

// S-14: whoever watches is told of a fault.
public sealed class EventApiTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_OfAllServices_AreTheLastOldestFirst()
    {
        await using var host = await StartAsync();
        var one = await host.AddServiceAsync("one");
        var two = await host.AddServiceAsync("two");
        Set(host, one, ServicePhase.Startup, "connecting");
        Set(host, two, ServicePhase.Startup, "connecting");
        Set(host, one, ServicePhase.Failed, "refused");

        var events = (await host.GetAsync("/api/v1/services/events?last=2")).Data.EnumerateArray().Select(Text);

        events.ShouldBe(["two info not_started starting connecting", "one warning starting error refused"]);
        (await host.GetAsync("/api/v1/services/events?last=1001")).Code.ShouldBe("INVALID_PARAMETER");
        (await host.GetAsync("/api/v1/services/one/events")).Data.GetArrayLength().ShouldBe(2);
        (await host.GetAsync("/api/v1/services/nobody/events")).Code.ShouldBe("SERVICE_NOT_FOUND");
    }

    [Fact(Timeout = 20_000)]
    public async Task Events_Followed_GoOnWhereTheReaderWasCut()
    {
        await using var host = await StartAsync();
        var one = await host.AddServiceAsync("one");
        Set(host, one, ServicePhase.Startup, "first");
        long cut;
        using (var stream = await FollowAsync(host, "last=0"))
        {
            Set(host, one, ServicePhase.Failed, "second");
            var happened = await NextAsync(stream);
            Text(happened).ShouldBe("one warning starting error second");
            cut = happened.GetProperty("id").GetInt64();
        }
        Set(host, one, ServicePhase.Startup, "third");
        using var again = await FollowAsync(host, $"after_id={cut}");
        Text(await NextAsync(again)).ShouldBe("one info error starting third");
        // A gateway that starts now counts on from here, not from one.
        cut.ShouldBeGreaterThanOrEqualTo(host.Time.GetUtcNow().AddDays(-1).ToUnixTimeMilliseconds() * 1000);
    }

    private static async Task<AdminHost> StartAsync()
    {
        var host = await AdminHost.StartAsync();
        // No service is run here, so nobody else has asked for it yet.
        host.Get<ServiceJournal>();
        return host;
    }

    private static void Set(AdminHost host, ServiceId id, ServicePhase phase, string why) =>
        host.Get<ServiceSlots>().Get(id).Set(new ServiceState(phase, why, host.Time.GetUtcNow()));

    private static string Text(JsonElement e) =>
        string.Join(
            ' ',
            new[] { "service", "level", "from", "to", "reason" }.Select(name => e.GetProperty(name).GetString())
        );

    private static async Task<StreamReader> FollowAsync(AdminHost host, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/services/events?{query}");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Authorization = new("Bearer", host.Token);
        var response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        var stream = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        // Where it begins is said before anything happens.
        while (await stream.ReadLineAsync(Token) is { } line && !line.StartsWith("id:", StringComparison.Ordinal)) { }
        return stream;
    }

    private static async Task<JsonElement> NextAsync(StreamReader stream)
    {
        while (true)
        {
            var line = (await stream.ReadLineAsync(Token)).ShouldNotBeNull();
            if (line.StartsWith("data: {\"", StringComparison.Ordinal))
                return JsonElement.Parse(line[6..]);
        }
    }
}
