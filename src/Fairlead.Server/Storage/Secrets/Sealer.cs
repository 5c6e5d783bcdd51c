using System.Security.Cryptography;

namespace Fairlead.Server.Storage.Secrets;

/// <summary>
/// Seals the gateway's own fields: <c>v1.kid.nonce.ciphertext.tag</c>. Table, column and id are bound in, so that a value
/// copied to another row or column does not open.
/// </summary>
internal sealed class Sealer(MasterKey master)
{
    private const string Purpose = "seal";

    public string Seal(string table, string column, string id, ReadOnlySpan<byte> plain) =>
        SealedText.Seal($"v1.{master.CurrentId}", master.Derive(Purpose), Bound(table, column, id), plain);

    /// <exception cref="StoreException">Not ours, altered, moved, or sealed with a key that is not in the key file.</exception>
    public byte[] Open(string table, string column, string id, string text)
    {
        string[] parts = text.Split('.');
        if (parts is not ["v1", var kid, var nonce, var cipher, var tag])
            throw new StoreException($"{table}.{column} of {id} is not a sealed value.");
        byte[] key =
            master.Derive(Purpose, kid)
            ?? throw new StoreException(
                $"{table}.{column} of {id} was sealed with master key {kid}, which the key file does not hold."
            );
        try
        {
            return SealedText.Open(key, Bound(table, column, id), nonce, cipher, tag);
        }
        catch (CryptographicException failure)
        {
            throw new StoreException($"{table}.{column} of {id} was altered or belongs to another row.", failure);
        }
    }

    private static string Bound(string table, string column, string id) => $"{table}|{column}|{id}";
}
