using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Fairlead.Doctor.Checks;

/// <summary>The addresses to listen on: free while no gateway runs, and by whom they are taken where they are not.</summary>
internal sealed class PortsCheck : ICheck
{
    public string Name => "ports";

    public async IAsyncEnumerable<Finding> RunAsync(
        Site site,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var runs = (await site.GatewayAsync()).Presence == Presence.Gateway;
        foreach (var point in ListenPoint.All(site.Settings.Urls))
        {
            if (point.Port == 0)
                continue;
            if (runs && point.Port == site.Server.Port)
                yield return new(Severity.Ok, Name, point.Url, "the gateway listens there");
            else
                yield return Problem(point) ?? new(Severity.Ok, Name, point.Url, "is free; no gateway runs there");
        }
    }

    private Finding? Problem(ListenPoint point)
    {
        try
        {
            using var listener = new TcpListener(point.Address ?? IPAddress.IPv6Any, point.Port);
            if (point.Address is null)
                listener.Server.DualMode = true;
            listener.Start();
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => PortHolder.Find(point.Port) is { } holder
                    ? Fault(
                        point,
                        $"port {point.Port} is taken by {holder.Name} (process {holder.Process})",
                        $"end it: kill {holder.Process} – or listen elsewhere: fairlead serve --urls http://127.0.0.1:{Free()}"
                    )
                    : Fault(
                        point,
                        $"port {point.Port} is taken by a process of another user",
                        $"see by whom: sudo ss -ltnp 'sport = :{point.Port}' – or listen elsewhere: fairlead serve --urls http://127.0.0.1:{Free()}"
                    ),
                SocketError.AccessDenied => Fault(
                    point,
                    $"{Environment.UserName} may not listen on port {point.Port} (ports below 1024 are root's)",
                    $"listen elsewhere: fairlead serve --urls http://127.0.0.1:{Free()}"
                ),
                SocketError.AddressNotAvailable => Fault(
                    point,
                    "is no address of this machine",
                    "see those there are: ip -brief address – and give one with --urls"
                ),
                _ => Fault(point, $"cannot be listened on: {e.Message}", "choose another with --urls"),
            };
        }
    }

    private Finding Fault(ListenPoint point, string what, string mend) =>
        new(Severity.Fault, Name, point.Url, what, mend);

    private static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
