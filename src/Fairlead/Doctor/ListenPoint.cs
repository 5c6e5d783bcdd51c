using System.Net;
using Fairlead.Serve;
using Fairlead.Server.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Doctor;

/// <summary>An address with a port that the gateway is to listen on.</summary>
internal sealed record ListenPoint(string Url, IPAddress? Address, int Port)
{
    /// <summary>Null <see cref="Address"/> is a name or every address.</summary>
    public bool IsLoopback => Address is not null && IPAddress.IsLoopback(Address);

    /// <summary>Those of <c>--urls</c>; none where it is wrong, which the check of the configuration tells.</summary>
    public static IReadOnlyList<ListenPoint> All(string urls)
    {
        try
        {
            return [.. ListenAddresses.Parse(urls).Select(BindingAddress.Parse).Where(a => !a.IsUnixPipe).Select(Of)];
        }
        catch (StoreException)
        {
            return [];
        }
    }

    private static ListenPoint Of(BindingAddress at) =>
        new(
            at.ToString(),
            at.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
                : IPAddress.TryParse(at.Host.Trim('[', ']'), out var ip) ? ip
                : null,
            at.Port
        );
}
