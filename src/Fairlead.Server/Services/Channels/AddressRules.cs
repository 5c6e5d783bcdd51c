using System.Net;
using System.Net.Sockets;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// Which resolved addresses an outbound connection may go to. An own table: no helper of the runtime knows private,
/// carrier, mapped or metadata ranges (security.md section 3 "Uri/IP").
/// </summary>
internal static class AddressRules
{
    private static readonly IPNetwork[] Never = Parse(
        // "this network", link-local with the metadata services, multicast and reserved
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        // metadata outside the link-local range: Azure, Alibaba, AWS over IPv6
        "168.63.129.16/32",
        "100.100.100.200/32",
        "fd00:ec2::/32",
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8"
    );

    private static readonly IPNetwork[] Private = Parse(
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "::1/128",
        "fc00::/7",
        // ways to IPv4 that are each network's own, so that nobody here knows where they lead: NAT64 with a prefix of
        // one's own, translated addresses, Teredo
        "64:ff9b:1::/48",
        "::ffff:0:0:0/96",
        "2001::/32"
    );

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <summary>Whether a connection to this address is allowed; IPv4 embedded in IPv6 is judged as IPv4.</summary>
    public static bool Allows(IPAddress address, bool refusePrivate)
    {
        if (Within(Never, address) || (refusePrivate && Within(Private, address)))
            return false;
        return Embedded(address) is not { } inner || Allows(inner, refusePrivate);
    }

    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return null;
        var bytes = address.GetAddressBytes();
        if (address.IsIPv4MappedToIPv6 || Nat64.Contains(address))
            return new IPAddress(bytes.AsSpan(12));
        if (SixToFour.Contains(address))
            return new IPAddress(bytes.AsSpan(2, 4));
        // The deprecated ::a.b.c.d form; ::1 is loopback itself.
        return Compatible.Contains(address) && !IPAddress.IsLoopback(address) ? new IPAddress(bytes.AsSpan(12)) : null;
    }

    private static bool Within(IPNetwork[] table, IPAddress address) =>
        Array.Exists(table, network => network.Contains(address));

    private static IPNetwork[] Parse(params string[] networks) => Array.ConvertAll(networks, IPNetwork.Parse);
}
