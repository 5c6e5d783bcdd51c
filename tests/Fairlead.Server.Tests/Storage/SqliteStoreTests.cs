using System.Text;
using Fairlead.Server.Storage;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Storage;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class SqliteStoreTests : StoreContract, IDisposable
{
    private readonly TempFolder folder = new();

    private protected override Task<StorageOptions> NewStoreAsync() =>
        Task.FromResult(new StorageOptions { DataDirectory = folder.Path });

    [Fact]
    public async Task Sqlite_IsTheOperatingSystemsAndRunsDurably()
    {
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        await using var connection = await store.Get<IStoreEngine>().OpenAsync(default);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT sqlite_version()";
        new Version((string)(await command.ExecuteScalarAsync())!).ShouldBeGreaterThanOrEqualTo(new Version(3, 40));
        command.CommandText = "PRAGMA journal_mode";
        (await command.ExecuteScalarAsync()).ShouldBe("wal");
        command.CommandText = "PRAGMA synchronous";
        (await command.ExecuteScalarAsync()).ShouldBe(2L); // FULL
        command.CommandText = "PRAGMA foreign_keys";
        (await command.ExecuteScalarAsync()).ShouldBe(1L);
    }

    [Fact]
    public async Task Secrets_AreNowhereInTheFiles()
    {
        // A-47, C-12: scan the raw bytes of everything but the key file.
        string key;
        await using (TestStore store = await TestStore.OpenAsync(await NewStoreAsync()))
        {
            await store.AddServiceAsync("files");
            key = (
                await store
                    .Get<Server.Groups.GroupStore>()
                    .CreateAsync(new Server.Groups.GroupDraft { Name = "visible-name" }, null, default)
            )
                .Require()
                .Key;
        }
        SqliteConnection.ClearAllPools();
        byte[] all =
        [
            .. Directory
                .EnumerateFiles(folder.Path)
                .Where(file => Path.GetFileName(file) != "keys")
                .SelectMany(File.ReadAllBytes),
        ];
        Contains(all, "visible-name").ShouldBeTrue();
        Contains(all, key).ShouldBeFalse();
        Contains(all, key["mcp_key_".Length..]).ShouldBeFalse();
        Contains(all, "canary-env-secret").ShouldBeFalse();
    }

    [Fact]
    public async Task AcknowledgedWrite_SurvivesACrash()
    {
        // The files as a killed process leaves them: no checkpoint, no close.
        using var crashed = new TempFolder();
        await using TestStore store = await TestStore.OpenAsync(await NewStoreAsync());
        ServiceId id = await store.AddServiceAsync("files");
        foreach (string file in Directory.EnumerateFiles(folder.Path))
            File.Copy(file, Path.Combine(crashed.Path, Path.GetFileName(file)));
        File.Exists(Path.Combine(crashed.Path, "fairlead.db-wal")).ShouldBeTrue();
        await using TestStore again = await TestStore.OpenAsync(new StorageOptions { DataDirectory = crashed.Path });
        again.Now.Services.ShouldHaveSingleItem().Id.ShouldBe(id);
    }

    [Fact]
    public async Task KeyFile_IsForItsOwnerOnly()
    {
        await using (await TestStore.OpenAsync(await NewStoreAsync())) { }
        string path = Path.Combine(folder.Path, "keys");
        File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        StorageOptions options = await NewStoreAsync();
        (await Should.ThrowAsync<StoreException>(() => TestStore.OpenAsync(options))).Message.ShouldContain(
            "chmod 600"
        );
    }

    [Fact]
    public async Task Files_AreForTheirOwnerOnly_AlsoThoseOfAnOlderProgram()
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        StorageOptions options = await NewStoreAsync();
        options = options with { DataDirectory = Path.Combine(folder.Path, "made") };
        await using (await TestStore.OpenAsync(options))
        {
            File.GetUnixFileMode(options.DataDirectory).ShouldBe(owner | UnixFileMode.UserExecute);
            string[] files = Directory.GetFiles(options.DataDirectory, "fairlead.db*");
            files.Length.ShouldBe(3);
            files.ShouldAllBe(file => File.GetUnixFileMode(file) == owner);
            foreach (string file in files)
                File.SetUnixFileMode(file, owner | UnixFileMode.OtherRead);
        }
        await using TestStore again = await TestStore.OpenAsync(options);
        Directory
            .GetFiles(options.DataDirectory, "fairlead.db*")
            .ShouldAllBe(file => File.GetUnixFileMode(file) == owner);
    }

    [Fact]
    public async Task Store_WithAnotherMasterKey_SaysSo()
    {
        await using (TestStore store = await TestStore.OpenAsync(await NewStoreAsync()))
            await store.AddServiceAsync("files");
        string keys = Path.Combine(folder.Path, "keys");
        File.Delete(keys);
        StorageOptions options = await NewStoreAsync();
        (await Should.ThrowAsync<StoreException>(() => TestStore.OpenAsync(options))).Message.ShouldContain(
            "restore it from a backup"
        );
        File.Exists(keys).ShouldBeFalse();
        options = options with { MasterKeyFile = Path.Combine(folder.Path, "other") };
        await File.WriteAllTextAsync(options.MasterKeyFile, Convert.ToBase64String(new byte[32]));
        (await Should.ThrowAsync<StoreException>(() => TestStore.OpenAsync(options))).Message.ShouldContain(
            "which the key file does not hold"
        );
    }

    [Fact]
    public async Task Snapshot_WhileTheStoreIsAway_ServesForAWhile()
    {
        var time = new Fairlead.Testing.FakeTimeProvider();
        StorageOptions options = await NewStoreAsync();
        await using TestStore store = await TestStore.OpenAsync(options, time);
        ServiceId id = await store.AddServiceAsync("files");
        await ExecuteAsync(store, "ALTER TABLE epoch RENAME TO away");
        await LookAsync(() => !store.Watcher.Health.Reachable);
        store.Watcher.Health.Expired.ShouldBeFalse();
        time.Advance(options.SnapshotMaxAge);
        store.Watcher.Health.Expired.ShouldBeTrue();
        store.Now.Services.ShouldContain(service => service.Id == id);
        await ExecuteAsync(store, "ALTER TABLE away RENAME TO epoch");
        await LookAsync(() => store.Watcher.Health is { Reachable: true, Expired: false });

        Task LookAsync(Func<bool> done) =>
            Fairlead.Testing.Eventually.UntilAsync(() =>
            {
                time.Advance(options.PollInterval);
                return done();
            });
    }

    public void Dispose() => folder.Dispose();

    private static bool Contains(byte[] all, string text) => all.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
}
