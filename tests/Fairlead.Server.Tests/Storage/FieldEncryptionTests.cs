using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Secrets;
using Fairlead.Server.Tools;
using Fairlead.Testing;
using Fairlead.Toolkit;
using Fairlead.Toolkit.Protection;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Storage;

/// <summary>What tools keep encrypted (P-80, C-36).</summary>
public sealed class FieldEncryptionTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly FakeTimeProvider time = new();

    private StorageOptions Options =>
        new() { DataDirectory = folder.Path, FieldKeyIterations = StorageOptions.LeastFieldKeyIterations };

    private async Task<TestStore> OpenAsync(StorageOptions? options = null)
    {
        var store = await TestStore.OpenAsync(options ?? Options, time);
        await store.Get<FieldKeyStore>().StartAsync(default);
        return store;
    }

    public void Dispose() => folder.Dispose();

    // P-80: round trip, two encryptions of one text differ; whoever alters or moves a value reads nothing.
    [Theory]
    [InlineData("13812348888")]
    [InlineData("")]
    [InlineData("搜索 😀")]
    public async Task Text_Encrypted_IsReadBackAndNowhereElse(string text)
    {
        await using var store = await OpenAsync();
        var fields = store.Get<IFieldEncryption>();
        var (one, two) = (fields.Encrypt(text, "users/1"), fields.Encrypt(text, "users/1"));
        one.ShouldNotBe(two);
        one.Split('.')[2].ShouldNotBe(two.Split('.')[2], "the nonce");
        fields.Decrypt(one, "users/1").ShouldBe(text);
        fields.Decrypt(fields.Encrypt(text)).ShouldBe(text);
        foreach (var other in new[] { "users/2", "", null })
            Should.Throw<CryptographicException>(() => fields.Decrypt(one, other));
        foreach (var part in new[] { 2, 4 })
        {
            var parts = one.Split('.');
            parts[part] = (parts[part][0] == 'A' ? 'B' : 'A') + parts[part][1..];
            Should.Throw<CryptographicException>(() => fields.Decrypt(string.Join('.', parts), "users/1"));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain text")]
    [InlineData("f1.1.a.b")]
    [InlineData("f1.99.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("f1.1.A.A.A")]
    [InlineData("f1.1.!.!.!")]
    [InlineData("v1.1.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Decrypt_OfWhatIsNoValue_Fails(string text)
    {
        await using var store = await OpenAsync();
        var fields = store.Get<IFieldEncryption>();
        Should.Throw<CryptographicException>(() => fields.Decrypt(text));
        fields.IsCurrent(text).ShouldBe(text.StartsWith("f1.1.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Encrypt_OfHalfACharacter_FailsInsteadOfLosingIt()
    {
        await using var store = await OpenAsync();
        Should.Throw<ArgumentException>(() => store.Get<IFieldEncryption>().Encrypt("a\ud800"));
    }

    // P-80, C-36: done by hand, as the row says: PBKDF2-SHA256 of the version's own salt and count, 32 bytes, AES-256-GCM.
    [Fact]
    public async Task Key_OfAVersion_IsDerivedAsPromised()
    {
        new StorageOptions().FieldKeyIterations.ShouldBe(600_000);
        await using var store = await OpenAsync();
        await store.Get<FieldKeyStore>().RotateAsync(default);
        var versions = store.Now.FieldKeys;
        versions.Select(v => v.Version).ShouldBe([2, 1]);
        versions.Select(v => Base64Url.DecodeFromChars(v.Salt).Length).ShouldBe([32, 32]);
        versions[0].Salt.ShouldNotBe(versions[1].Salt);
        versions[1].Iterations.ShouldBe(100_000);
        var key = Rfc2898DeriveBytes.Pbkdf2(
            store.Get<MasterKey>().Derive("fields"),
            Base64Url.DecodeFromChars(versions[1].Salt),
            100_000,
            HashAlgorithmName.SHA256,
            32
        );
        var parts = store.Get<IFieldEncryption>().Encrypt("canary", "row").Split('.');
        parts[..2].ShouldBe(["f1", "1"]);
        var plain = new byte[6];
        using var aes = new AesGcm(key, 16);
        aes.Decrypt(
            Base64Url.DecodeFromChars(parts[2]),
            Base64Url.DecodeFromChars(parts[3]),
            Base64Url.DecodeFromChars(parts[4]),
            plain,
            "row"u8
        );
        Encoding.UTF8.GetString(plain).ShouldBe("canary");
    }

    [Fact]
    public void Iterations_TooFew_AreRefusedByName() // C-36
    {
        (Options with { FieldKeyIterations = 99_999 })
            .Validate()
            .ShouldHaveSingleItem()
            .ShouldContain("Storage:FieldKeyIterations must be at least 100000");
        Options.Validate().ShouldBeEmpty();
    }

    // C-36: new writes use the newest version once every node has it, values of older ones are read for ever.
    [Fact]
    public async Task Rotation_TakesOverForNewValues_AndKeepsTheOld()
    {
        string old;
        string young;
        await using (var store = await OpenAsync())
        {
            var fields = store.Get<IFieldEncryption>();
            old = fields.Encrypt("one");
            time.Advance(TimeSpan.FromDays(1));
            (await store.Get<FieldKeyStore>().RotateAsync(default)).Version.ShouldBe(2);
            fields.Encrypt("x").ShouldStartWith("f1.1.");
            fields.IsCurrent(old).ShouldBeTrue();
            time.Advance(FieldEncryption.TakesOverAfter);
            young = fields.Encrypt("two");
            young.ShouldStartWith("f1.2.");
            (fields.IsCurrent(old), fields.IsCurrent(young)).ShouldBe((false, true));
            fields.Decrypt(old).ShouldBe("one");
        }
        await using var again = await OpenAsync();
        again.Now.FieldKeys.Length.ShouldBe(2, "a start makes no version where there is one");
        again.Get<IFieldEncryption>().Decrypt(old).ShouldBe("one");
        again.Get<IFieldEncryption>().Decrypt(young).ShouldBe("two");
    }

    // The master key may be rotated, too: the old one stays behind the new one in the file.
    [Fact]
    public async Task MasterKey_Rotated_StillReadsAndItsLossIsTold()
    {
        var file = Path.Combine(folder.Path, "given");
        string[] keys =
        [
            .. Enumerable.Range(1, 2).Select(i => Convert.ToBase64String([.. Enumerable.Repeat((byte)i, 32)])),
        ];
        await File.WriteAllTextAsync(file, keys[0]);
        var options = Options with { MasterKeyFile = file };
        string old;
        await using (var store = await OpenAsync(options))
            old = store.Get<IFieldEncryption>().Encrypt("canary");
        await File.WriteAllTextAsync(file, keys[1] + "\n" + keys[0]);
        await using (var store = await OpenAsync(options))
        {
            store.Get<IFieldEncryption>().Decrypt(old).ShouldBe("canary");
            var made = await store.Get<FieldKeyStore>().RotateAsync(default);
            made.MasterKeyId.ShouldNotBe(store.Now.FieldKeys[^1].MasterKeyId);
            time.Advance(FieldEncryption.TakesOverAfter);
            store.Get<IFieldEncryption>().Encrypt("x").ShouldStartWith("f1.2.");
        }
        await File.WriteAllTextAsync(file, keys[1]);
        await using var lost = await OpenAsync(options);
        Should
            .Throw<CryptographicException>(() => lost.Get<IFieldEncryption>().Decrypt(old))
            .Message.ShouldContain("which the key file does not hold");
        lost.Get<IFieldEncryption>().Decrypt(lost.Get<IFieldEncryption>().Encrypt("x")).ShouldBe("x");
    }

    private sealed class Phones(IDictionary<string, string> column)
    {
        [FairleadTool(Name = "keep")]
        public void Keep(string user, [Sensitive] string phone, IFieldEncryption fields) =>
            column[user] = fields.Encrypt(phone, user);

        [FairleadTool(Name = "show")]
        public string Show(string user, IFieldEncryption fields) => fields.Decrypt(column[user], user);
    }

    // P-80: a tool that stores and one that retrieves; what is stored is no plain text.
    [Fact]
    public async Task Tools_ThatKeepAPhone_KeepNoPlainText()
    {
        await using var store = await OpenAsync();
        var column = new Dictionary<string, string>();
        var services = store.Get<IServiceProvider>();
        var tools = NativeTool.Of(new Phones(column), services).ToDictionary(t => t.Name);
        tools["keep"].Definition.Span.IndexOf("fields"u8).ShouldBe(-1, "it is no argument");
        await RunAsync("keep", """{"user":"ann","phone":"13812348888"}""");
        column["ann"].ShouldNotContain("1381234");
        (await RunAsync("show", """{"user":"ann"}""")).ShouldContain("13812348888");

        async Task<string> RunAsync(string tool, string arguments)
        {
            var result = await tools[tool].RunAsync(Encoding.UTF8.GetBytes(arguments), new CallContext(services));
            var text = Encoding.UTF8.GetString(result.Json.Span);
            text.ShouldNotContain("\"isError\":true");
            return text;
        }
    }
}
