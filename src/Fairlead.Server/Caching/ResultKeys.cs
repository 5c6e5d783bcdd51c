using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Services.Trust;

namespace Fairlead.Server.Caching;

/// <summary>
/// Keys of tools' results: the tool, whose result it is, and the arguments in their canonical form, so that spelling and
/// order of members make no difference. A canonical form costs more than most calls; so the key is remembered by the
/// arguments as they were written, and made once for each way of writing.
/// </summary>
internal sealed class ResultKeys
{
    /// <summary>Most ways of writing that are remembered; then all are forgotten.</summary>
    internal const int Most = 8192;

    private readonly ConcurrentDictionary<Written, string> known = new();
    private int count;

    /// <summary>The key of a call's result.</summary>
    /// <exception cref="System.Text.Json.JsonException">The arguments are no JSON.</exception>
    public string Of(CacheableCall call)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(call.Arguments.Span, digest);
        var written = new Written(call.ToolId, call.Caller, MemoryMarshal.Read<Digest>(digest));
        if (known.TryGetValue(written, out var key))
            return key;
        key = Make(call);
        if (known.TryAdd(written, key) && Interlocked.Increment(ref count) > Most)
        {
            known.Clear();
            Volatile.Write(ref count, 0);
        }
        return key;
    }

    private static string Make(CacheableCall call)
    {
        var arguments = call.Arguments.IsEmpty ? "{}"u8.ToArray() : CanonicalJson.Write(call.Arguments);
        var whose = call.Caller is { } caller
            ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(caller)))
            : "public";
        return $"{ToolResultCache.Prefix}{call.ToolId}:{whose}:{CanonicalJson.Hash(arguments)}";
    }

    private readonly record struct Written(string Tool, string? Caller, Digest Arguments);

    // SHA-256: whoever could make two arguments meet would be told the other's result.
    private readonly record struct Digest(ulong A, ulong B, ulong C, ulong D);
}
