using System.Buffers;
using System.IO.Pipelines;

namespace Fairlead.Server.Gateway.Intake;

/// <summary>Newline-delimited JSON over a pair of streams (spec 2026-07-28 transports/stdio). Writes are whole lines.</summary>
internal sealed class StdioLines(Stream input, Stream output, int maxLine)
{
    private readonly Lock writing = new();

    /// <summary>Writes one message as one line; false when the client no longer reads.</summary>
    public bool Write(byte[] message)
    {
        // Line breaks between tokens are white space; on this transport a message must not hold any (R97).
        var line = new byte[message.Length + 1];
        message.CopyTo(line, 0);
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        line[^1] = (byte)'\n';
        try
        {
            lock (writing)
            {
                output.Write(line);
                output.Flush();
            }
            return true;
        }
        catch (IOException)
        {
            return false;
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
