using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Fairlead.EndToEnd.Matrix;

/// <summary>One way to exchange JSON-RPC messages, as a Dify client does it. Disposing it is what the client does at its end.</summary>
internal interface IDifyWire : IAsyncDisposable
{
    /// <summary>Sends a request and waits for its answer, or sends a notification.</summary>
    Task<JsonElement> SendAsync(string json, bool isRequest, CancellationToken cancellationToken);
}

/// <summary>What all Dify clients have in common.</summary>
internal static class DifyWire
{
    public static HttpRequestMessage Post(Uri url, string json, string? key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
        };
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    /// <summary>The one thing these clients tell of a refusal: the body is not read.</summary>
    public static void RaiseForStatus(HttpResponseMessage response)
    {
        if ((int)response.StatusCode is < 200 or >= 300)
            throw new ShownException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Client error '{(int)response.StatusCode} {response.ReasonPhrase}' for url '{response.RequestMessage!.RequestUri}'"
                )
            );
    }
}

/// <summary>
/// HTTP+SSE (contracts.md §2.6, §2.7): GET first, the <c>endpoint</c> event within <paramref name="patience"/> and on the
/// same origin, answers on the stream.
/// </summary>
/// <param name="http">Its connection.</param>
/// <param name="url">The configured address.</param>
/// <param name="key">Sent with the GET.</param>
/// <param name="keyOnPost">Whether it is sent with each POST too; else these carry Content-Type alone.</param>
/// <param name="patience">How long it waits for the endpoint.</param>
/// <param name="tellsStatus">Whether a refused GET is told; the plugin's reader ends in silence and its user reads of a timeout.</param>
internal sealed class DifySseWire(
    HttpClient http,
    Uri url,
    string key,
    bool keyOnPost,
    TimeSpan patience,
    bool tellsStatus
) : IDifyWire
{
    private HttpResponseMessage? stream;
    private IAsyncEnumerator<(string Name, string Data)>? events;
    private Uri? endpoint;

    public async Task<JsonElement> SendAsync(string json, bool isRequest, CancellationToken cancellationToken)
    {
        if (endpoint is null)
            await OpenAsync(cancellationToken);
        using var request = DifyWire.Post(endpoint!, json, keyOnPost ? key : null);
        using var response = await http.SendAsync(request, cancellationToken);
        DifyWire.RaiseForStatus(response);
        if (!isRequest)
            return default;
        while (await events!.MoveNextAsync())
        {
            if (events.Current.Name != "message")
                continue;
            var message = JsonElement.Parse(events.Current.Data);
            if (message.TryGetProperty("id", out var id) && json.Contains($"\"id\":{id},", StringComparison.Ordinal))
                return message;
        }
        throw new ShownException("No response received");
    }

    public async ValueTask DisposeAsync()
    {
        if (events is not null)
            await events.DisposeAsync();
        stream?.Dispose();
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.CacheControl = new CacheControlHeaderValue { NoStore = true };
        stream = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (tellsStatus)
            DifyWire.RaiseForStatus(stream);
        else if (!stream.IsSuccessStatusCode)
            throw new ShownException("MCP Server connection timeout!");
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(patience);
        events = stream.EventsAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        if (!await events.MoveNextAsync().AsTask().WaitAsync(late.Token) || events.Current.Name != "endpoint")
            throw new ShownException("failed to get endpoint URL");
        endpoint = new Uri(url, events.Current.Data);
        if (endpoint.GetLeftPart(UriPartial.Authority) != url.GetLeftPart(UriPartial.Authority))
            throw new ShownException($"Endpoint origin does not match connection origin: {endpoint}");
    }
}

/// <summary>
/// Streamable HTTP as Dify itself speaks it: one event stream or JSON body per request, a GET stream after
/// <c>initialized</c>, DELETE at the end, no version header.
/// </summary>
internal sealed class DifyHttpWire(HttpClient http, Uri url, string key) : IDifyWire
{
    private string? session;
    private Task? listening;
    private readonly CancellationTokenSource closed = new();

    public async Task<JsonElement> SendAsync(string json, bool isRequest, CancellationToken cancellationToken)
    {
        if (json.Contains("notifications/initialized", StringComparison.Ordinal) && session is not null)
            listening = ListenAsync();
        using var request = WithSession(DifyWire.Post(url, json, key));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if ((int)response.StatusCode is 202)
            return default;
        if ((int)response.StatusCode is 404)
            throw new ShownException("Session terminated by server");
        DifyWire.RaiseForStatus(response);
        if (session is null && response.Headers.TryGetValues("mcp-session-id", out var opened))
            session = opened.Single();
        if (response.Content.Headers.ContentType?.MediaType == "application/json")
            return JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
        await foreach (var (name, data) in response.EventsAsync(cancellationToken))
        {
            var message = name == "message" && data.Length > 0 ? JsonElement.Parse(data) : default;
            if (message.ValueKind == JsonValueKind.Object && !message.TryGetProperty("method", out _))
                return message;
        }
        throw new ShownException("No response received");
    }

    public async ValueTask DisposeAsync()
    {
        if (session is not null)
        {
            using var request = WithSession(new HttpRequestMessage(HttpMethod.Delete, url));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var response = await http.SendAsync(request);
        }
        await closed.CancelAsync();
        await (listening ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        closed.Dispose();
    }

    private HttpRequestMessage WithSession(HttpRequestMessage request)
    {
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        if (session is not null)
            request.Headers.Add("mcp-session-id", session);
        return request;
    }

    private async Task ListenAsync()
    {
        using var request = WithSession(new HttpRequestMessage(HttpMethod.Get, url));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, closed.Token);
        await foreach (var _ in response.EventsAsync(closed.Token)) { }
    }
}

/// <summary>Streamable HTTP as an early plugin speaks it: whatever it accepts, the body is parsed as JSON.</summary>
internal sealed class PluginJsonWire(HttpClient http, Uri url, string key, string? accept) : IDifyWire
{
    private string? session;

    public async Task<JsonElement> SendAsync(string json, bool isRequest, CancellationToken cancellationToken)
    {
        using var request = DifyWire.Post(url, json, key);
        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        if (session is not null)
            request.Headers.Add("Mcp-Session-Id", session);
        using var response = await http.SendAsync(request, cancellationToken);
        DifyWire.RaiseForStatus(response);
        if (response.Headers.TryGetValues("Mcp-Session-Id", out var opened))
            session = opened.Single();
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        return isRequest ? JsonElement.Parse(body) : default;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
