using System.ComponentModel;
using Fairlead.Server.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Telemetry;

/// <summary>
/// The audit trail: its own store, durable before the caller goes on. Each node's records form a chain of keyed hashes
/// (node, seq, previous) between sealed ends, so that a changed, added or missing record is found by
/// <see cref="VerifyAsync"/>. Refusals are a chain of their own: strangers make them, so only the newest are kept.
/// </summary>
internal sealed partial class AuditLog(
    AuditStore store,
    AuditSeal seal,
    StorageOptions options,
    ILogger<AuditLog> logger
)
{
    /// <summary>Records of refusals that a node keeps at least; at most a tenth more.</summary>
    public const int RefusalsKept = 10_000;
    private const int CutEvery = RefusalsKept / 10;
    private const string RefusalSuffix = "/refused";

    /// <summary>Returns when the record is on disk. Throws when it cannot be: then the caller must not report success.</summary>
    public async Task WriteAsync(AuditRecord record, CancellationToken cancellationToken)
    {
        await AppendAsync(options.NodeName, record, cancellationToken);
        LogRecord(record.Action, record.Result, record.UserId, record.Resource, record.IpAddress);
    }

    /// <summary>The same for what somebody was refused; drops the oldest of its kind where there are too many.</summary>
    public async Task WriteRefusalAsync(AuditRecord record, CancellationToken cancellationToken)
    {
        var node = options.NodeName + RefusalSuffix;
        var seq = await AppendAsync(node, record, cancellationToken);
        LogRecord(record.Action, record.Result, record.UserId, record.Resource, record.IpAddress);
        if (seq % CutEvery == 0 && seq > RefusalsKept)
            await store.CutAsync(node, seq - RefusalsKept + 1, cancellationToken);
    }

    /// <summary>
    /// Recomputes every chain from its first record to its last. What it cannot see: that the store as a whole was put
    /// back to an earlier state, or removed.
    /// </summary>
    public async Task<AuditVerdict> VerifyAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, AuditHead> heads = [];
        AuditHead? head = null;
        long count = 0;
        long seq = 0;
        string previous = "";
        await foreach (AuditRow row in store.ReadChainsAsync(heads, cancellationToken))
        {
            if (row.Node != head?.Node)
            {
                if (Unended(head, seq, previous) is { } cut)
                    return new AuditVerdict(count, cut);
                if (!heads.Remove(row.Node, out head) || !seal.IsSound(head))
                    return new AuditVerdict(count, $"{row.Node}: the ends of the chain were altered");
                (seq, previous) = (head.FirstSeq - 1, head.FirstPrevious);
            }
            if (row.Seq != seq + 1)
                return new AuditVerdict(count, $"{row.Node}: record {seq + 1} is missing");
            if (row.Previous != previous || !seal.IsSound(row))
                return new AuditVerdict(count, $"{row.Node}: record {row.Seq} was altered");
            (seq, previous) = (row.Seq, row.Hash);
            count++;
        }
        var problem =
            Unended(head, seq, previous)
            ?? (
                heads.Keys.Order(StringComparer.Ordinal).FirstOrDefault() is { } gone
                    ? $"{gone}: all records are missing"
                    : null
            );
        return new AuditVerdict(count, problem);
    }

    public Task<(IReadOnlyList<AuditRow> Rows, int Total)> ReadAsync(
        AuditQuery query,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) => store.ReadAsync(query, skip, take, cancellationToken);

    private static string? Unended(AuditHead? head, long seq, string hash) =>
        head is null || (head.Seq == seq && head.Hash == hash) ? null
        : seq < head.Seq ? $"{head.Node}: record {seq + 1} is missing"
        : $"{head.Node}: record {head.Seq + 1} was added";

    private Task<long> AppendAsync(string node, AuditRecord record, CancellationToken cancellationToken) =>
        store.AppendAsync(
            node,
            (head, last) =>
            {
                // An end that was tampered with is left as it is, for the check to find; the records go on regardless.
                var isSound = head is null ? last is null : seal.IsSound(head);
                var (seq, previous) =
                    isSound && head is not null ? (head.Seq, head.Hash)
                    : last is not null ? (last.Seq, last.Hash)
                    : (0, AuditSeal.Genesis);
                var row = seal.Row(node, seq + 1, previous, record);
                return (
                    row,
                    isSound
                        ? seal.Head(
                            node,
                            head?.FirstSeq ?? 1,
                            head?.FirstPrevious ?? AuditSeal.Genesis,
                            row.Seq,
                            row.Hash
                        )
                        : null
                );
            },
            cancellationToken
        );

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "audit {Action} {Result} by {UserId} on {Resource} from {IpAddress}"
    )]
    private partial void LogRecord(string action, string result, string userId, string resource, string? ipAddress);
}

/// <summary>A stored record with its place in the chain.</summary>
internal sealed record AuditRow(string Node, long Seq, AuditRecord Record, string KeyId, string Previous, string Hash);

/// <summary>Which records to show; null matches all.</summary>
internal sealed record AuditQuery(
    string? Action,
    string? UserId,
    string? Result,
    DateTimeOffset? From,
    DateTimeOffset? To
);

/// <summary>Outcome of a check: how many records are sound, and the first thing that is not.</summary>
internal sealed record AuditVerdict(
    [property: Description("Records that are as they were written, up to the first that is not.")] long Sound,
    [property: Description("What is wrong; null when nothing is.")] string? Problem
);
