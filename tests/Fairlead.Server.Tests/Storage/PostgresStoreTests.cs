using Fairlead.Server.Storage;
using Fairlead.Server.Storage.Postgres;
using Fairlead.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.Storage;

public sealed class PostgresStoreTests(PostgresFixture fixture) : StoreContract, IDisposable
{
    private readonly TempFolder folder = new();

    private protected override async Task<StorageOptions> NewStoreAsync()
    {
        string keys = Path.Combine(folder.Path, "master");
        await File.WriteAllTextAsync(keys, Convert.ToBase64String(new byte[32]));
        return new StorageOptions
        {
            Provider = StorageProvider.Postgres,
            ConnectionString = await (await fixture.ServerAsync()).CreateDatabaseAsync(),
            DataDirectory = folder.Path,
            MasterKeyFile = keys,
        };
    }

    [Fact]
    public async Task Notice_OfAnotherNode_ArrivesWithoutThePoll()
    {
        StorageOptions options = await NewStoreAsync() with { PollInterval = TimeSpan.FromMinutes(4) };
        await using TestStore one = await TestStore.OpenAsync(options);
        await using TestStore two = await TestStore.OpenAsync(options);
        // Until the listener listens, a first change may pass it by; it looks once when it begins.
        ServiceId id = await one.AddServiceAsync("files");
        await Eventually.UntilAsync(() => two.Now.Services.Any(service => service.Id == id));
        ServiceId second = await one.AddServiceAsync("more");
        await Eventually.UntilAsync(() => two.Now.Services.Any(service => service.Id == second));
    }

    [Fact]
    public async Task Watcher_AfterTheDatabaseWasAway_CatchesUp()
    {
        PostgresServer server = await fixture.ServerAsync();
        StorageOptions options = await NewStoreAsync();
        await using TestStore one = await TestStore.OpenAsync(options);
        await using TestStore two = await TestStore.OpenAsync(options);
        await server.SetReachableAsync(options.ConnectionString!, false);
        await Eventually.UntilAsync(() => !two.Watcher.Health.Reachable);
        two.Now.Epoch.ShouldBe(one.Now.Epoch);
        await server.SetReachableAsync(options.ConnectionString!, true);
        await Eventually.UntilAsync(() => one.Watcher.Health.Reachable);
        ServiceId id = await one.AddServiceAsync("files");
        await Eventually.UntilAsync(() => two.Now.Services.Any(service => service.Id == id));
    }

    [Fact]
    public void Options_WithoutAMasterKey_AreRefused() =>
        new StorageOptions { Provider = StorageProvider.Postgres, ConnectionString = "Host=x" }
            .Validate()
            .ShouldHaveSingleItem()
            .ShouldContain("FAIRLEAD_MASTER_KEY_FILE");

    [Theory]
    [InlineData("Host=db;Username=u;Password=canary", 5, 20, 60)] // P-08
    [InlineData("Host=db;Username=u;Password=canary;Maximum Pool Size=50;Command Timeout=7", 5, 50, 7)]
    public async Task Pool_HasOurDefaultsUnlessTold(string given, int min, int max, int timeout)
    {
        await using var engine = new PostgresEngine(given);
        var settings = new NpgsqlConnectionStringBuilder(engine.Settings);
        (settings.MinPoolSize, settings.MaxPoolSize, settings.CommandTimeout).ShouldBe((min, max, timeout));
        engine.Settings.ShouldNotContain("canary");
        engine.Location.ShouldBe("PostgreSQL db:5432/");
    }

    public void Dispose() => folder.Dispose();
}
