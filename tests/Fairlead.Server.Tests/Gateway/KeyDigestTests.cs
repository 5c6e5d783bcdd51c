using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Gateway.Routing;
using Fairlead.Server.Groups;
using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Gateway;

/// <summary>Group keys are known by their SHA-256 alone (I-25).</summary>
public sealed class KeyDigestTests
{
    private const string Key = "mcp_key_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private static string Hash(string key) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    // I-25: the digest of a presented key is that of the stored hash, and of no other.
    [Fact]
    public void Digest_OfAKey_IsItsSha256()
    {
        KeyDigest.OfKey(Key).ShouldBe(KeyDigest.OfHex(Hash(Key)));
        KeyDigest.OfHex(GroupKeys.Hash(Key)).ShouldBe(KeyDigest.OfKey(Key));
        for (var i = 0; i < Key.Length; i++)
            KeyDigest.OfKey(Key[..i] + "B" + Key[(i + 1)..]).Equals(KeyDigest.OfKey(Key)).ShouldBe(Key[i] == 'B');
        KeyDigest.OfKey(Key + "A").ShouldNotBe(KeyDigest.OfKey(Key));
        KeyDigest.OfKey(new string('A', 600)).ShouldNotBe(KeyDigest.OfKey(Key));
    }

    // I-25: every bit counts, also those the table does not look up by; both halves are always compared.
    [Fact]
    public void Digest_WithOneOtherBit_IsAnother()
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(Key));
        for (var bit = 0; bit < 256; bit++)
        {
            var other = hash.ToArray();
            other[bit / 8] ^= (byte)(1 << (bit % 8));
            KeyDigest.OfHex(Convert.ToHexString(other)).Equals(KeyDigest.OfKey(Key)).ShouldBeFalse($"bit {bit}");
        }
    }

    // I-25: the snapshot the data plane has, and the row, hold the hash; the key itself is sealed, never in the clear.
    [Fact]
    public async Task Group_InTheStore_HasTheHashOfItsKeyAndNoKey()
    {
        using var folder = new TempFolder();
        await using var store = await TestStore.OpenAsync(new StorageOptions { DataDirectory = folder.Path });
        var made = (
            await store.Get<GroupStore>().CreateAsync(new GroupDraft { Name = "main" }, null, default)
        ).Require();
        store.Now.Groups.Single().KeyHashes.Single().Sha256Hex.ShouldBe(Hash(made.Key), StringCompareShould.IgnoreCase);
        var row = await store
            .Get<StoreWriter>()
            .ReadAsync(db => Task.FromResult(db.Groups.Single(g => g.Name == "main")), default);
        row.HashedApiKey.ShouldBe(Hash(made.Key), StringCompareShould.IgnoreCase);
        row.ApiKey.ShouldStartWith("v1.");
        row.ApiKey.ShouldNotContain(made.Key["mcp_key_".Length..]);
    }
}
