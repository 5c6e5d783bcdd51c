using System.Buffers;

namespace Fairlead.Protocol;

/// <summary>
/// Finds a key that stands twice in one object while a message is read once. Keys of all open objects lie in one
/// array, an object's from its frame's start. Up to sixteen are compared in a row, more through a set
/// (a linear check of large objects costs twice the reading, performance.md).
/// </summary>
internal ref struct DuplicateKeys
{
    private const int LinearUpTo = 16;

    /// <summary>Where a key lies in the message or, when it was escaped there, <c>~index</c> of its text.</summary>
    private readonly record struct Key(int Start, int Length);

    private Key[] keys;
    private int[] frames;
    private HashSet<ulong>?[]? sets;
    private List<byte[]>? escaped;
    private int count;
    private int depth;

    public DuplicateKeys(int maxDepth)
    {
        keys = ArrayPool<Key>.Shared.Rent(64);
        frames = ArrayPool<int>.Shared.Rent(maxDepth + 1);
    }

    public void OpenObject()
    {
        frames[depth] = count;
        depth++;
    }

    public void CloseObject()
    {
        depth--;
        count = frames[depth];
        if (sets is not null)
            sets[depth] = null;
    }

    /// <summary>
    /// Adds a key of the innermost object; false when it is already there. <paramref name="unescaped"/> is the key's
    /// text; <paramref name="start"/> locates it in <paramref name="message"/> or, negative, says that it was escaped.
    /// </summary>
    public bool Add(ReadOnlySpan<byte> message, ReadOnlySpan<byte> unescaped, int start)
    {
        var first = frames[depth - 1];
        if (count - first < LinearUpTo ? Has(message, unescaped, first) : !AddToSet(message, unescaped, first))
            return false;
        if (start < 0)
        {
            escaped ??= [];
            start = ~escaped.Count;
            escaped.Add(unescaped.ToArray());
        }
        if (count == keys.Length)
            Grow();
        keys[count++] = new Key(start, unescaped.Length);
        return true;
    }

    public void Dispose()
    {
        ArrayPool<Key>.Shared.Return(keys);
        ArrayPool<int>.Shared.Return(frames);
    }

    private readonly bool Has(ReadOnlySpan<byte> message, ReadOnlySpan<byte> text, int first)
    {
        foreach (var key in keys.AsSpan(first, count - first))
        {
            if (key.Length == text.Length && Text(message, key).SequenceEqual(text))
                return true;
        }
        return false;
    }

    private bool AddToSet(ReadOnlySpan<byte> message, ReadOnlySpan<byte> text, int first)
    {
        sets ??= new HashSet<ulong>?[frames.Length];
        var set = sets[depth - 1];
        if (set is null)
        {
            set = sets[depth - 1] = [];
            foreach (var key in keys.AsSpan(first, count - first))
                set.Add(Hash(Text(message, key)));
        }
        return set.Add(Hash(text)) || !Has(message, text, first);
    }

    private readonly ReadOnlySpan<byte> Text(ReadOnlySpan<byte> message, Key key) =>
        key.Start >= 0 ? message.Slice(key.Start, key.Length) : escaped![~key.Start];

    private static ulong Hash(ReadOnlySpan<byte> text)
    {
        // HashCode is seeded per process, so collisions cannot be prepared by a sender.
        var hash = new HashCode();
        hash.AddBytes(text);
        return ((ulong)text.Length << 32) | (uint)hash.ToHashCode();
    }

    private void Grow()
    {
        var larger = ArrayPool<Key>.Shared.Rent(keys.Length * 2);
        keys.AsSpan(0, count).CopyTo(larger);
        ArrayPool<Key>.Shared.Return(keys);
        keys = larger;
    }
}
