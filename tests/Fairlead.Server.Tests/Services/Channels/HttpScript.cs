using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Server.Services.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Tests.Services.Channels;

/// <summary>A legacy HTTP service on a loopback port that answers by a script and counts what it was sent.</summary>
internal sealed class HttpScript : IAsyncDisposable
{
    private readonly WebApplication app;

    private HttpScript(WebApplication app) => this.app = app;

    /// <summary>Status and body (<c>$id</c> stands for the request's id) for a method and how often it was seen.</summary>
    public delegate (HttpStatusCode Status, string Body) Reply(string method, int times);

    public ConcurrentDictionary<string, int> Seen { get; } = new();

    public static async Task<(HttpScript Service, IChannel Channel)> StartAsync(Reply script)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var service = new HttpScript(builder.Build());
        service.app.MapPost("/mcp", context => service.AnswerAsync(context, script));
        service.app.MapFallback(context =>
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        });
        await service.app.StartAsync();
        var opened = await Connector.OpenHttpAsync(
            new Uri(service.app.Urls.Single() + "/mcp"),
            [],
            Revisions.NewestLegacy,
            new ChannelRecorder(),
            new ChannelOptions(),
            TimeProvider.System,
            CancellationToken.None
        );
        return (service, opened.Channel ?? throw new InvalidOperationException(opened.Problem));
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, Reply script)
    {
        using var message = await JsonDocument.ParseAsync(context.Request.Body);
        var method = message.RootElement.GetProperty("method").GetString()!;
        var times = Seen.AddOrUpdate(method, 1, (_, n) => n + 1);
        if (!message.RootElement.TryGetProperty("id", out var id))
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }
        var (status, body) = script(method, times);
        context.Response.StatusCode = (int)status;
        context.Response.ContentType = "application/json";
        context.Response.Headers["Mcp-Session-Id"] = $"session-{times}";
        await context.Response.WriteAsync(body.Replace("$id", id.GetRawText(), StringComparison.Ordinal));
    }
}
