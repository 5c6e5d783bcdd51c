using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Fairlead.Client.Tests;

/// <summary>A real HTTP server that answers what a test tells it, for what a good gateway never does on demand.</summary>
public sealed class GatewayDouble : IAsyncLifetime
{
    private readonly WebApplication app;
    private readonly List<Request> requests = [];

    public GatewayDouble()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    /// <summary>What is answered to the requests that follow.</summary>
    public Func<Request, HttpResponse, Task> Answer { get; set; } = (_, response) => JsonAsync(response, 404, "{}");

    public Uri Address { get; private set; } = null!;

    public IReadOnlyList<Request> Requests
    {
        get
        {
            lock (requests)
                return [.. requests];
        }
    }

    public sealed record Request(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body)
    {
        public CancellationToken Aborted { get; init; }

        /// <summary>Completes when the client has hung up.</summary>
        public async Task GoneAsync()
        {
            var gone = new TaskCompletionSource();
            await using var registration = Aborted.Register(gone.SetResult);
            await gone.Task;
        }
    }

    public async ValueTask InitializeAsync()
    {
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        Address = new Uri(addresses.Addresses.First());
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    public static async Task JsonAsync(HttpResponse response, int status, string json)
    {
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        await response.WriteAsync(json);
    }

    /// <summary>The envelope of I-14 around data.</summary>
    public static string Envelope(string data, string more = "") =>
        $$"""
            {"success":true,"data":{{data}},"message":"OK","timestamp":"2026-01-01T00:00:00Z",
            "request_id":"0190b2c0-0000-7000-8000-000000000001","performance":{"duration_ms":1.5,"cache_hit":false}{{more}}}
            """;

    public static string Failure(string code, string message, string more = "") =>
        $$$"""
            {"success":false,"data":null,"message":"{{{message}}}","timestamp":"2026-01-01T00:00:00Z",
            "request_id":"0190b2c0-0000-7000-8000-000000000001","performance":{"duration_ms":1.5,"cache_hit":false},
            "error":{"code":"{{{code}}}","message":"{{{message}}}"{{{more}}}}}
            """;

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var request = new Request(
            http.Request.Method,
            http.Request.PathBase + http.Request.Path.ToUriComponent() + http.Request.QueryString,
            http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync()
        )
        {
            Aborted = http.RequestAborted,
        };
        lock (requests)
            requests.Add(request);
        await Answer(request, http.Response);
    }
}
