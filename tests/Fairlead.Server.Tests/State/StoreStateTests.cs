using Fairlead.Server.Storage;
using Fairlead.Server.Tests.Storage;
using Shouldly;
using Xunit;

namespace Fairlead.Server.Tests.State;

public sealed class SqliteStateTests : StateContract, IDisposable
{
    private readonly TempFolder folder = new();

    private protected override Task<StorageOptions> NewStoreAsync() =>
        Task.FromResult(new StorageOptions { DataDirectory = folder.Path });

    // P-27: one process has no other to go on with its sessions.
    [Fact]
    public async Task Shutdown_OfTheOnlyProcess_ClearsAllSessions()
    {
        var options = await NewStoreAsync();
        await using (var node = await StateNode.StartAsync(options, Time))
            await node.Sessions.CreateAsync();
        await using var again = await StateNode.StartAsync(options, Time);
        (await again.Sessions.CountAsync()).ShouldBe(0);
    }

    public void Dispose() => folder.Dispose();
}

[Trait("Category", "integration")]
public sealed class PostgresStateTests(PostgresFixture fixture) : StateContract, IDisposable
{
    private readonly TempFolder folder = new();

    private protected override async Task<StorageOptions> NewStoreAsync()
    {
        var keys = Path.Combine(folder.Path, "master");
        await File.WriteAllTextAsync(keys, Convert.ToBase64String(new byte[32]));
        return new StorageOptions
        {
            Provider = StorageProvider.Postgres,
            ConnectionString = await (await fixture.ServerAsync()).CreateDatabaseAsync(),
            DataDirectory = folder.Path,
            MasterKeyFile = keys,
        };
    }

    // P-27: the sessions of nodes that share a store outlive the stop of one.
    [Fact]
    public async Task Shutdown_OfOneNode_LeavesTheSessionsToTheOthers()
    {
        var options = await NewStoreAsync();
        await using var two = await StateNode.StartAsync(options, Time);
        await using (var one = await StateNode.StartAsync(options, Time))
            await one.Sessions.CreateAsync();
        (await two.Sessions.CountAsync()).ShouldBe(1);
    }

    public void Dispose() => folder.Dispose();
}
