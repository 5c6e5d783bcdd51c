using Fairlead.Server.Services;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Hosting;
using Fairlead.Testing;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Api;

public sealed class ServiceLogApiTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Logs_AreTheLastLinesOldestFirst()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ServiceLog log = host.Get<ServiceSlots>().Get(await host.AddServiceAsync("talker")).Log;
        for (int i = 0; i < 5; i++)
            log.Add(ServiceLogSource.Stderr, $"line {i}");
        Answer answer = await host.GetAsync("/api/v1/services/talker/logs?lines=2");
        answer
            .Data.GetProperty("lines")
            .EnumerateArray()
            .Select(l => (l.GetProperty("source").GetString(), l.GetProperty("text").GetString()))
            .ShouldBe([("stderr", "line 3"), ("stderr", "line 4")]);
        (await host.GetAsync("/api/v1/services/nobody/logs")).Code.ShouldBe("SERVICE_NOT_FOUND");
        (await host.GetAsync("/api/v1/services/talker/logs?lines=501")).Code.ShouldBe("INVALID_PARAMETER");
    }

    [Fact]
    public async Task Logs_Followed_GoOnAndEndWithTheService()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ServiceId id = await host.AddServiceAsync("talker");
        ServiceLog log = host.Get<ServiceSlots>().Get(id).Log;
        log.Add(ServiceLogSource.Stderr, "old");
        log.Add(ServiceLogSource.Stderr, "last");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/services/talker/logs?lines=1");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Authorization = new("Bearer", host.Token);
        using HttpResponseMessage response = await host.Client.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            Token
        );
        using var stream = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        (await NextAsync()).ShouldBe("last");
        log.Add(ServiceLogSource.Stderr, "new");
        (await NextAsync()).ShouldBe("new");
        host.Get<ServiceSlots>()
            .Get(id)
            .Set(new ServiceState(ServicePhase.Startup, "connecting", host.Time.GetUtcNow()));
        (await NextAsync()).ShouldBe("starting: connecting");

        (await host.DeleteAsync("/api/v1/services/talker")).Status.ShouldBe(200);
        log.Add(ServiceLogSource.Gateway, "removed");
        (await NextAsync()).ShouldBeNull();

        async Task<string?> NextAsync()
        {
            while (await stream.ReadLineAsync(Token) is { } line)
                if (line.StartsWith("data: {\"", StringComparison.Ordinal))
                    return System.Text.Json.JsonElement.Parse(line[6..]).GetProperty("text").GetString();
            return null;
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task Logs_FollowedWithNothingToShow_TellAtOnceWhereToGoOn()
    {
        await using AdminHost host = await AdminHost.StartAsync();
        ServiceId id = await host.AddServiceAsync("talker");
        ServiceLog log = host.Get<ServiceSlots>().Get(id).Log;
        log.Add(ServiceLogSource.Stderr, "old");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/services/talker/logs?lines=0");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Authorization = new("Bearer", host.Token);
        using HttpResponseMessage response = await host.Client.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            Token
        );
        using var stream = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        string? line;
        do line = (await stream.ReadLineAsync(Token)).ShouldNotBeNull();
        while (!line.StartsWith("id: ", StringComparison.Ordinal));
        line.ShouldBe($"id: {log.Last(1)[0].Id}");
        (await stream.ReadLineAsync(Token)).ShouldBe("event: beat");
    }

    [Fact]
    public void Log_OfATalkativeService_IsBounded()
    {
        var log = new ServiceLog(new FakeTimeProvider());
        for (int i = 0; i < ServiceLog.MostLines + 10; i++)
            log.Add(ServiceLogSource.Stderr, $"{i}");
        log.Last(int.MaxValue).Count.ShouldBe(ServiceLog.MostLines);
        log.Last(int.MaxValue)[0].Text.ShouldBe("10");
        for (int i = 0; i < 100; i++)
            log.Add(ServiceLogSource.Stderr, new string('x', 4096));
        log.Last(int.MaxValue).Sum(l => l.Text.Length).ShouldBeLessThanOrEqualTo(ServiceLog.MostCharacters);
    }

    // A reader who comes back with the id of the last line it saw must not wait for ids of another life to catch up.
    [Fact]
    public async Task Ids_OfANewGateway_AreAheadOfTheOldOnes()
    {
        var time = new FakeTimeProvider();
        var before = new ServiceLog(time);
        for (int i = 0; i < 900; i++)
            before.Add(ServiceLogSource.Stderr, "x");
        long last = before.Last(1)[0].Id;
        time.Advance(TimeSpan.FromMilliseconds(1));
        var after = new ServiceLog(time);
        after.Add(ServiceLogSource.Stderr, "y");
        (await after.AfterAsync(last, Token)).ShouldHaveSingleItem().Text.ShouldBe("y");
    }
}
