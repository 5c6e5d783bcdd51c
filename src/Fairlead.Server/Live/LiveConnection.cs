using System.Net.WebSockets;
using System.Threading.Channels;

namespace Fairlead.Server.Live;

/// <summary>One WebSocket of a user. What is sent waits in a bounded queue; who does not keep up is cut off.</summary>
internal sealed class LiveConnection(WebSocket socket, LiveOptions options, TimeProvider time) : IDisposable
{
    // Clients have nothing to say yet but that they are there.
    private const int MaxIncoming = 64 * 1024;
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource cut = new();
    private readonly Channel<ReadOnlyMemory<byte>> queue = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(options.Queue) { SingleReader = true }
    );

    /// <summary>Takes a message to send; one that finds the queue full ends the connection.</summary>
    public void Send(ReadOnlyMemory<byte> message)
    {
        if (queue.Writer.TryWrite(message))
            return;
        try
        {
            cut.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended since it was looked up.
        }
    }

    /// <summary>Ends it once what waits is sent.</summary>
    public void Close() => queue.Writer.TryComplete();

    /// <summary>Serves until one side ends it.</summary>
    public async Task RunAsync(CancellationToken aborted)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aborted, cut.Token);
        var reading = ReadAsync(either.Token);
        var sending = SendAllAsync(either.Token);
        await Task.WhenAny(reading, sending);
        queue.Writer.TryComplete();
        try
        {
            if (!cut.IsCancellationRequested)
                await sending.WaitAsync(Goodbye, time, CancellationToken.None);
            using var patience = new CancellationTokenSource(Goodbye, time);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(
                    cut.IsCancellationRequested
                        ? WebSocketCloseStatus.PolicyViolation
                        : WebSocketCloseStatus.NormalClosure,
                    cut.IsCancellationRequested ? "too slow" : null,
                    patience.Token
                );
        }
        catch (Exception e)
            when (e is WebSocketException or OperationCanceledException or TimeoutException or IOException)
        {
            // It is gone, however it went.
        }
        finally
        {
            await either.CancelAsync();
            await Task.WhenAll(reading, sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => cut.Dispose();

    private async Task SendAllAsync(CancellationToken cancellationToken)
    {
        await foreach (var message in queue.Reader.ReadAllAsync(cancellationToken))
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        var length = 0;
        while (true)
        {
            var got = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (got.MessageType == WebSocketMessageType.Close)
                return;
            length = got.EndOfMessage ? 0 : length + got.Count;
            if (length > MaxIncoming)
            {
                await cut.CancelAsync();
                return;
            }
        }
    }
}
