using System.Buffers;
using System.Globalization;

namespace Fairlead.Protocol;

/// <summary>
/// A JSON text made quick to read: every escape in its strings is checked here and replaced by letters, all at their
/// old places. <see cref="System.Text.Json.Utf8JsonReader"/> reads a string with an escape byte by byte (64 KB of text
/// with line breaks: 65 µs, so 10 µs), and it does not see lone surrogates. What the strings say must be taken from the
/// original. Outside of strings a backslash becomes a letter too, which no reader takes for JSON.
/// </summary>
public readonly ref struct PlainJson : IDisposable
{
    private readonly byte[]? buffer;

    private PlainJson(ReadOnlySpan<byte> bytes, byte[]? buffer, PlainJsonFault fault)
    {
        Bytes = bytes;
        Fault = fault;
        this.buffer = buffer;
    }

    /// <summary>The text to read; the given one itself when it has no escapes. Dead after <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>The first wrong escape; then <see cref="Bytes"/> must not be used.</summary>
    public PlainJsonFault Fault { get; }

    /// <summary>Whether the text has escapes at all.</summary>
    public bool HasEscapes => buffer is not null;

    /// <summary>Checks and replaces the escapes of a text.</summary>
    public static PlainJson Of(ReadOnlySpan<byte> json)
    {
        var at = json.IndexOf((byte)'\\');
        if (at < 0)
            return new PlainJson(json, null, PlainJsonFault.None);
        var rented = ArrayPool<byte>.Shared.Rent(json.Length);
        var plain = rented.AsSpan(0, json.Length);
        json.CopyTo(plain);
        while (true)
        {
            var length = Escape(json[at..], out var fault);
            if (fault != PlainJsonFault.None)
                return new PlainJson(default, rented, fault);
            plain.Slice(at, length).Fill((byte)'x');
            at += length;
            var next = json[at..].IndexOf((byte)'\\');
            if (next < 0)
                return new PlainJson(plain, rented, PlainJsonFault.None);
            at += next;
        }
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Length of the escape at the start: 2, 6, or 12 for a pair of surrogates.</summary>
    private static int Escape(ReadOnlySpan<byte> json, out PlainJsonFault fault)
    {
        fault = PlainJsonFault.None;
        switch (json.Length > 1 ? json[1] : 0)
        {
            case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                return 2;
            case (byte)'u' when TryUnit(json, out var unit):
                if (!char.IsSurrogate(unit))
                    return 6;
                if (
                    char.IsHighSurrogate(unit)
                    && json[6..].StartsWith("\\u"u8)
                    && TryUnit(json[6..], out var low)
                    && char.IsLowSurrogate(low)
                )
                    return 12;
                fault = PlainJsonFault.LoneSurrogate;
                return 0;
            default:
                fault = PlainJsonFault.BadEscape;
                return 0;
        }
    }

    private static bool TryUnit(ReadOnlySpan<byte> escape, out char unit)
    {
        var good = ushort.TryParse(
            escape.Length >= 6 ? escape[2..6] : default,
            NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture,
            out var value
        );
        unit = (char)value;
        return good;
    }
}

/// <summary>What is wrong with an escape.</summary>
public enum PlainJsonFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Not one of JSON's escapes.</summary>
    BadEscape,

    /// <summary>Half of a surrogate pair: such text has no UTF-8 form, and readers disagree about it (security.md §3).</summary>
    LoneSurrogate,
}
