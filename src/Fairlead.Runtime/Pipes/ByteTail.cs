using System.Text;

namespace Fairlead.Runtime.Pipes;

/// <summary>The last bytes of a stream in a ring that grows to its capacity only when it is filled.</summary>
internal sealed class ByteTail(int capacity)
{
    private const int FirstBytes = 4 * 1024;

    private readonly Lock gate = new();
    private byte[] ring = [];
    private int next;
    private bool wrapped;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (bytes.Length > capacity)
            {
                bytes = bytes[^capacity..];
                wrapped = true;
            }
            if (ring.Length < capacity && next + bytes.Length >= ring.Length)
                Array.Resize(ref ring, (int)Math.Min(capacity, Math.Max(FirstBytes, 2L * (next + bytes.Length))));
            var first = Math.Min(bytes.Length, ring.Length - next);
            bytes[..first].CopyTo(ring.AsSpan(next));
            bytes[first..].CopyTo(ring);
            wrapped |= next + bytes.Length >= ring.Length;
            next = (next + bytes.Length) % ring.Length;
        }
    }

    /// <summary>At most <paramref name="count"/> lines that are not blank, oldest first.</summary>
    public IReadOnlyList<string> LastLines(int count)
    {
        var text = Encoding.UTF8.GetString(Snapshot(out var cut));
        var lines = text.Split('\n').Select(line => line.TrimEnd());
        // The first line may lack its beginning, and with it what a redactor would recognise.
        return [.. lines.Skip(cut ? 1 : 0).Where(line => line.Length > 0).TakeLast(count)];
    }

    private byte[] Snapshot(out bool cut)
    {
        lock (gate)
        {
            cut = wrapped;
            return wrapped ? [.. ring.AsSpan(next), .. ring.AsSpan(0, next)] : ring[..next];
        }
    }
}
