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

    private struct Key
    {
        public ulong Hash;
        public int Start;
        public int Length;
    }

    private Key[] keys;
    private int[] frames;
    private HashSet<ulong>?[]? sets;
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
        var hash = Hash(unescaped);
        var first = frames[depth - 1];
        var size = count - first;
        if (size < LinearUpTo)
        {
            for (var i = first; i < count; i++)
            {
                if (keys[i].Hash == hash && Same(message, keys[i], unescaped))
                    return false;
            }
        }
        else
        {
            sets ??= new HashSet<ulong>?[frames.Length];
            var set = sets[depth - 1];
            if (set is null)
            {
                set = sets[depth - 1] = [];
                for (var i = first; i < count; i++)
                    set.Add(keys[i].Hash);
            }
            if (!set.Add(hash))
            {
                for (var i = first; i < count; i++)
                {
                    if (keys[i].Hash == hash && Same(message, keys[i], unescaped))
                        return false;
                }
            }
        }
        if (count == keys.Length)
            Grow();
        keys[count++] = new Key
        {
            Hash = hash,
            Start = start,
            Length = unescaped.Length,
        };
        return true;
    }

    public void Dispose()
    {
        ArrayPool<Key>.Shared.Return(keys);
        ArrayPool<int>.Shared.Return(frames);
    }

    // An escaped key cannot be compared in place: an equal seeded hash and length count as equal. A false alarm cannot
    // be provoked, as the seed is the process's own, and needs an escaped key and a 32-bit coincidence.
    private static bool Same(ReadOnlySpan<byte> message, in Key key, ReadOnlySpan<byte> unescaped) =>
        key.Length == unescaped.Length
        && (key.Start < 0 || message.Slice(key.Start, key.Length).SequenceEqual(unescaped));

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
