using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;

namespace Fairlead.Stdio;

/// <summary>How an exchange with the gateway ended.</summary>
internal enum ExchangeEnd
{
    /// <summary>All there was to come has come.</summary>
    Done,

    /// <summary>The session is gone; nothing was run.</summary>
    SessionGone,

    /// <summary>The connection was cut before the answer, or a proxy answered; whether it was run is not known.</summary>
    Cut,
}

/// <summary>
/// Requests to the gateway over HTTP. A gateway that is not there (it restarts) is waited for; what was surely not run
/// is sent again, what may have been run is not.
/// </summary>
internal sealed class GatewayLink(
    HttpClient http,
    Uri endpoint,
    Func<CancellationToken, ValueTask<string>> key,
    TimeProvider time,
    Action<string> tell
)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // A proxy answers for a gateway that restarts: whoever asks again does it at this rate.
    private static readonly TimeSpan StrangerPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    // What was said about it last, which is not said again every second.
    private HttpStatusCode? stranger;

    /// <summary>How long a request waits for a gateway that is not there.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Sends a message and hands on each message that comes back.</summary>
    /// <param name="body">The message; null opens the standing stream with a GET.</param>
    /// <param name="headers">Headers beside the key.</param>
    /// <param name="onMessage">Takes a message; true when it is the answer, after which nothing more is waited for.</param>
    /// <param name="onHeaders">Sees the headers of a good response.</param>
    /// <param name="cancellationToken">Closes the response.</param>
    /// <exception cref="HttpRequestException">The gateway was not there for <see cref="Patience"/>.</exception>
    public async Task<ExchangeEnd> ExchangeAsync(
        string? body,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        Func<string, bool> onMessage,
        Action<HttpResponseHeaders>? onHeaders,
        CancellationToken cancellationToken
    )
    {
        using var response = await SendAsync(body, headers, cancellationToken);
        if (response is null)
            return ExchangeEnd.Cut;
        var inSession = headers.Any(h => h.Key == "Mcp-Session-Id");
        if (response.StatusCode == HttpStatusCode.NotFound && inSession)
            return ExchangeEnd.SessionGone;
        if (response.IsSuccessStatusCode)
            onHeaders?.Invoke(response.Headers);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            {
                using var reader = new StreamReader(stream, Encoding.UTF8);
                var text = await reader.ReadToEndAsync(cancellationToken);
                if (text.Length == 0 && response.IsSuccessStatusCode)
                    return ExchangeEnd.Done;
                if (!Kind.Of(text).IsMessage)
                {
                    if (stranger != response.StatusCode)
                        tell(
                            $"what answers at {endpoint.Authority} is no gateway now: HTTP {(int)response.StatusCode}"
                        );
                    stranger = response.StatusCode;
                    await Task.Delay(StrangerPause, time, cancellationToken);
                    return ExchangeEnd.Cut;
                }
                stranger = null;
                onMessage(text);
                return ExchangeEnd.Done;
            }
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
            {
                if (Kind.Of(item.Data).IsMessage && onMessage(item.Data))
                    return ExchangeEnd.Done;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return ExchangeEnd.Cut;
        }
        return ExchangeEnd.Cut;
    }

    /// <summary>Gives a session back where the gateway is there; one that is not given back ends when it was idle for long.</summary>
    /// <param name="headers">Those that name the session.</param>
    public async Task EndSessionAsync(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        using var limit = new CancellationTokenSource(Farewell, time);
        try
        {
            using var request = await RequestAsync(HttpMethod.Delete, headers, limit.Token);
            using var response = await http.SendAsync(request, limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // The program ends all the same.
        }
    }

    /// <summary>The response; null when the connection was cut after the request had gone out.</summary>
    private async Task<HttpResponseMessage?> SendAsync(
        string? body,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        CancellationToken cancellationToken
    )
    {
        var begun = time.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                using var request = await RequestAsync(
                    body is null ? HttpMethod.Get : HttpMethod.Post,
                    headers,
                    cancellationToken
                );
                if (body is not null)
                    request.Content = new StringContent(
                        body,
                        Encoding.UTF8,
                        new MediaTypeHeaderValue("application/json")
                    );
                request.Headers.Accept.ParseAdd(
                    body is null ? "text/event-stream" : "application/json, text/event-stream"
                );
                var response = await http.SendAsync(
                    request,
                    HttpCompletionOption.ResponseHeadersRead,
                    cancellationToken
                );
                // Draining or not ready yet: refused before anything was run.
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable || time.GetElapsedTime(begun) > Patience)
                    return response;
                response.Dispose();
            }
            catch (HttpRequestException e) when (IsAbsent(e) && time.GetElapsedTime(begun) <= Patience)
            {
                if (pause == FirstPause)
                    tell($"the gateway at {endpoint.Authority} is not there; waiting for it");
            }
            catch (HttpRequestException e) when (!IsAbsent(e))
            {
                return null;
            }
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async ValueTask<HttpRequestMessage> RequestAsync(
        HttpMethod method,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        CancellationToken cancellationToken
    )
    {
        var request = new HttpRequestMessage(method, endpoint);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await key(cancellationToken));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private static bool IsAbsent(HttpRequestException e) =>
        e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError;
}
