using System.Buffers;
using System.Globalization;
using Fairlead.Toolkit;

namespace Fairlead.Server.Tools;

/// <summary>Memory for one result, which grows up to a limit: a tool that returns more fails, and the memory is never taken.</summary>
/// <param name="most">Most bytes.</param>
internal sealed class CappedBuffer(int most) : IBufferWriter<byte>
{
    // A writer of JSON asks for so many bytes a character, whatever it then needs.
    private const int BytesPerCharacter = 3;
    private byte[] bytes = new byte[Math.Min(256, most)];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, Length);

    /// <exception cref="ToolFailedException">There is more than the limit.</exception>
    public static void Check(long length, int most)
    {
        if (length > most)
            throw new ToolFailedException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The result is larger than {most} bytes, the most that is passed on (setting Gateway:MaxResultBytes): ask for less of it."
                )
            );
    }

    public void Advance(int count)
    {
        Check((long)Length + count, most);
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Check(Length + ((long)sizeHint / BytesPerCharacter), most);
        var wanted = Math.Max(sizeHint, 1);
        if (bytes.Length - Length < wanted)
            Array.Resize(ref bytes, Math.Max(Length + wanted, Math.Min(bytes.Length * 2, most)));
        return bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
