using System.Net;
using System.Net.Sockets;

namespace Fairlead.Server.Services.Channels;

/// <summary>A name resolved to no address that may be connected to.</summary>
internal sealed class AddressRefusedException(string host)
    : IOException($"Connections to the address of '{host}' are not allowed.");

/// <summary>
/// The one place outbound HTTP is made (security.md section 0.5): no redirects, no cookies, no proxy from the
/// environment, addresses checked after resolving and at the moment of connecting, connect timeout.
/// </summary>
internal static class GuardedHttp
{
    /// <summary>Calls beyond this wait for a connection; far above what one service serves at once.</summary>
    private const int MostConnections = 1024;

    public static HttpMessageInvoker Create(ChannelOptions options) => new(Handler(options, MostConnections));

    /// <summary>A pool of checked connections.</summary>
    /// <param name="options">Which addresses are refused.</param>
    /// <param name="most">Connections to one server; requests beyond them wait.</param>
    public static SocketsHttpHandler Handler(ChannelOptions options, int most) =>
        new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxConnectionsPerServer = most,
            MaxResponseHeadersLength = 32,
            ConnectCallback = (context, token) => ConnectAsync(context.DnsEndPoint, options, token),
        };

    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint target,
        ChannelOptions options,
        CancellationToken cancellationToken
    )
    {
        var resolved = await Dns.GetHostAddressesAsync(target.Host, cancellationToken);
        var allowed = Array.FindAll(resolved, a => AddressRules.Allows(a, options.RefusePrivateAddresses));
        if (allowed.Length == 0)
            throw new AddressRefusedException(target.Host);
        // The checked addresses themselves are connected to, so a second answer of the resolver changes nothing.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
