using System.Net;
using System.Net.Sockets;

namespace Fairlead.Conformance;

/// <summary>A port nobody should ever connect to; counts who does.</summary>
internal sealed class HttpTrap : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Task loop;
    private int requests;

    private HttpTrap()
    {
        listener.Start();
        loop = CountAsync();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";

    public int Requests => Volatile.Read(ref requests);

    public static Task<HttpTrap> StartAsync() => Task.FromResult(new HttpTrap());

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await loop;
    }

    private async Task CountAsync()
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref requests);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }
}
