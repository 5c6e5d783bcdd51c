using System.Buffers;

namespace Fairlead.Server.Telemetry.Redact;

/// <summary>
/// Writes JSON into a fixed room. What does not fit is left out with a mark, and everything open is closed, so the
/// result is one valid JSON value of at most the room's size.
/// </summary>
internal ref struct CutJson(Span<byte> room)
{
    private const int MaxDepth = 64;

    // Long enough for ,"…":"…" after the last member.
    private const int MarkLength = 12;

    private static readonly SearchValues<byte> Escaped = SearchValues.Create([
        .. Enumerable.Range(0, 32).Select(i => (byte)i),
        (byte)'"',
        (byte)'\\',
    ]);

    private readonly Span<byte> room = room;
    private int at;
    private int depth;

    // One bit a level: whether it is an object, and whether it has members yet.
    private ulong objects;
    private ulong filled;

    /// <summary>Whether something was left out; nothing can be added then.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Bytes for content that are left.</summary>
    public readonly int Room => Math.Max(0, room.Length - at - depth - MarkLength);

    public void Raw(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var start = at;
        if (!Lead(name) || !Put(value))
            Cut(start);
        else
            Fill();
    }

    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var start = at;
        // An empty beginning of a text is not worth its name.
        if (!Lead(name) || Room < 8)
            Cut(start);
        else
        {
            IsCut = !Quote(value);
            Fill();
        }
    }

    public void Open(ReadOnlySpan<byte> name, bool isObject)
    {
        var start = at;
        if (depth == MaxDepth || !Lead(name) || Room < 2)
        {
            Cut(start);
            return;
        }
        Fill();
        room[at++] = isObject ? (byte)'{' : (byte)'[';
        var bit = 1UL << depth++;
        objects = isObject ? objects | bit : objects & ~bit;
        filled &= ~bit;
    }

    public void Close()
    {
        depth--;
        room[at++] = (objects >> depth & 1) == 1 ? (byte)'}' : (byte)']';
    }

    public byte[] Finish()
    {
        if (IsCut && depth > 0)
        {
            var inObject = (objects >> (depth - 1) & 1) == 1;
            var mark = inObject ? ",\"…\":\"…\""u8 : ",\"…\""u8;
            mark = (filled >> (depth - 1) & 1) == 1 ? mark : mark[1..];
            mark.CopyTo(room[at..]);
            at += mark.Length;
        }
        while (depth > 0)
            Close();
        return at == 0 ? (IsCut ? "\"…\""u8 : "null"u8).ToArray() : room[..at].ToArray();
    }

    // Comma and name, before a value.
    private bool Lead(ReadOnlySpan<byte> name)
    {
        if (IsCut)
            return false;
        if (depth == 0)
            return true;
        if ((filled >> (depth - 1) & 1) == 1 && !Put(","u8))
            return false;
        return (objects >> (depth - 1) & 1) == 0 || (Quote(name) && Put(":"u8));
    }

    private void Fill()
    {
        if (depth > 0)
            filled |= 1UL << (depth - 1);
    }

    private void Cut(int back)
    {
        at = back;
        IsCut = true;
    }

    private bool Put(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Room)
            return false;
        bytes.CopyTo(room[at..]);
        at += bytes.Length;
        return true;
    }

    // Writes as much as fits; false when that was not all.
    private bool Quote(ReadOnlySpan<byte> text)
    {
        const int Ending = 4; // …"
        if (Room < Ending + 1)
            return false;
        room[at++] = (byte)'"';
        while (!text.IsEmpty)
        {
            var n = text.IndexOfAny(Escaped);
            var plain = n < 0 ? text : text[..n];
            var fits = Utf8Text.Start(plain, Math.Max(0, Room - Ending));
            fits.CopyTo(room[at..]);
            at += fits.Length;
            if (fits.Length < plain.Length)
                return End(whole: false);
            if (n < 0)
                break;
            if (Room - Ending < 6)
                return End(whole: false);
            at += Escape(text[n], room[at..]);
            text = text[(n + 1)..];
        }
        return End(whole: true);
    }

    private bool End(bool whole)
    {
        if (!whole)
        {
            "…"u8.CopyTo(room[at..]);
            at += "…"u8.Length;
        }
        room[at++] = (byte)'"';
        return whole;
    }

    private static int Escape(byte c, Span<byte> into)
    {
        into[0] = (byte)'\\';
        var letter = c switch
        {
            (byte)'"' => (byte)'"',
            (byte)'\\' => (byte)'\\',
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            _ => (byte)'u',
        };
        into[1] = letter;
        if (letter != 'u')
            return 2;
        "00"u8.CopyTo(into[2..]);
        into[4] = (byte)"0123456789abcdef"[c >> 4];
        into[5] = (byte)"0123456789abcdef"[c & 15];
        return 6;
    }
}
