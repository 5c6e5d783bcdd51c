using System.Buffers;
using System.Net.WebSockets;

namespace Fairlead.Client;

/// <summary>A WebSocket, a message a text frame.</summary>
internal sealed class WebSocketTransport : McpTransport
{
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(1);
    private readonly Uri endpoint;
    private readonly ClientWebSocket socket = new();
    private readonly CancellationTokenSource closed = new();
    private readonly SemaphoreSlim writing = new(1);
    private Task reading = Task.CompletedTask;

    public WebSocketTransport(Uri endpoint, IReadOnlyDictionary<string, string>? headers)
    {
        this.endpoint = endpoint;
        socket.Options.AddSubProtocol("mcp");
        foreach (var (name, value) in headers ?? new Dictionary<string, string>())
            socket.Options.SetRequestHeader(name, value);
    }

    internal override async Task OpenAsync(CancellationToken cancellationToken)
    {
        await socket.ConnectAsync(endpoint, cancellationToken);
        reading = Task.Run(ReadAsync, CancellationToken.None);
    }

    internal override async Task SendAsync(Outgoing message, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            // A cancelled send would abort the socket, and with it everybody's calls.
            await socket.SendAsync(message.Json, WebSocketMessageType.Text, true, CancellationToken.None);
        }
        finally
        {
            writing.Release();
        }
    }

    private protected override async ValueTask CloseAsync()
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            try
            {
                using var grace = new CancellationTokenSource(CloseGrace, TimeProvider.System);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, grace.Token);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException)
            {
                // It is gone already.
            }
        }
        await closed.CancelAsync();
        await reading;
        socket.Dispose();
        closed.Dispose();
        writing.Dispose();
    }

    private async Task ReadAsync()
    {
        var message = new ArrayBufferWriter<byte>(4096);
        try
        {
            while (true)
            {
                var part = await socket.ReceiveAsync(message.GetMemory(4096), closed.Token);
                if (part.MessageType == WebSocketMessageType.Close)
                    break;
                message.Advance(part.Count);
                if (message.WrittenCount > MaxMessageBytes)
                    throw new InvalidDataException($"The server sent a message of more than {MaxMessageBytes} bytes.");
                if (!part.EndOfMessage)
                    continue;
                Deliver(message.WrittenSpan.ToArray());
                message.ResetWrittenCount();
            }
            End(null);
        }
        catch (Exception failure)
            when (failure is WebSocketException or InvalidDataException or OperationCanceledException)
        {
            End(closed.IsCancellationRequested ? null : failure);
        }
    }
}
