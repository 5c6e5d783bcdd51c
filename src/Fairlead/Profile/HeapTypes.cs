using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;
using Microsoft.Diagnostics.Tracing.Parsers.Clr;

namespace Fairlead.Profile;

/// <summary>How much of a type there is on the heap.</summary>
internal readonly record struct HeapShare(long Objects, long Bytes);

/// <summary>A type whose objects became more while the process was watched.</summary>
/// <param name="Type">Its name.</param>
/// <param name="ObjectsMore">Objects more than at the beginning.</param>
/// <param name="BytesMore">What they take.</param>
/// <param name="Objects">Objects at the end.</param>
/// <param name="Bytes">What all take at the end.</param>
internal sealed record GrownType(string Type, long ObjectsMore, long BytesMore, long Objects, long Bytes);

/// <summary>What lives on the heap of a .NET process, by type. Each look is one full collection of that process.</summary>
internal static class HeapTypes
{
    private const int BufferMegabytes = 256;
    private const int Oldest = 2;

    /// <summary>Looks once.</summary>
    public static async Task<IReadOnlyDictionary<string, HeapShare>> ReadAsync(
        DiagnosticsClient client,
        CancellationToken cancellationToken
    )
    {
        var names = new Dictionary<ulong, string>();
        var found = new Dictionary<ulong, HeapShare>();
        using var session = await client.StartEventPipeSessionAsync(
            [
                new EventPipeProvider(
                    "Microsoft-Windows-DotNETRuntime",
                    EventLevel.Informational,
                    (long)ClrTraceEventParser.Keywords.GCHeapSnapshot
                ),
            ],
            requestRundown: false,
            BufferMegabytes,
            cancellationToken
        );
        using var source = new EventPipeEventSource(session.EventStream);
        var collection = -1;
        source.Clr.GCStart += start =>
        {
            if (collection < 0 && start is { Depth: Oldest, Reason: GCReason.Induced })
                collection = start.Count;
        };
        // On another thread: the stop waits for what this one still has to read.
        source.Clr.GCStop += stop =>
        {
            if (stop.Count == collection)
                _ = Task.Run(session.Stop, CancellationToken.None);
        };
        source.Clr.TypeBulkType += types =>
        {
            for (var i = 0; i < types.Count; i++)
            {
                var type = types.Values(i);
                names[type.TypeID] = type.TypeName;
            }
        };
        source.Clr.GCBulkNode += nodes =>
        {
            for (var i = 0; i < nodes.Count; i++)
            {
                var node = nodes.Values(i);
                var share = found.GetValueOrDefault(node.TypeID);
                found[node.TypeID] = new(share.Objects + 1, share.Bytes + (long)node.Size);
            }
        };
        await Task.Run(source.Process, cancellationToken);
        return found
            .GroupBy(type => names.GetValueOrDefault(type.Key) is { Length: > 0 } name ? name : "(no name)")
            .ToDictionary(
                type => type.Key,
                type => new HeapShare(type.Sum(t => t.Value.Objects), type.Sum(t => t.Value.Bytes)),
                StringComparer.Ordinal
            );
    }

    /// <summary>What grew between two looks, most bytes first.</summary>
    public static IReadOnlyList<GrownType> Growth(
        IReadOnlyDictionary<string, HeapShare> before,
        IReadOnlyDictionary<string, HeapShare> after,
        int most
    ) =>
        [
            .. after
                .Select(type => (type.Key, Was: before.GetValueOrDefault(type.Key), Is: type.Value))
                .Where(type => type.Is.Bytes > type.Was.Bytes)
                .Select(type => new GrownType(
                    type.Key,
                    type.Is.Objects - type.Was.Objects,
                    type.Is.Bytes - type.Was.Bytes,
                    type.Is.Objects,
                    type.Is.Bytes
                ))
                .OrderByDescending(type => type.BytesMore)
                .ThenBy(type => type.Type, StringComparer.Ordinal)
                .Take(most),
        ];
}
