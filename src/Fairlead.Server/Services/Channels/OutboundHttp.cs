using Microsoft.Extensions.Hosting;

namespace Fairlead.Server.Services.Channels;

/// <summary>The HTTP client of native tools; section <c>Outbound</c> (P-12).</summary>
internal sealed record OutboundOptions
{
    /// <summary>Longest time a request may take; default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most connections to one server; default 100. Requests beyond them wait.</summary>
    public int MaxConnections { get; init; } = 100;

    /// <summary>Connections that are kept for the next request; default 20. What is beyond them at once is closed after its answer.</summary>
    public int KeepAliveConnections { get; init; } = 20;

    /// <summary>All things wrong with these options; empty when usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromMinutes(10))
            errors.Add($"Outbound:Timeout is 100 ms to 10 min, it is {Timeout}.");
        if (MaxConnections is < 1 or > 10_000)
            errors.Add($"Outbound:MaxConnections is 1 to 10000, it is {MaxConnections}.");
        if (KeepAliveConnections < 0 || KeepAliveConnections > MaxConnections)
            errors.Add($"Outbound:KeepAliveConnections is 0 to MaxConnections, it is {KeepAliveConnections}.");
        return errors;
    }
}

/// <summary>
/// The one HTTP client that native tools share: a tool takes an <see cref="HttpClient"/> as a parameter or in its
/// constructor. Addresses are checked like those of services; made once, closed at the stop (P-06, P-12, P-17).
/// </summary>
internal sealed class OutboundHttp : IHostedService, IDisposable
{
    public OutboundHttp(OutboundOptions options, ChannelOptions channels)
    {
        Handler = GuardedHttp.Handler(channels, options.MaxConnections);
        Client = new HttpClient(new KeptConnections(Handler, options.KeepAliveConnections))
        {
            Timeout = options.Timeout,
        };
    }

    /// <summary>The client; used by any number of calls at once.</summary>
    public HttpClient Client { get; }

    /// <summary>Its connections.</summary>
    public SocketsHttpHandler Handler { get; }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => Client.Dispose();

    /// <summary>The pool has no bound for idle connections: what is sent beyond it asks for its connection to be closed.</summary>
    private sealed class KeptConnections(HttpMessageHandler inner, int most) : DelegatingHandler(inner)
    {
        private int underWay;

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            try
            {
                if (Interlocked.Increment(ref underWay) > most)
                    request.Headers.ConnectionClose = true;
                return await base.SendAsync(request, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref underWay);
            }
        }
    }
}
