using System.Text;

namespace Fairlead.Server.Services.Channels;

/// <summary>An open event stream and the address it named.</summary>
internal sealed class SseStream(HttpResponseMessage response, SseReader reader, Uri endpoint) : IDisposable
{
    private int disposed;

    public SseReader Reader { get; } = reader;
    public Uri Endpoint { get; } = endpoint;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
            response.Dispose();
    }
}

/// <summary>
/// Opens event streams of the HTTP+SSE transport: its first event names the address for our messages (spec 2024-11-05
/// transports). That must be of the same origin, for our headers with their credentials go there.
/// </summary>
internal sealed class SseConnector(Uri uri, HttpWire wire, TimeProvider time)
{
    /// <summary>How long the first event may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int LongestEndpoint = 4096;

    /// <summary>A stream, or why there is none.</summary>
    public async Task<(SseStream? Stream, string Problem)> OpenAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        HttpResponseMessage? response = null;
        SseReader? reader = null;
        try
        {
            using var request = wire.Get(lastEventId: null);
            response = await wire.SendAsync(request, either.Token);
            if (!HttpWire.IsStream(response) || !response.IsSuccessStatusCode)
                return (null, HttpWire.Refused(response).Detail + " for its event stream");
            reader = new SseReader(
                await response.Content.ReadAsStreamAsync(either.Token),
                wire.Options.MaxMessageBytes
            );
            var (endpoint, problem) = await EndpointAsync(reader, either.Token);
            if (endpoint is null)
                return (null, problem);
            var stream = new SseStream(response, reader, endpoint);
            (response, reader) = (null, null);
            return (stream, "");
        }
        catch (Exception e) when (HttpWire.IsTransportError(e) && !cancellationToken.IsCancellationRequested)
        {
            return (
                null,
                limit.IsCancellationRequested
                    ? $"no endpoint event within {Patience.TotalSeconds:0} s"
                    : HttpWire.Failed(e).Detail ?? "no connection"
            );
        }
        finally
        {
            reader?.Dispose();
            response?.Dispose();
        }
    }

    private async Task<(Uri? Endpoint, string Problem)> EndpointAsync(
        SseReader reader,
        CancellationToken cancellationToken
    )
    {
        do
        {
            if (await reader.ReadAsync(cancellationToken) != SseRead.Event)
                return (null, "its event stream ended before it named an endpoint");
        } while (reader.Name != "endpoint");
        if (
            reader.Data.Length > LongestEndpoint
            || !Uri.TryCreate(uri, Encoding.UTF8.GetString(reader.Data.Written.Span), out var endpoint)
        )
            return (null, "its endpoint event names no address");
        return
            Uri.Compare(
                uri,
                endpoint,
                UriComponents.SchemeAndServer,
                UriFormat.UriEscaped,
                StringComparison.OrdinalIgnoreCase
            ) == 0
            && endpoint.UserInfo.Length == 0
            ? (endpoint, "")
            : (null, $"its endpoint event names another origin, {endpoint.GetLeftPart(UriPartial.Authority)}: refused");
    }
}
