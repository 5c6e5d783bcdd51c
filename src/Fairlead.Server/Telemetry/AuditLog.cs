using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Microsoft.Extensions.Logging;

namespace Fairlead.Server.Telemetry;

/// <summary>
/// The audit trail: its own store, durable before the caller goes on. Each node's records form a chain of keyed hashes
/// (node, seq, previous), so that a changed, added or missing record in the middle is found by <see cref="VerifyAsync"/>.
/// </summary>
internal sealed partial class AuditLog(
    AuditStore store,
    MasterKey master,
    StorageOptions options,
    ILogger<AuditLog> logger
)
{
    private const string Purpose = "audit";
    private const string Genesis = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>Returns when the record is on disk. Throws when it cannot be: then the caller must not report success.</summary>
    public async Task WriteAsync(AuditRecord record, CancellationToken cancellationToken)
    {
        await AppendAsync(record, cancellationToken);
        LogRecord(record.Action, record.Result, record.UserId, record.Resource, record.IpAddress);
    }

    /// <summary>Recomputes every chain from its first record.</summary>
    public async Task<AuditVerdict> VerifyAsync(CancellationToken cancellationToken)
    {
        long count = 0;
        string node = "";
        long seq = 0;
        string previous = Genesis;
        await foreach (AuditRow row in store.ReadChainsAsync(cancellationToken))
        {
            if (row.Node != node)
                (node, seq, previous) = (row.Node, 0, Genesis);
            if (row.Seq != seq + 1)
                return new AuditVerdict(count, $"{node}: record {seq + 1} is missing");
            if (row.Previous != previous || Hash(row, row.KeyId) is not { } hash || hash != row.Hash)
                return new AuditVerdict(count, $"{node}: record {row.Seq} was altered");
            (seq, previous) = (row.Seq, row.Hash);
            count++;
        }
        return new AuditVerdict(count, null);
    }

    public Task<(IReadOnlyList<AuditRow> Rows, int Total)> ReadAsync(
        AuditQuery query,
        int skip,
        int take,
        CancellationToken cancellationToken
    ) => store.ReadAsync(query, skip, take, cancellationToken);

    private Task AppendAsync(AuditRecord record, CancellationToken cancellationToken) =>
        store.AppendAsync(
            options.NodeName,
            tail =>
            {
                var row = new AuditRow(
                    options.NodeName,
                    (tail?.Seq ?? 0) + 1,
                    record,
                    master.CurrentId,
                    tail?.Hash ?? Genesis,
                    ""
                );
                return row with { Hash = Hash(row, row.KeyId)! };
            },
            cancellationToken
        );

    private string? Hash(AuditRow row, string keyId)
    {
        if (master.Derive(Purpose, keyId) is not { } key)
            return null;
        using var text = new MemoryStream();
        using (var writer = new BinaryWriter(text, Encoding.UTF8, leaveOpen: true))
        {
            // Each text with its length, so that no two records spell the same bytes.
            writer.Write(row.Node);
            writer.Write(row.Seq);
            writer.Write(AuditStore.Stamp(row.Record.At));
            writer.Write(row.Record.UserId);
            writer.Write(row.Record.Action);
            writer.Write(row.Record.Resource);
            writer.Write(row.Record.Result);
            writer.Write(row.Record.IpAddress is not null);
            writer.Write(row.Record.IpAddress ?? "");
            writer.Write(row.Record.Details is not null);
            writer.Write(row.Record.Details ?? "");
            writer.Write(row.Previous);
        }
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, text.ToArray()));
    }

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
internal sealed record AuditVerdict(long Sound, string? Problem);
