using System.Net;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serve;

/// <summary>The addresses of <c>--urls</c>.</summary>
internal static class ListenAddresses
{
    /// <exception cref="StoreException">One of them is nothing the gateway can listen on; the message says why.</exception>
    public static string[] Parse(string urls)
    {
        var all = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (all.Length == 0)
            throw new StoreException("--urls names no address; write it like http://127.0.0.1:8000");
        foreach (var url in all)
        {
            if (Problem(url) is { } problem)
                throw new StoreException($"--urls: '{url}' {problem}");
        }
        return all;
    }

    /// <summary>An address as a client on this machine writes it: nobody can call <c>0.0.0.0</c>.</summary>
    public static string ForClients(string address)
    {
        var at = BindingAddress.Parse(address);
        var anywhere =
            at.Host is "*" or "+"
            || (
                IPAddress.TryParse(at.Host.Trim('[', ']'), out var ip)
                && ip.Equals(
                    ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                        ? IPAddress.IPv6Any
                        : IPAddress.Any
                )
            );
        return anywhere ? $"{at.Scheme}://127.0.0.1:{at.Port}" : address.TrimEnd('/');
    }

    private static string? Problem(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return "is no address; write it like http://127.0.0.1:8000";
        }
        if (address.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase))
            return "asks for HTTPS, which the gateway leaves to a proxy in front of it that has the certificate; use http://";
        if (!address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
            return "must begin with http://";
        if (!address.IsUnixPipe && address.Port is < 0 or > IPEndPoint.MaxPort)
            return $"has a port that is not 0 to {IPEndPoint.MaxPort}";
        return address.PathBase.Length > 0 ? "has a path; an address to listen on has none" : null;
    }
}
