using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>Services over HTTP+SSE (spec 2024-11-05 transports "HTTP with SSE").</summary>
public sealed class SseChannelTests : IAsyncLifetime
{
    private readonly ChannelRecorder events = new();
    private FixtureProcess service = null!;

    public async ValueTask InitializeAsync() => service = await FixtureProcess.StartSseAsync();

    public ValueTask DisposeAsync() => service.DisposeAsync();

    private async Task<IChannel> OpenAsync(ChannelOptions? options = null)
    {
        var opened = await Connector.OpenSseAsync(
            service.Address,
            [new("X-Test", "yes")],
            events,
            options ?? new ChannelOptions { ResumePause = TimeSpan.FromMilliseconds(20) },
            TimeProvider.System,
            CancellationToken.None
        );
        return opened.Channel ?? throw new InvalidOperationException(opened.Problem);
    }

    [Fact]
    public async Task Call_GivesTheRawResult_AndProgressOfItsOwn()
    {
        await using var channel = await OpenAsync();
        channel.Hello.Era.ShouldBe(Era.Legacy);
        (await channel.CallTextAsync("echo", """{"text":"hi"}""")).ShouldBe(
            """Result:None:{"content":[{"type":"text","text":"hi"}]}"""
        );
        (await channel.CallTextAsync("error")).ShouldStartWith("Error:None:");
        var progress = new CallRecorder();
        using var reply = await channel.CallAsync(
            FixtureCalls.Tool(Era.Legacy, "progress", """{"n":3}""", progress: true),
            progress,
            CancellationToken.None
        );
        reply.Kind.ShouldBe(ChannelReplyKind.Result);
        progress.Notifications.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Calls_SideBySide_EachGetTheirOwnAnswer()
    {
        await using var channel = await OpenAsync();
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 100).Select(i => channel.CallTextAsync("echo", $$"""{"text":"n{{i}}"}"""))
        );
        answers.ShouldBe(
            Enumerable.Range(0, 100).Select(i => $$"""Result:None:{"content":[{"type":"text","text":"n{{i}}"}]}""")
        );
    }

    [Fact]
    public async Task Question_OfTheOnlyCall_IsAskedAndAnswered()
    {
        await using var channel = await OpenAsync();
        var asked = new CallRecorder();
        (await channel.CallTextAsync("ask", events: asked)).ShouldContain("accept");
        asked.Questions.Single().Method.ShouldBe(McpMethod.ElicitationCreate);
    }

    [Fact]
    public async Task ListChange_IsToldToTheSupervisor()
    {
        await using var channel = await OpenAsync();
        await channel.CallTextAsync("listchange");
        await Eventually.UntilAsync(() =>
            Task.FromResult(events.Notifications.Any(n => n.Method == McpMethod.NotificationsToolsListChanged))
        );
    }

    [Fact]
    public async Task Call_Cancelled_TellsTheService()
    {
        await using var channel = await OpenAsync();
        using var cancel = new CancellationTokenSource();
        var call = channel.CallTextAsync("silent", cancellationToken: cancel.Token);
        // The service has begun it once it answers what came after.
        await channel.CallTextAsync("echo");
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call);
        await channel.UntilCountsAsync("cancelled=1");
    }

    [Fact]
    public async Task Stream_Cut_FailsWhatWasOpen_AndIsOpenedAgain()
    {
        await using var channel = await OpenAsync();
        var open = channel.CallTextAsync("silent");
        await channel.CallTextAsync("echo");
        await channel.CallTextAsync("forget");
        (await open).ShouldStartWith("Failed:Protocol");
        // A call that comes meanwhile waits for the new connection.
        (await channel.CallTextAsync("echo", """{"text":"back"}""")).ShouldContain("back");
        events.Closed.ShouldBeEmpty();
        await Eventually.UntilAsync(() =>
            Task.FromResult(events.Notifications.Any(n => n.Method == McpMethod.NotificationsToolsListChanged))
        );
    }

    [Fact]
    public async Task Service_Killed_ClosesTheChannel()
    {
        await using var channel = await OpenAsync();
        var open = channel.CallTextAsync("silent");
        await channel.CallTextAsync("echo");
        await service.KillAsync();
        (await open).ShouldStartWith("Failed:Protocol");
        await Eventually.UntilAsync(() => Task.FromResult(!events.Closed.IsEmpty));
        (await channel.CallTextAsync("echo")).ShouldStartWith("Failed:NotConnected");
    }

    [Fact]
    public async Task Channel_Disposed_FailsWhatIsOpen()
    {
        var channel = await OpenAsync();
        var open = channel.CallTextAsync("silent");
        await channel.CallTextAsync("echo");
        await channel.DisposeAsync();
        (await open).ShouldStartWith("Failed:");
        events.Closed.ShouldBeEmpty();
    }

    [Fact]
    public async Task Auto_FindsEitherTransport()
    {
        await using var http = await FixtureProcess.StartHttpAsync();
        foreach (var address in (Uri[])[service.Address, http.Address])
        {
            var opened = await Connector.OpenEitherAsync(
                address,
                [],
                known: null,
                events,
                new ChannelOptions(),
                TimeProvider.System,
                CancellationToken.None
            );
            await using var channel = opened.Channel.ShouldNotBeNull(opened.Problem);
            (await channel.CallTextAsync("echo", """{"text":"hi"}""")).ShouldContain("hi");
            channel.GetType().ShouldBe(address == service.Address ? typeof(SseChannel) : typeof(LegacyHttpChannel));
        }
    }

    [Theory]
    [InlineData("event: endpoint\ndata: http://127.0.0.1:1/messages\n\n", "another origin")]
    [InlineData("event: endpoint\ndata: https://example.org/messages\n\n", "another origin")]
    [InlineData("event: endpoint\ndata: //example.org/messages\n\n", "another origin")]
    [InlineData("event: endpoint\ndata: http://a@$host/messages\n\n", "another origin")]
    [InlineData("event: message\ndata: {}\n\n", "ended before it named an endpoint")]
    [InlineData("event: endpoint\ndata: http://[\n\n", "names no address")]
    [InlineData("event: endpoint\ndata: /$long\n\n", "names no address")]
    [InlineData("", "ended before it named an endpoint")]
    public async Task Endpoint_ThatIsNoneOfTheService_IsRefused(string text, string problem)
    {
        var posts = 0;
        await using var script = await ScriptAsync(
            async context =>
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync(
                    text.Replace("$host", context.Request.Host.Value, StringComparison.Ordinal)
                        .Replace("$long", new string('x', 5000), StringComparison.Ordinal)
                );
            },
            () => posts++
        );
        var opened = await Connector.OpenSseAsync(
            new Uri(script.Urls.Single() + "/sse"),
            [new("Authorization", "Bearer canary")],
            events,
            new ChannelOptions(),
            TimeProvider.System,
            CancellationToken.None
        );
        opened.Channel.ShouldBeNull();
        opened.Problem.ShouldContain(problem);
        posts.ShouldBe(0);
    }

    [Fact]
    public async Task Endpoint_ThatNeverComes_IsGivenUp()
    {
        await using var script = await ScriptAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.StartAsync();
            await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
        });
        var time = new FakeTimeProvider();
        var opening = Connector.OpenSseAsync(
            new Uri(script.Urls.Single() + "/sse"),
            [],
            events,
            new ChannelOptions(),
            time,
            CancellationToken.None
        );
        await Eventually.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(3));
            return Task.FromResult(opening.IsCompleted);
        });
        (await opening).Problem.ShouldContain("no endpoint event within 10 s");
    }

    [Fact]
    public async Task Message_AboveTheLimit_FailsItsCall_AndNothingElse()
    {
        await using var channel = await OpenAsync(
            new ChannelOptions { MaxMessageBytes = 100_000, ResumePause = TimeSpan.FromMilliseconds(20) }
        );
        (await channel.CallTextAsync("big", """{"bytes":200000}""")).ShouldStartWith("Failed:TooLarge");
        (await channel.CallTextAsync("echo", """{"text":"on"}""")).ShouldContain("on");
    }

    [Fact]
    public async Task Address_ThatIsPrivate_IsGuarded()
    {
        var opened = await Connector.OpenSseAsync(
            service.Address,
            [],
            events,
            new ChannelOptions { RefusePrivateAddresses = true },
            TimeProvider.System,
            CancellationToken.None
        );
        opened.Problem.ShouldContain("not allowed");
    }

    private static async Task<WebApplication> ScriptAsync(RequestDelegate stream, Action? posted = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/sse", stream);
        app.MapFallback(context =>
        {
            posted?.Invoke();
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        return app;
    }
}
