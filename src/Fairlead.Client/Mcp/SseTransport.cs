using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;

namespace Fairlead.Client;

/// <summary>HTTP+SSE (2024-11-05): messages come as events of one stream and go to the address its first event names.</summary>
internal sealed class SseTransport(Uri endpoint, IReadOnlyDictionary<string, string>? headers) : McpTransport
{
    private readonly HttpClient http = HttpTransport.Client(headers);
    private readonly CancellationTokenSource closed = new();
    private readonly TaskCompletionSource<Uri> address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpResponseMessage? response;
    private Task reading = Task.CompletedTask;

    internal override async Task OpenAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint);
        request.Headers.Accept.ParseAdd("text/event-stream");
        response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode || response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            throw new McpDisconnectedException($"{endpoint} opened no event stream: HTTP {(int)response.StatusCode}.");
        reading = Task.Run(() => ReadAsync(response.Content), CancellationToken.None);
        await address.Task.WaitAsync(cancellationToken);
    }

    internal override async Task SendAsync(Outgoing message, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, await address.Task);
        request.Content = new ReadOnlyMemoryContent(message.Json);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var taken = await http.SendAsync(request, cancellationToken);
        if (!taken.IsSuccessStatusCode)
            throw new McpDisconnectedException($"The server took no message: HTTP {(int)taken.StatusCode}.");
    }

    private protected override async ValueTask CloseAsync()
    {
        await closed.CancelAsync();
        await reading;
        response?.Dispose();
        http.Dispose();
        closed.Dispose();
    }

    private async Task ReadAsync(HttpContent content)
    {
        Exception? cause = null;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(closed.Token);
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(closed.Token))
            {
                if (item.EventType == "endpoint")
                    TakeAddress(item.Data);
                else if (item.EventType == "message")
                    Deliver(Encoding.UTF8.GetBytes(item.Data));
            }
        }
        catch (Exception failure)
            when (failure is IOException or HttpRequestException or OperationCanceledException or InvalidDataException)
        {
            cause = closed.IsCancellationRequested ? null : failure;
        }
        address.TrySetException(new McpDisconnectedException("The stream ended before it named an address.", cause));
        _ = address.Task.Exception;
        End(cause);
    }

    // Keys travel with every post: no event may send them to another server.
    private void TakeAddress(string text)
    {
        if (
            !Uri.TryCreate(endpoint, text, out var uri)
            || Uri.Compare(
                uri,
                endpoint,
                UriComponents.SchemeAndServer,
                UriFormat.Unescaped,
                StringComparison.OrdinalIgnoreCase
            ) != 0
        )
            throw new InvalidDataException($"The stream names an address of another server: {text}");
        address.TrySetResult(uri);
    }
}
