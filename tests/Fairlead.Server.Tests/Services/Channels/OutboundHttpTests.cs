using Fairlead.Server.Services.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>The HTTP client that native tools share (P-12).</summary>
public sealed class OutboundHttpTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact] // P-12
    public void Client_UnlessTold_HasTheFiguresOfTheRequirement()
    {
        var options = new OutboundOptions();
        using var http = new OutboundHttp(options, new ChannelOptions());
        http.Client.Timeout.ShouldBe(TimeSpan.FromSeconds(30));
        http.Handler.MaxConnectionsPerServer.ShouldBe(100);
        options.KeepAliveConnections.ShouldBe(20);
    }

    [Fact] // P-12: of 30 at once 20 connections stay.
    public async Task Connections_BeyondTheKeptOnes_AreClosedAfterTheirAnswer()
    {
        var closing = 0;
        var waiting = 0;
        var go = new TaskCompletionSource();
        await using var server = await ServeAsync(async context =>
        {
            if (context.Request.Headers.Connection.ToString().Contains("close", StringComparison.OrdinalIgnoreCase))
                Interlocked.Increment(ref closing);
            if (Interlocked.Increment(ref waiting) == 30)
                go.SetResult();
            await go.Task;
        });
        using var http = new OutboundHttp(new OutboundOptions(), new ChannelOptions());
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => http.Client.GetAsync(new Uri(Address(server)), Token)));
        closing.ShouldBe(10);
        using var later = await http.Client.GetAsync(new Uri(Address(server)), Token);
        closing.ShouldBe(10);
    }

    [Fact] // P-12, P-17
    public async Task Stop_ClosesIt_AndAgainIsNoError()
    {
        var http = new OutboundHttp(new OutboundOptions(), new ChannelOptions());
        await http.StopAsync(Token);
        http.Dispose();
        await Should.ThrowAsync<ObjectDisposedException>(() =>
            http.Client.GetAsync(new Uri("http://127.0.0.1:1"), Token)
        );
    }

    [Fact] // P-55
    public async Task Address_OfThisMachine_IsRefusedWherePrivateOnesAre()
    {
        await using var server = await ServeAsync(static _ => Task.CompletedTask);
        using var http = new OutboundHttp(new OutboundOptions(), new ChannelOptions { RefusePrivateAddresses = true });
        var refused = await Should.ThrowAsync<HttpRequestException>(() =>
            http.Client.GetAsync(new Uri(Address(server)), Token)
        );
        refused.InnerException.ShouldBeOfType<AddressRefusedException>();
    }

    private static string Address(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    private static async Task<WebApplication> ServeAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(Token);
        return app;
    }
}
