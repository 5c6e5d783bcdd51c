using System.Buffers.Text;
using System.Text;

namespace Fairlead.Server.Services.Channels;

/// <summary>What <see cref="SseReader.ReadAsync"/> found.</summary>
internal enum SseRead
{
    /// <summary>A whole event; its data, maybe empty, is in <see cref="SseReader.Data"/>.</summary>
    Event,

    /// <summary>The stream ended; an unfinished event was dropped.</summary>
    End,

    /// <summary>An event exceeds the limit; nothing more can be read.</summary>
    TooLarge,
}

/// <summary>
/// Reads server-sent events from a stream with one pooled buffer (WHATWG HTML, "Interpreting an event stream"). A
/// message is never given out in part: what lacks its blank line is dropped.
/// </summary>
internal sealed class SseReader(Stream stream, int maxEventBytes) : IDisposable
{
    private static ReadOnlySpan<byte> Bom => [0xEF, 0xBB, 0xBF];

    private readonly PooledBytes line = new(512);
    private readonly byte[] chunk = System.Buffers.ArrayPool<byte>.Shared.Rent(16 * 1024);
    private PooledBytes data = new(1024);
    private int at;
    private int filled;
    private bool first = true;
    private bool skipFeed;
    private bool hasData;
    private string? eventId;

    /// <summary>Data of the last event; valid until the next read or <see cref="Detach"/>.</summary>
    public PooledBytes Data => data;

    /// <summary>The event's name; <c>message</c> when it has none.</summary>
    public string Name { get; private set; } = "message";

    /// <summary>The last id seen, for <c>Last-Event-ID</c>; null before the first.</summary>
    public string? LastEventId { get; private set; }

    /// <summary>The last <c>retry</c> field seen.</summary>
    public TimeSpan? Retry { get; private set; }

    /// <summary>Gives the data of the last event away, to be disposed by the taker.</summary>
    public PooledBytes Detach()
    {
        var gone = data;
        data = new PooledBytes(1024);
        hasData = false;
        return gone;
    }

    public async ValueTask<SseRead> ReadAsync(CancellationToken cancellationToken)
    {
        data.Clear();
        hasData = false;
        Name = "message";
        while (true)
        {
            while (at < filled && TakeLine())
            {
                if (OnLine())
                    return SseRead.Event;
            }
            if (line.Length + data.Length > maxEventBytes)
                return SseRead.TooLarge;
            at = 0;
            filled = await stream.ReadAsync(chunk, cancellationToken);
            if (filled == 0)
                return SseRead.End;
        }
    }

    public void Dispose()
    {
        line.Dispose();
        data.Dispose();
        System.Buffers.ArrayPool<byte>.Shared.Return(chunk);
    }

    /// <summary>Moves bytes up to the next line end into the line; false when the chunk ends first.</summary>
    private bool TakeLine()
    {
        var rest = chunk.AsSpan(at, filled - at);
        if (skipFeed && rest[0] == (byte)'\n')
        {
            rest = rest[1..];
            at++;
        }
        skipFeed = false;
        var end = rest.IndexOfAny((byte)'\n', (byte)'\r');
        if (end < 0)
        {
            line.Append(rest);
            at = filled;
            return false;
        }
        line.Append(rest[..end]);
        skipFeed = rest[end] == (byte)'\r';
        at += end + 1;
        return true;
    }

    /// <summary>Takes the line in; true when it ends an event that carries data.</summary>
    private bool OnLine()
    {
        var text = line.Written.Span;
        if (first && text.StartsWith(Bom))
            text = text[Bom.Length..];
        first = false;
        if (text.IsEmpty)
        {
            // Only a whole event moves the place to resume from, or its message would be lost with the cut.
            LastEventId = eventId ?? LastEventId;
        }
        else if (text[0] != (byte)':')
        {
            var colon = text.IndexOf((byte)':');
            var value = colon < 0 ? [] : text[(colon + 1)..];
            OnField(colon < 0 ? text : text[..colon], value.StartsWith((byte)' ') ? value[1..] : value);
        }
        var ended = text.IsEmpty && hasData;
        line.Clear();
        return ended;
    }

    private void OnField(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        if (field.SequenceEqual("data"u8))
        {
            if (hasData)
                data.Append((byte)'\n');
            data.Append(value);
            hasData = true;
        }
        else if (field.SequenceEqual("event"u8))
        {
            Name = Encoding.UTF8.GetString(value);
        }
        else if (field.SequenceEqual("id"u8) && !value.Contains((byte)0))
        {
            eventId = Encoding.UTF8.GetString(value);
        }
        else if (
            field.SequenceEqual("retry"u8)
            && Utf8Parser.TryParse(value, out uint milliseconds, out var used)
            && used == value.Length
        )
        {
            Retry = TimeSpan.FromMilliseconds(milliseconds);
        }
    }
}
