using System.Buffers;

namespace Fairlead.Runtime.Pipes;

/// <summary>
/// Cuts a byte stream into lines, however it was split on the way, in one buffer that never exceeds the longest line
/// allowed. LF and CRLF end a line; blank lines and an unfinished last line are nothing.
/// </summary>
internal sealed class LineFramer(int maxLineBytes) : IDisposable
{
    private const int SmallBuffer = 64 * 1024;
    private const int LeastRead = 8 * 1024;

    private byte[] buffer = ArrayPool<byte>.Shared.Rent(SmallBuffer);
    private int start; // of the line not yet given out
    private int scanned; // no line end between start and here
    private int end; // of what was read

    /// <summary>True once a line was longer than allowed; nothing comes after it.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Bytes of a line that has not ended yet.</summary>
    public int Pending => end - start;

    /// <summary>Where to read to; never empty. Call when <see cref="TryRead"/> has nothing more.</summary>
    public Span<byte> Free()
    {
        if (start == end)
        {
            start = scanned = end = 0;
            // One large answer must not cost its memory for the rest of the service's life.
            if (buffer.Length > 2 * SmallBuffer)
                Swap(SmallBuffer);
        }
        else if (buffer.Length - end < LeastRead)
        {
            Compact();
            if (buffer.Length - end < LeastRead)
                Swap((int)Math.Min(4L * buffer.Length, (long)maxLineBytes + LeastRead));
        }
        return buffer.AsSpan(end);
    }

    /// <summary>Says how many bytes were read to <see cref="Free"/>.</summary>
    public void Advance(int count) => end += count;

    /// <summary>The next complete line without its end; valid until the next call of <see cref="Free"/>.</summary>
    public bool TryRead(out ReadOnlyMemory<byte> line)
    {
        while (!Overflowed)
        {
            var found = buffer.AsSpan(scanned, end - scanned).IndexOf((byte)'\n');
            if (found < 0)
            {
                scanned = end;
                // One more than allowed may still turn out to be the CR of the line end.
                Overflowed = Pending > maxLineBytes + 1L;
                break;
            }
            var length = scanned + found - start;
            if (length > 0 && buffer[start + length - 1] == '\r')
                length--;
            line = buffer.AsMemory(start, length);
            start = scanned = scanned + found + 1;
            Overflowed = length > maxLineBytes;
            if (!Overflowed && line.Span.ContainsAnyExcept(" \t\r"u8))
                return true;
        }
        line = default;
        return false;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        start = scanned = end = 0;
    }

    private void Compact()
    {
        buffer.AsSpan(start, Pending).CopyTo(buffer);
        end -= start;
        scanned -= start;
        start = 0;
    }

    private void Swap(int size)
    {
        var next = ArrayPool<byte>.Shared.Rent(size);
        buffer.AsSpan(0, end).CopyTo(next);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = next;
    }
}
