using System.Net;
using System.Net.Sockets;

namespace Fairlead.Server.Hosting.Limits;

/// <summary>Who a client is by its address.</summary>
internal static class ClientAddress
{
    /// <summary>
    /// The address as text; of IPv6 the /64, for one customer usually has a whole one, and telling its addresses apart would
    /// make it many clients.
    /// </summary>
    public static string? Of(IPAddress? address)
    {
        if (address is { IsIPv4MappedToIPv6: true })
            address = address.MapToIPv4();
        if (address is not { AddressFamily: AddressFamily.InterNetworkV6 } || IPAddress.IsLoopback(address))
            return address?.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
