using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Storage.Secrets;

namespace Fairlead.Server.Telemetry;

/// <summary>
/// Between which records a node's chain must reach: <paramref name="FirstSeq"/> is above 1 where old records were dropped
/// on purpose, <paramref name="FirstPrevious"/> is then the hash of the last one dropped. Sealed, so that records cut
/// from either end are missed.
/// </summary>
internal sealed record AuditHead(
    string Node,
    long FirstSeq,
    string FirstPrevious,
    long Seq,
    string Hash,
    string KeyId,
    string Mac
);

/// <summary>The keyed hashes of the audit trail: who has only the store cannot make them.</summary>
internal sealed class AuditSeal(MasterKey master)
{
    public const string Genesis = "0000000000000000000000000000000000000000000000000000000000000000";
    private const string Purpose = "audit";

    /// <summary>A record in its place, hashed.</summary>
    public AuditRow Row(string node, long seq, string previous, AuditRecord record)
    {
        var row = new AuditRow(node, seq, record, master.CurrentId, previous, "");
        return row with { Hash = Hash(row)! };
    }

    public bool IsSound(AuditRow row) => Hash(row) == row.Hash;

    public AuditHead Head(string node, long firstSeq, string firstPrevious, long seq, string hash)
    {
        var head = new AuditHead(node, firstSeq, firstPrevious, seq, hash, master.CurrentId, "");
        return head with { Mac = Mac(head)! };
    }

    public bool IsSound(AuditHead head) => Mac(head) == head.Mac;

    private string? Hash(AuditRow row) =>
        Keyed(
            row.KeyId,
            writer =>
            {
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
        );

    private string? Mac(AuditHead head) =>
        Keyed(
            head.KeyId,
            writer =>
            {
                writer.Write("head");
                writer.Write(head.Node);
                writer.Write(head.FirstSeq);
                writer.Write(head.FirstPrevious);
                writer.Write(head.Seq);
                writer.Write(head.Hash);
            }
        );

    // Each text with its length, so that no two records spell the same bytes.
    private string? Keyed(string keyId, Action<BinaryWriter> write)
    {
        if (master.Derive(Purpose, keyId) is not { } key)
            return null;
        using var text = new MemoryStream();
        using (var writer = new BinaryWriter(text, Encoding.UTF8, leaveOpen: true))
            write(writer);
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, text.ToArray()));
    }
}
