using System.Text;
using System.Threading.Channels;

namespace Fairlead.Stdio;

/// <summary>
/// The client on standard input and output: one JSON-RPC message a line, and nothing else on the output (P-113).
/// </summary>
internal sealed class ClientLine(Stream input, Stream output)
{
    private readonly Channel<string> queue = Channel.CreateUnbounded<string>(
        new UnboundedChannelOptions { SingleReader = true }
    );

    /// <summary>Sends a message; line breaks in it are white space between tokens.</summary>
    public void Write(string message) =>
        queue.Writer.TryWrite(message.AsSpan().ContainsAny('\n', '\r') ? OneLine(message) : message);

    /// <summary>Messages until the input ends.</summary>
    public async IAsyncEnumerable<string> ReadAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var reader = new StreamReader(input, new UTF8Encoding(false), leaveOpen: true);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line))
                yield return line;
        }
    }

    /// <summary>Writes what is sent until <see cref="Complete"/>; ends too when nobody reads any more.</summary>
    public async Task PumpAsync()
    {
        try
        {
            await foreach (var message in queue.Reader.ReadAllAsync())
            {
                await output.WriteAsync(Encoding.UTF8.GetBytes(message + "\n"));
                await output.FlushAsync();
            }
        }
        catch (IOException)
        {
            // The client is gone; its input ends as well.
        }
    }

    public void Complete() => queue.Writer.TryComplete();

    private static string OneLine(string message) => message.Replace('\n', ' ').Replace('\r', ' ');
}
