using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Fairlead.Protocol;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>
/// One list of a group, rendered once per table: each page is the whole <c>result</c> object as bytes, for either era.
/// A <c>tools/list</c> of 1,000 tools is one copy.
/// </summary>
internal sealed class PublishedList
{
    private readonly ImmutableArray<byte[]> legacy;
    private readonly ImmutableArray<byte[]> modern;

    public PublishedList(
        string member,
        IReadOnlyList<byte[]> legacyItems,
        IReadOnlyList<byte[]> modernItems,
        GatewayOptions options
    )
    {
        Stamp = Hash(legacyItems.Count == modernItems.Count ? modernItems : [.. modernItems, .. legacyItems]);
        legacy = Pages(member, legacyItems, options.PageSize, "");
        modern = Pages(member, modernItems, options.PageSize, ModernTail(options));
        Count = modernItems.Count;
    }

    /// <summary>Changes exactly when the list's content does.</summary>
    public ulong Stamp { get; }

    public int Count { get; }

    /// <summary>The page a cursor names; null for a cursor that is not one of this list (answered −32602).</summary>
    public ReadOnlyMemory<byte>? Page(Era era, string? cursor)
    {
        var pages = era == Era.Modern ? modern : legacy;
        if (cursor is null)
            return pages[0];
        // Typed null: a plain one would become empty bytes, not "no page".
        return TryParse(cursor, out var page) && page > 0 && page < pages.Length
            ? pages[page]
            : (ReadOnlyMemory<byte>?)null;
    }

    private static string ModernTail(GatewayOptions options)
    {
        var name = Encoding.UTF8.GetString(JsonText.Quote(options.ServerName));
        var info = $"{{\"name\":{name},\"version\":\"{ProductVersion.Text}\"}}";
        return $",\"resultType\":\"complete\",\"ttlMs\":{options.ListTtlMs},\"cacheScope\":\"private\""
            + $",\"_meta\":{{\"io.modelcontextprotocol/serverInfo\":{info}}}";
    }

    private ImmutableArray<byte[]> Pages(string member, IReadOnlyList<byte[]> items, int size, string tail)
    {
        var pages = ImmutableArray.CreateBuilder<byte[]>();
        for (var start = 0; start == 0 || start < items.Count; start += size)
        {
            using var text = new MemoryStream();
            text.Write(Encoding.UTF8.GetBytes($"{{\"{member}\":["));
            var end = Math.Min(start + size, items.Count);
            for (var i = start; i < end; i++)
            {
                if (i > start)
                    text.WriteByte((byte)',');
                text.Write(items[i]);
            }
            text.WriteByte((byte)']');
            if (end < items.Count)
                text.Write(Encoding.UTF8.GetBytes($",\"nextCursor\":\"{Cursor(end / size)}\""));
            text.Write(Encoding.UTF8.GetBytes(tail));
            text.WriteByte((byte)'}');
            pages.Add(text.ToArray());
        }
        return pages.ToImmutable();
    }

    // A cursor carries the list's stamp: one from before a change is refused, as the specification advises.
    private string Cursor(int page) =>
        Convert.ToBase64String(
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{page}.{Stamp:x}"))
        );

    private bool TryParse(string cursor, out int page)
    {
        page = 0;
        Span<byte> bytes = stackalloc byte[64];
        if (cursor.Length > 64 || !Convert.TryFromBase64String(cursor, bytes, out var length))
            return false;
        var text = Encoding.ASCII.GetString(bytes[..length]);
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot > 0
            && int.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out page)
            && text.AsSpan(dot + 1).SequenceEqual(Stamp.ToString("x", CultureInfo.InvariantCulture));
    }

    private static ulong Hash(IReadOnlyList<byte[]> items)
    {
        var hash = System.Security.Cryptography.IncrementalHash.CreateHash(
            System.Security.Cryptography.HashAlgorithmName.SHA256
        );
        foreach (var item in items)
            hash.AppendData(item);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash.GetHashAndReset());
    }
}
