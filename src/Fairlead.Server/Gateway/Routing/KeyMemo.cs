using System.Runtime.CompilerServices;

namespace Fairlead.Server.Gateway.Routing;

/// <summary>
/// The keys last seen, by the very header string: a connection that repeats a header gets the same string each time, so
/// that its key need not be hashed again. Lives and dies with its <see cref="RouteTable"/>; no lock, small, lossy.
/// </summary>
internal sealed class KeyMemo
{
    private const int Places = 256; // a power of two
    private readonly Entry?[] entries = new Entry?[Places];

    private sealed record Entry(string Header, KeyRoute Key);

    public KeyRoute? Find(string header)
    {
        var entry = Volatile.Read(ref entries[Place(header)]);
        return ReferenceEquals(entry?.Header, header) ? entry.Key : null;
    }

    public void Remember(string header, KeyRoute key) =>
        Volatile.Write(ref entries[Place(header)], new Entry(header, key));

    private static int Place(string header) => RuntimeHelpers.GetHashCode(header) & (Places - 1);
}
