using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage;
using Fairlead.Server.Tools.Samples;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Server.Automation.Agents;

/// <summary>How requests to our own address are sent, where not over a socket.</summary>
internal sealed record OwnHandler(Func<HttpMessageHandler> Make);

/// <summary>
/// Our own MCP endpoint as a client has it: over HTTP, with the key of the group <c>assistant</c>, a stateless request for
/// each call. So what an agent does passes the whole pipeline and is in the call log like everybody's calls.
/// </summary>
internal sealed class OwnEndpoint : IDisposable
{
    /// <summary>Under which name its calls are in the log (A-17).</summary>
    public const string CallerAppId = "fairlead-butler";

    private const string Revision = "2026-07-28";
    private readonly IServiceProvider services;
    private readonly AgentOptions options;
    private readonly StoreWatcher store;
    private readonly GroupStore groups;
    private readonly HttpClient http;
    private string? key;
    private Uri? address;
    private long lastId;

    public OwnEndpoint(
        IServiceProvider services,
        AgentOptions options,
        StoreWatcher store,
        GroupStore groups,
        OwnHandler? handler = null
    )
    {
        (this.services, this.options, this.store, this.groups) = (services, options, store, groups);
        // Our own address: nothing to guard against, and no proxy leads there.
        http = new HttpClient(
            handler?.Make()
                ?? new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Calls a tool; its structured result.</summary>
    /// <exception cref="HttpRequestException">The endpoint, the key or the tool refused; the message says which.</exception>
    public async Task<JsonElement> CallAsync(string tool, string arguments, CancellationToken cancellationToken)
    {
        var used = key ??= await ReadKeyAsync(cancellationToken);
        var answer = await SendAsync(tool, arguments, used, cancellationToken);
        if (answer is null)
        {
            // The key was made anew since.
            key = await ReadKeyAsync(cancellationToken);
            answer = await SendAsync(tool, arguments, key, cancellationToken);
        }
        var whole =
            answer ?? throw new HttpRequestException("Our own endpoint does not take the key of the group assistant.");
        if (whole.TryGetProperty("error", out var error))
            throw new HttpRequestException($"{tool}: {error.GetProperty("message").GetString()}");
        var result = whole.GetProperty("result");
        if (result.TryGetProperty("isError", out var failed) && failed.GetBoolean())
            throw new HttpRequestException(
                $"{tool}: {result.GetProperty("content")[0].GetProperty("text").GetString()}"
            );
        return result.GetProperty("structuredContent");
    }

    public void Dispose() => http.Dispose();

    /// <summary>Null where the key was refused.</summary>
    private async Task<JsonElement?> SendAsync(
        string tool,
        string arguments,
        string bearer,
        CancellationToken cancellationToken
    )
    {
        var id = Interlocked.Increment(ref lastId);
        var body = $$$"""
            {"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"{{{Revision}}}","io.modelcontextprotocol/clientInfo":{"name":"{{{CallerAppId}}}","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}},"name":"{{{tool}}}","arguments":{{{arguments}}}}}
            """;
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            new Uri(Address(), $"/{SamplesFeature.Assistant}/mcp")
        )
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", Revision);
        request.Headers.Add("Mcp-Method", "tools/call");
        request.Headers.Add("Mcp-Name", tool);
        using var response = await http.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
            return null;
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode && !text.StartsWith('{'))
            throw new HttpRequestException($"Our own endpoint answers {(int)response.StatusCode}.");
        return JsonElement.Parse(text);
    }

    private async Task<string> ReadKeyAsync(CancellationToken cancellationToken)
    {
        var group =
            store.Current.Groups.FirstOrDefault(g => g.ServerCode == SamplesFeature.Assistant)
            ?? throw new HttpRequestException("There is no group with the server code assistant.");
        var read = await groups.ReadKeyAsync(group.Id, cancellationToken);
        return read.Ok ? read.Value : throw new HttpRequestException(read.Error!.Message);
    }

    private Uri Address() =>
        options.OwnUrl
        ?? (
            address ??=
                Listening(services.GetRequiredService<IServer>())
                ?? throw new HttpRequestException("This gateway listens nowhere: agents cannot call its tools.")
        );

    // Whoever listens everywhere listens on the loopback address, too.
    private static Uri? Listening(IServer server)
    {
        foreach (var one in server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
        {
            var text = one.Replace("://+", "://127.0.0.1", StringComparison.Ordinal)
                .Replace("://*", "://127.0.0.1", StringComparison.Ordinal)
                .Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal)
                .Replace("://[::]", "://[::1]", StringComparison.Ordinal);
            if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == "http")
                return url;
        }
        return null;
    }
}
