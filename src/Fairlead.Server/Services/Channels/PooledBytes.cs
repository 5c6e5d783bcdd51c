using System.Buffers;

namespace Fairlead.Server.Services.Channels;

/// <summary>
/// A growing buffer from the array pool. Whoever holds it disposes it once; <see cref="Written"/> is dead after that.
/// </summary>
internal sealed class PooledBytes(int capacity) : IBufferWriter<byte>, IDisposable
{
    private byte[]? array = ArrayPool<byte>.Shared.Rent(Math.Max(capacity, 256));
    private int length;

    public int Length => length;

    public ReadOnlyMemory<byte> Written => array.AsMemory(0, length);

    /// <summary>The written bytes, to be changed in place.</summary>
    public Span<byte> Span => array.AsSpan(0, length);

    public static PooledBytes Copy(ReadOnlySpan<byte> bytes)
    {
        var copy = new PooledBytes(bytes.Length);
        copy.Append(bytes);
        return copy;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        length += bytes.Length;
    }

    public void Append(byte value)
    {
        GetSpan(1)[0] = value;
        length++;
    }

    public void Append(long value)
    {
        value.TryFormat(GetSpan(20), out var n);
        length += n;
    }

    public void Clear() => length = 0;

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Live.Length - length);
        length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(sizeHint);
        return array.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(sizeHint);
        return array.AsSpan(length);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref array, null) is { } back)
            ArrayPool<byte>.Shared.Return(back);
    }

    private byte[] Live => array ?? throw new ObjectDisposedException(nameof(PooledBytes));

    private void Grow(int sizeHint)
    {
        var old = Live;
        var need = length + Math.Max(sizeHint, 1);
        if (need <= old.Length)
            return;
        var bigger = ArrayPool<byte>.Shared.Rent(Math.Max(need, old.Length * 2));
        old.AsSpan(0, length).CopyTo(bigger);
        array = bigger;
        ArrayPool<byte>.Shared.Return(old);
    }
}
