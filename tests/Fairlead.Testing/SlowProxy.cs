using System.Net;
using System.Net.Sockets;

namespace Fairlead.Testing;

/// <summary>A loopback TCP proxy that holds back what the server answers, as a slow server or network does.</summary>
public sealed class SlowProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closing = new();
    private readonly int target;
    private readonly Task accepting;
    private long delayTicks;
    private bool isCut;

    /// <param name="target">Loopback port of the server.</param>
    public SlowProxy(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How long each piece of an answer is held back; changes at once.</summary>
    public TimeSpan Delay
    {
        get => new(Volatile.Read(ref delayTicks));
        set => Volatile.Write(ref delayTicks, value.Ticks);
    }

    /// <summary>
    /// Whether nothing gets through either way, as behind a network that drops it: connections stand, new ones too, and
    /// say nothing. What was held back comes through when it ends.
    /// </summary>
    public bool IsCut
    {
        get => Volatile.Read(ref isCut);
        set => Volatile.Write(ref isCut, value);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener.Stop();
        await accepting;
        closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = CarryAsync(await listener.AcceptTcpClientAsync(closing.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                using var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, target, closing.Token);
                (client.NoDelay, server.NoDelay) = (true, true);
                using var over = CancellationTokenSource.CreateLinkedTokenSource(closing.Token);
                await Task.WhenAny(
                    CopyAsync(client.GetStream(), server.GetStream(), slowly: false, over.Token),
                    CopyAsync(server.GetStream(), client.GetStream(), slowly: true, over.Token)
                );
                await over.CancelAsync();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException)
        {
            // One side is gone.
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool slowly, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var read = await from.ReadAsync(buffer, cancellationToken);
            if (read == 0)
                return;
            if (slowly && Delay > TimeSpan.Zero)
                await Task.Delay(Delay, TimeProvider.System, cancellationToken);
            while (IsCut)
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }
}
