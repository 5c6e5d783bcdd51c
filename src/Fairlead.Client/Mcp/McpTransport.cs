using System.Threading.Channels;
using Fairlead.Protocol;

namespace Fairlead.Client;

/// <summary>A message on its way out, with what HTTP repeats of it in headers.</summary>
internal sealed record Outgoing(
    ReadOnlyMemory<byte> Json,
    string? Method,
    string? Name = null,
    Revision? Revision = null,
    IReadOnlyList<KeyValuePair<string, string>>? Headers = null
);

/// <summary>
/// How messages reach a server and come back. Made by one of the methods here and given to one
/// <see cref="McpClient"/>, which disposes it.
/// </summary>
public abstract class McpTransport : IAsyncDisposable
{
    /// <summary>Largest message that is taken, 8 MiB (security.md §5).</summary>
    internal const int MaxMessageBytes = 8 * 1024 * 1024;

    private readonly Channel<ReadOnlyMemory<byte>> incoming = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(
        new UnboundedChannelOptions { SingleReader = true }
    );

    private protected McpTransport() { }

    /// <summary>Streamable HTTP, in every revision that has it.</summary>
    /// <param name="endpoint">The server's MCP endpoint.</param>
    /// <param name="headers">Sent with every request, such as <c>Authorization</c>; null for none.</param>
    /// <param name="time">The clock of pauses; null is the system's.</param>
    public static McpTransport Http(
        Uri endpoint,
        IReadOnlyDictionary<string, string>? headers = null,
        TimeProvider? time = null
    )
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new HttpTransport(endpoint, headers, time ?? TimeProvider.System);
    }

    /// <summary>HTTP+SSE of revision 2024-11-05: a stream of events, and an address they name to post to.</summary>
    /// <param name="endpoint">Address of the stream, often <c>…/sse</c>.</param>
    /// <param name="headers">Sent with every request; null for none.</param>
    public static McpTransport Sse(Uri endpoint, IReadOnlyDictionary<string, string>? headers = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new SseTransport(endpoint, headers);
    }

    /// <summary>A WebSocket with a message in each text frame and the subprotocol <c>mcp</c>; an extension (C-29).</summary>
    /// <param name="endpoint">An address with <c>ws</c> or <c>wss</c>.</param>
    /// <param name="headers">Sent with the handshake; null for none.</param>
    public static McpTransport WebSocket(Uri endpoint, IReadOnlyDictionary<string, string>? headers = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new WebSocketTransport(endpoint, headers);
    }

    /// <summary>Newline-delimited messages on two streams: standard output and input of a process, or a pipe.</summary>
    /// <param name="input">What the server writes.</param>
    /// <param name="output">What the server reads.</param>
    public static McpTransport Streams(Stream input, Stream output)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        return new StreamTransport(input, output);
    }

    /// <summary>Messages as they came, until the connection ends. Ends with an exception when it broke.</summary>
    internal IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAllAsync(CancellationToken cancellationToken) =>
        incoming.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Whether a request ends with its own exchange, so that giving it up needs no notification.</summary>
    internal virtual bool CancelsByClosing(Revision? revision) => false;

    internal abstract Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Sends; for HTTP it lasts as long as the answer, and cancelling it gives the answer up.</summary>
    internal abstract Task SendAsync(Outgoing message, CancellationToken cancellationToken);

    /// <summary>The handshake is done: from now on the server may speak by itself.</summary>
    internal virtual void OnReady(Revision revision) { }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        End(null);
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    private protected abstract ValueTask CloseAsync();

    private protected void Deliver(ReadOnlyMemory<byte> message) => incoming.Writer.TryWrite(message);

    private protected void End(Exception? cause) => incoming.Writer.TryComplete(cause);
}
