using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Fairlead.Server.Tests.Tools.Http;

/// <summary>What a request looked like when it arrived.</summary>
public sealed record Arrived(
    string Method,
    string PathAndQuery,
    IReadOnlyDictionary<string, string> Headers,
    string? ContentType,
    string Body
);

/// <summary>A real HTTP service on loopback that notes what arrives and answers what the test says.</summary>
public sealed class HttpEcho : IAsyncLifetime
{
    private readonly ConcurrentQueue<Arrived> arrived = new();
    private WebApplication app = null!;

    public Uri Address { get; private set; } = null!;

    /// <summary>How to answer; null answers <c>{"ok":true}</c>.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    public Arrived Last => arrived.Last();
    public int Count => arrived.Count;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            arrived.Enqueue(
                new Arrived(
                    http.Request.Method,
                    http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
                    http.Request.Headers.ToDictionary(
                        h => h.Key,
                        h => h.Value.ToString(),
                        StringComparer.OrdinalIgnoreCase
                    ),
                    http.Request.ContentType,
                    await reader.ReadToEndAsync()
                )
            );
            if (Answer is { } answer)
                await answer(http);
            else
                await http.Response.WriteAsJsonAsync(new { ok = true });
        });
        await app.StartAsync();
        Address = new Uri(app.Urls.Single());
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
