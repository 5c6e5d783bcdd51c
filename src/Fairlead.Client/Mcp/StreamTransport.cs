using System.Buffers;
using System.IO.Pipelines;

namespace Fairlead.Client;

/// <summary>Newline-delimited JSON on two streams.</summary>
internal sealed class StreamTransport(Stream input, Stream output) : McpTransport
{
    private readonly CancellationTokenSource closed = new();
    private readonly SemaphoreSlim writing = new(1);
    private Task reading = Task.CompletedTask;

    internal override Task OpenAsync(CancellationToken cancellationToken)
    {
        reading = Task.Run(ReadAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    internal override async Task SendAsync(Outgoing message, CancellationToken cancellationToken)
    {
        var line = new byte[message.Json.Length + 1];
        message.Json.CopyTo(line);
        line[^1] = (byte)'\n';
        await writing.WaitAsync(cancellationToken);
        try
        {
            // Half a line would spoil the next one, so what was begun is finished.
            await output.WriteAsync(line, CancellationToken.None);
            await output.FlushAsync(CancellationToken.None);
        }
        finally
        {
            writing.Release();
        }
    }

    private protected override async ValueTask CloseAsync()
    {
        await closed.CancelAsync();
        await output.DisposeAsync();
        await input.DisposeAsync();
        await reading;
        closed.Dispose();
        writing.Dispose();
    }

    private async Task ReadAsync()
    {
        var reader = PipeReader.Create(input, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(closed.Token);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = buffer.Slice(0, end);
                    if (line.Length > 0)
                        Deliver(line.ToArray());
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (buffer.Length > MaxMessageBytes)
                    throw new InvalidDataException($"The server sent a line of more than {MaxMessageBytes} bytes.");
                if (read.IsCompleted)
                    break;
            }
            End(null);
        }
        catch (Exception failure)
            when (failure
                    is IOException
                        or InvalidDataException
                        or OperationCanceledException
                        or ObjectDisposedException
            )
        {
            End(closed.IsCancellationRequested ? null : failure);
        }
        await reader.CompleteAsync();
    }
}
