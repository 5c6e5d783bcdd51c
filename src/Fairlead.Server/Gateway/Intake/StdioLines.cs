using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>
/// Newline-delimited JSON over a pair of streams (spec 2026-07-28 transports/stdio). Writes are whole lines, and never
/// wait for a client that does not read.
/// </summary>
internal sealed class StdioLines
{
    // What waits for a client that reads slowly; one that does not read at all is given up.
    private const long MaxWaiting = 64L * 1024 * 1024;

    private readonly Channel<byte[]> queue = Channel.CreateUnbounded<byte[]>(
        new UnboundedChannelOptions { SingleReader = true }
    );
    private readonly Stream input;
    private readonly Stream output;
    private readonly int maxLine;
    private readonly Task writing;
    private long waiting;

    public StdioLines(Stream input, Stream output, int maxLine)
    {
        this.input = input;
        this.output = output;
        this.maxLine = maxLine;
        writing = Task.Run(WriteQueuedAsync);
    }

    /// <summary>Writes one message as one line; false when the client no longer reads.</summary>
    public bool Write(byte[] message)
    {
        // Line breaks between tokens are white space; on this transport a message must not hold any (R97).
        var line = new byte[message.Length + 1];
        message.CopyTo(line, 0);
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        line[^1] = (byte)'\n';
        if (Interlocked.Add(ref waiting, line.Length) > MaxWaiting)
        {
            Interlocked.Add(ref waiting, -line.Length);
            queue.Writer.TryComplete();
            return false;
        }
        return queue.Writer.TryWrite(line);
    }

    /// <summary>Takes no more lines; completes when all are written.</summary>
    public Task CompleteAsync()
    {
        queue.Writer.TryComplete();
        return writing;
    }

    private async Task WriteQueuedAsync()
    {
        try
        {
            while (await queue.Reader.WaitToReadAsync())
            {
                while (queue.Reader.TryRead(out var line))
                {
                    await output.WriteAsync(line);
                    Interlocked.Add(ref waiting, -line.Length);
                }
                await output.FlushAsync();
            }
        }
        catch (IOException)
        {
            // The client is gone.
            queue.Writer.TryComplete();
        }
    }

    /// <summary>Lines as they come, each in an array of its own; a line over the limit ends the input.</summary>
    public async IAsyncEnumerable<byte[]> ReadAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var reader = PipeReader.Create(input);
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                if (line.Length > 0)
                    yield return line.ToArray();
            }
            if (read.IsCompleted || buffer.Length > maxLine)
            {
                if (buffer.Length > 0 && buffer.Length <= maxLine)
                    yield return buffer.ToArray();
                yield break;
            }
            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
