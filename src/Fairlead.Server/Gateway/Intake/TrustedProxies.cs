using System.Net;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// Whose <c>X-Forwarded-For</c>, <c>-Proto</c>, <c>-Host</c> and <c>-Prefix</c> are believed. The list is walked from
/// the connection's end and left at the first address that is not trusted, so a client cannot put one in front.
/// </summary>
internal static class TrustedProxies
{
    /// <returns>Null when no proxy is trusted: then the headers mean nothing.</returns>
    /// <exception cref="StoreException">An entry is no address and no network.</exception>
    public static ForwardedHeadersOptions? Read(GatewayOptions options)
    {
        if (options.TrustedProxies.Count == 0)
            return null;
        var headers = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.All,
            // As many proxies in a row as are trusted; the default of one would call the inner ones clients.
            ForwardLimit = null,
        };
        // The defaults trust loopback, where any user of the machine is.
        headers.KnownProxies.Clear();
        headers.KnownIPNetworks.Clear();
        foreach (var entry in options.TrustedProxies)
        {
            // Without the count "10" would be read as 0.0.0.10.
            if (
                IPAddress.TryParse(entry, out var address)
                && (entry.Contains(':') || entry.Count(static c => c == '.') == 3)
            )
                headers.KnownProxies.Add(address);
            else if (IPNetwork.TryParse(entry, out var network))
                headers.KnownIPNetworks.Add(network);
            else
                throw new StoreException(
                    $"Gateway:TrustedProxies: '{entry}' is no address (10.0.0.7) and no network (10.0.0.0/8)."
                );
        }
        return headers;
    }
}
