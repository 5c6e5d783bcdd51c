using Fairlead.Server.Caching.Levels;

namespace Fairlead.Server.Caching;

/// <summary>A call of a tool whose results may be kept.</summary>
/// <param name="ToolId">Stable id of the tool, without a colon.</param>
/// <param name="Arguments">JSON as the client wrote it; empty for none.</param>
/// <param name="Caller">Whose results they are; null for results that are the same for everybody ("public").</param>
/// <param name="Ttl">Life of a result; null takes the options'.</param>
internal sealed record CacheableCall(string ToolId, ReadOnlyMemory<byte> Arguments, string? Caller, TimeSpan? Ttl);

/// <summary>What a tool answered: the bytes of its result and whether they are an error.</summary>
internal readonly record struct ToolOutcome(ReadOnlyMemory<byte> Result, bool IsError, bool FromCache = false);

/// <summary>
/// Results of tools that are marked cacheable, keyed by tool, canonical arguments and, unless public, caller. Only results
/// that are no errors are kept. What is one caller's own stays in this process's memory (P-36).
/// </summary>
internal sealed class ToolResultCache(MultiLevelCache cache)
{
    private readonly ResultKeys keys = new();

    /// <summary>Begin of the keys of results; tools cannot use it for their own.</summary>
    public const string Prefix = "tool-result:";

    /// <summary>Runs the tool unless its result is known; callers that ask the same at once share one run.</summary>
    /// <exception cref="System.Text.Json.JsonException">The arguments are no JSON.</exception>
    public async ValueTask<ToolOutcome> GetOrRunAsync(
        CacheableCall call,
        Func<CancellationToken, ValueTask<ToolOutcome>> run,
        CancellationToken cancellationToken
    )
    {
        var answer = await cache.GetOrCreateAsync(
            keys.Of(call),
            async token =>
            {
                var outcome = await run(token);
                // The first byte says which, for callers of the same run that did not run it themselves.
                var marked = new byte[outcome.Result.Length + 1];
                marked[0] = outcome.IsError ? (byte)'!' : (byte)'=';
                outcome.Result.CopyTo(marked.AsMemory(1));
                return new CacheSource(marked, Keep: !outcome.IsError);
            },
            new CacheTerms(call.Ttl, Local: call.Caller is not null),
            cancellationToken
        );
        return new(answer.Value[1..], answer.Value.Span[0] == (byte)'!', answer.IsCached);
    }

    /// <summary>Forgets all results of a tool, on every node: its definition or its data changed.</summary>
    public ValueTask RemoveAsync(string toolId) => cache.RemoveAsync(new(RemovalKind.Prefix, $"{Prefix}{toolId}:"));
}
