using Fairlead.Server.Hosting.Rest;
using Fairlead.Server.Telemetry.Calls;
using Fairlead.Server.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Telemetry;

public sealed class CallLogApiTests
{
    private static async Task<AdminHost> StartAsync(int rows)
    {
        var host = await AdminHost.StartAsync();
        var log = host.Get<CallLog>();
        foreach (var row in CallRows.Rows(rows))
            log.TryWrite(row).ShouldBeTrue();
        await log.FlushAsync(TestContext.Current.CancellationToken);
        return host;
    }

    [Fact]
    public async Task Calls_AreListedNewestFirst_PageByPage()
    {
        await using var host = await StartAsync(12);
        var first = await host.GetAsync("/api/v1/calls?limit=10");
        first.Status.ShouldBe(200);
        first.Data.GetProperty("calls").GetArrayLength().ShouldBe(10);
        var newest = first.Data.GetProperty("calls")[0];
        newest.GetProperty("tool_name").GetString().ShouldBe("tool0");
        newest.GetProperty("duration_ms").GetDouble().ShouldBe(1.512);

        var next = first.Data.GetProperty("next_before_id").GetInt64();
        var second = await host.GetAsync($"/api/v1/calls?limit=10&before_id={next}");
        second.Data.GetProperty("calls").GetArrayLength().ShouldBe(2);
        second.Data.GetProperty("next_before_id").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
    }

    [Fact]
    public async Task Calls_WithFilters_AreThoseOnly()
    {
        await using var host = await StartAsync(20);
        var failed = await host.GetAsync("/api/v1/calls?success=false&group_id=group0");
        failed.Data.GetProperty("calls").GetArrayLength().ShouldBe(2);
        failed.Data.GetProperty("calls")[0].GetProperty("error_code").GetInt32().ShouldBe(-31001);
    }

    private static async Task<StreamReader> FollowAsync(
        AdminHost host,
        string query,
        string path = "/api/v1/calls/stream"
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{path}?{query}");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Authorization = new("Bearer", host.Token);
        var response = await host.Client.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken
        );
        response.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        return new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The next events' ids and tools; beats are passed over.</summary>
    private static async Task<List<(long Id, string Tool)>> TakeAsync(StreamReader stream, int count)
    {
        var found = new List<(long, string)>();
        var id = 0L;
        while (found.Count < count)
        {
            var line =
                await stream.ReadLineAsync(TestContext.Current.CancellationToken)
                ?? throw new EndOfStreamException($"after {found.Count}");
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
            else if (line.StartsWith("data: {\"", StringComparison.Ordinal))
                found.Add((id, System.Text.Json.JsonElement.Parse(line[6..]).GetProperty("tool_name").GetString()!));
        }
        return found;
    }

    [Fact]
    public async Task Stream_GivesTheLastAndThenTheNew_WithoutGapOrRepetition()
    {
        await using var host = await StartAsync(12);
        using var stream = await FollowAsync(host, "last=2&tool_name=tool0");
        var first = await TakeAsync(stream, 2);
        first.ShouldAllBe(e => e.Tool == "tool0");

        var log = host.Get<CallLog>();
        for (var round = 0; round < 3; round++)
        {
            foreach (var row in CallRows.Rows(12))
                log.TryWrite(row);
            await log.FlushAsync(TestContext.Current.CancellationToken);
        }
        var next = await TakeAsync(stream, 12);
        next.ShouldAllBe(e => e.Tool == "tool0");
        first.Concat(next).Select(e => e.Id).ShouldBeInOrder();
        first.Concat(next).Select(e => e.Id).ShouldBeUnique();

        // Who was cut off goes on after the last event.
        using var again = await FollowAsync(host, $"tool_name=tool0&after_id={next[8].Id}");
        (await TakeAsync(again, 3)).ShouldBe(next[9..]);
    }

    // A reader that was cut off before the first call misses none of those logged meanwhile.
    [Fact(Timeout = 20_000)]
    public async Task Stream_WithNothingToShow_TellsAtOnceWhereToGoOn()
    {
        await using var host = await StartAsync(3);
        long? at = null;
        using (var stream = await FollowAsync(host, "tool_name=tool1&last=0"))
        {
            while (at is null)
            {
                var line = await stream.ReadLineAsync(TestContext.Current.CancellationToken);
                line.ShouldNotBeNull().ShouldNotStartWith("data: {\"");
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                    at = long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
            }
            (await stream.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldBe("event: beat");
        }
        var log = host.Get<CallLog>();
        foreach (var row in CallRows.Rows(3))
            log.TryWrite(row);
        await log.FlushAsync(TestContext.Current.CancellationToken);
        using var again = await FollowAsync(host, $"tool_name=tool1&after_id={at}");
        (await TakeAsync(again, 1)).Single().Id.ShouldBeGreaterThan(at.Value);
    }

    // P-77
    [Fact]
    public async Task Stream_OfATokenThatDied_EndsBeforeTheNextCall()
    {
        await using var host = await StartAsync(1);
        using var stream = await FollowAsync(host, "last=1");
        (await TakeAsync(stream, 1)).Count.ShouldBe(1);
        (await host.PostAsync("/api/v1/auth/logout")).Status.ShouldBe(200);
        var log = host.Get<CallLog>();
        log.TryWrite(CallRows.Row(2));
        await log.FlushAsync(TestContext.Current.CancellationToken);
        await Should.ThrowAsync<EndOfStreamException>(() => TakeAsync(stream, 1));
    }

    // What waits for news would look for them for ever, once a second on PostgreSQL, if nobody told it.
    [Fact]
    public async Task Stream_ThatEnded_IsWaitedForByNobody()
    {
        var waiting = new TaskCompletionSource<CancellationToken>();
        await using var host = await AdminHost.StartAsync(map: routes =>
            routes
                .MapRest("/probe", "probe")
                .MapGet(
                    "",
                    () =>
                        new RestStream(async token =>
                        {
                            waiting.TrySetResult(token);
                            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
                            return [];
                        })
                )
                .WithName("probe")
        );
        using var stream = await FollowAsync(host, "", "/api/v1/probe");
        var token = await waiting.Task;
        (await host.PostAsync("/api/v1/auth/logout")).Status.ShouldBe(200);
        var end = stream.ReadToEndAsync(TestContext.Current.CancellationToken);
        await Fairlead.Testing.Eventually.UntilAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(15));
            return Task.FromResult(end.IsCompleted);
        });
        await Fairlead.Testing.Eventually.UntilAsync(() => token.IsCancellationRequested);
    }

    [Fact]
    public async Task Stream_WithNothingNew_Beats()
    {
        await using var host = await StartAsync(0);
        using var stream = await FollowAsync(host, "");
        (await stream.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldBe("event: beat");
        // The rest of it, and the whole of the one that says where the stream begins.
        for (var i = 0; i < 2 + 4; i++)
            await stream.ReadLineAsync(TestContext.Current.CancellationToken);
        var next = stream.ReadLineAsync(TestContext.Current.CancellationToken).AsTask();
        await Fairlead.Testing.Eventually.UntilAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(15));
            return Task.FromResult(next.IsCompleted);
        });
        (await next).ShouldBe("event: beat");
    }

    [Fact]
    public async Task Streams_BeyondTheirNumber_AreRefused()
    {
        await using var host = await StartAsync(0);
        var open = new List<StreamReader>();
        for (var i = 0; i < RestStreams.Most; i++)
            open.Add(await FollowAsync(host, ""));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/calls/stream");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Authorization = new("Bearer", host.Token);
        using var refused = await host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        ((int)refused.StatusCode).ShouldBe(429);
        open.ForEach(s => s.Dispose());
        await Fairlead.Testing.Eventually.UntilAsync(async () =>
        {
            using var next = await FollowOrNullAsync(host);
            return next is not null;
        });
    }

    private static async Task<StreamReader?> FollowOrNullAsync(AdminHost host)
    {
        try
        {
            return await FollowAsync(host, "");
        }
        catch (ShouldAssertException)
        {
            return null;
        }
    }

    [Theory]
    [InlineData("", "INVALID_REQUEST")]
    [InlineData("?last=501", "INVALID_PARAMETER")]
    [InlineData("?limit=5", "INVALID_PARAMETER")]
    public async Task Stream_AskedForWrongly_IsRefused(string query, string code)
    {
        await using var host = await StartAsync(0);
        var answer = await host.GetAsync($"/api/v1/calls/stream{query}");
        (answer.Status, answer.Code).ShouldBe((400, code));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=501")]
    [InlineData("before_id=x")]
    public async Task Calls_WithABadParameter_AreRefused(string query)
    {
        await using var host = await StartAsync(0);
        var answer = await host.GetAsync($"/api/v1/calls?{query}");
        (answer.Status, answer.Code).ShouldBe((400, "INVALID_PARAMETER"));
    }
}
