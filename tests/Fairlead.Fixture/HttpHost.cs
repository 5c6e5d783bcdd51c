using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Fixture;

/// <summary>Serves over Streamable HTTP at /mcp, either era, or over HTTP+SSE at /sse; with both comes a WebSocket at /ws.</summary>
internal static class HttpHost
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static async Task RunAsync(FixtureService service, FixtureOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{options.Port}");
        var app = builder.Build();
        var legacy = new LegacyHttp(service, options);
        var modern = new ModernHttp(service, options);
        app.Map(
            options.Transport == "sse" ? "/none" : "/mcp",
            async context =>
            {
                if (context.Request.Method != "POST")
                {
                    await legacy.OtherAsync(context);
                    return;
                }
                var message = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
                if (options.Modern && (FixtureService.IsModern(message) || !options.Legacy))
                    await modern.PostAsync(context, message);
                else
                    await legacy.PostAsync(context, message);
            }
        );
        var isSse = options.Transport == "sse";
        if (isSse)
        {
            var sse = new SseHost(service, options);
            app.MapGet("/sse", sse.StreamAsync);
            app.MapPost("/messages", sse.PostAsync);
        }
        app.UseWebSockets();
        app.Map("/ws", new WebSocketHost(service, options).HandleAsync);
        await app.StartAsync();
        var address = app
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.First();
        await Console.Out.WriteLineAsync($"listening {address}{(isSse ? "/sse" : "/mcp")}");
        await app.WaitForShutdownAsync();
    }

    public static Dictionary<string, string> Headers(HttpContext context) =>
        context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);

    public static async Task JsonAsync(HttpContext context, int status, JsonObject message, FixtureOptions options)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(message.ToJsonString(options.Pretty ? Indented : null));
    }

    public static async Task<bool> DripAsync(HttpContext context, JsonObject message, JsonObject response)
    {
        if ((string?)message["params"]?["name"] != "drip")
            return false;
        context.Response.ContentType = "application/json";
        foreach (var b in Encoding.UTF8.GetBytes(response.ToJsonString()))
        {
            await context.Response.Body.WriteAsync(new[] { b }, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, context.RequestAborted);
        }
        return true;
    }
}

/// <summary>A response stream of server-sent events.</summary>
internal sealed class EventStream(HttpContext context)
{
    private readonly SemaphoreSlim writing = new(1, 1);

    public void Open()
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }

    public Task EventAsync(string data, string? id = null) =>
        RawAsync((id is null ? "" : $"id: {id}\n") + $"event: message\ndata: {data}\n\n");

    public async Task RawAsync(string text)
    {
        await writing.WaitAsync();
        try
        {
            await context.Response.WriteAsync(text, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
        finally
        {
            writing.Release();
        }
    }
}
