using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Fairlead.Protocol;
using Fairlead.Protocol.Http;

namespace Fairlead.Client;

/// <summary>Streamable HTTP: a message a POST, answered by JSON or a stream of events; in older revisions a session.</summary>
internal sealed class HttpTransport(Uri endpoint, IReadOnlyDictionary<string, string>? headers, TimeProvider time)
    : McpTransport
{
    private static readonly TimeSpan Reopen = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);
    private readonly HttpClient http = Client(headers);
    private readonly CancellationTokenSource closed = new();
    private Task listening = Task.CompletedTask;
    private string? session;
    private Revision? agreed;

    /// <summary>A client whose requests last as long as their answers and go where they were sent, nowhere else.</summary>
    public static HttpClient Client(IReadOnlyDictionary<string, string>? headers)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        foreach (var (name, value) in headers ?? new Dictionary<string, string>())
            client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        return client;
    }

    // 2026-07-28 streamable-http "Cancellation": closing the response is the cancellation.
    internal override bool CancelsByClosing(Revision? revision) => revision?.Era() == Era.Modern;

    internal override Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal override void OnReady(Revision revision)
    {
        agreed = revision;
        if (revision.Era() == Era.Legacy)
            listening = Task.Run(ListenAsync, CancellationToken.None);
    }

    internal override async Task SendAsync(Outgoing message, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed.Token);
        using var request = Request(HttpMethod.Post, message.Revision ?? agreed);
        request.Content = new ReadOnlyMemoryContent(message.Json);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        if (message.Revision?.Era() == Era.Modern)
        {
            request.Headers.Add("Mcp-Method", message.Method);
            if (message.Name is not null)
                request.Headers.Add("Mcp-Name", HeaderText.Encode(message.Name));
            foreach (var (name, value) in message.Headers ?? [])
                request.Headers.TryAddWithoutValidation(name, value);
        }
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        if (message.Method == "initialize" && response.Headers.TryGetValues("Mcp-Session-Id", out var ids))
            session = ids.First();
        await ReadAsync(response, either.Token);
    }

    private protected override async ValueTask CloseAsync()
    {
        if (session is not null)
        {
            try
            {
                using var grace = new CancellationTokenSource(CloseGrace, TimeProvider.System);
                using var request = Request(HttpMethod.Delete, agreed);
                using var _ = await http.SendAsync(request, grace.Token);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // The session ends by itself.
            }
        }
        await closed.CancelAsync();
        await listening;
        http.Dispose();
        closed.Dispose();
    }

    private HttpRequestMessage Request(HttpMethod method, Revision? revision)
    {
        var request = new HttpRequestMessage(method, endpoint);
        if (session is not null)
            request.Headers.Add("Mcp-Session-Id", session);
        // Revisions before 2025-06-18 know no such header.
        if (revision >= Revision.V20250618)
            request.Headers.Add("MCP-Protocol-Version", revision.Value.Wire());
        return request;
    }

    private async Task ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        switch (response.Content.Headers.ContentType?.MediaType)
        {
            case "text/event-stream" when response.IsSuccessStatusCode:
                await ReadEventsAsync(response, cancellationToken);
                break;
            case "application/json":
                await response.Content.LoadIntoBufferAsync(MaxMessageBytes, cancellationToken);
                var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
                if (!response.IsSuccessStatusCode && !HasId(body))
                    throw Refused(response.StatusCode, body);
                Deliver(body);
                break;
            default:
                if (!response.IsSuccessStatusCode)
                    throw Refused(response.StatusCode, default);
                break;
        }
    }

    private async Task ReadEventsAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            // An event without data only says where the stream could be taken up again (2025-11-25).
            if (item.EventType == "message" && item.Data.Length > 0)
                Deliver(Encoding.UTF8.GetBytes(item.Data));
        }
    }

    // What the server says by itself comes on a stream of its own (2025-03-26 and later); one that has none answers 405.
    private async Task ListenAsync()
    {
        while (!closed.IsCancellationRequested)
        {
            try
            {
                using var request = Request(HttpMethod.Get, agreed);
                request.Headers.Accept.ParseAdd("text/event-stream");
                using var response = await http.SendAsync(
                    request,
                    HttpCompletionOption.ResponseHeadersRead,
                    closed.Token
                );
                if (response.StatusCode == HttpStatusCode.NotFound && session is not null)
                {
                    End(new McpDisconnectedException("The session has ended."));
                    return;
                }
                if (!response.IsSuccessStatusCode)
                    return;
                await ReadEventsAsync(response, closed.Token);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                // Opened again below: calls go on meanwhile.
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(Reopen, time, closed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static bool HasId(byte[] body)
    {
        try
        {
            return McpMessage.Parse(body).Id is not null;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static Exception Refused(HttpStatusCode status, byte[]? body)
    {
        try
        {
            if (body is { Length: > 0 } && McpMessage.Parse(body).Error is { } error)
                return new McpErrorException(error);
        }
        catch (FormatException)
        {
            // Told by the status alone.
        }
        return new McpDisconnectedException($"The server refused the message: HTTP {(int)status}.");
    }
}
