using System.Net;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// Refuses requests that a foreign web page made a browser send (DNS rebinding; R1, R2): the Host and, if present, the
/// Origin must be loopback names (any port) or configured ones. Guards every endpoint of the process.
/// </summary>
internal sealed class HostGuard(GatewayOptions options)
{
    private readonly HashSet<string> hosts = new(options.AllowedHosts, StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> origins = new(options.AllowedOrigins, StringComparer.OrdinalIgnoreCase);

    // Nearly all requests name the same host: the last good header is compared before anything is parsed.
    private volatile string? lastGood;

    public bool Allows(HttpRequest request)
    {
        string? host = request.Headers.Host;
        if (host != lastGood)
        {
            if (!IsHost(request.Host.Host))
                return false;
            lastGood = host;
        }
        var origin = request.Headers.Origin;
        return origin.Count == 0 || (origin.Count == 1 && IsOrigin(origin[0]!));
    }

    private bool IsHost(string host) => IsLoopback(host) || hosts.Contains(host) || hosts.Contains("*");

    private bool IsOrigin(string origin) =>
        origins.Contains(origin)
        || (
            Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && uri.Scheme is "http" or "https"
            && (IsLoopback(uri.Host) || hosts.Contains(uri.Host))
        );

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
